import type { Body } from '@onrecord/record';
import {
  decodeBackend,
  encodeFrontend,
  errorFieldText,
  Framer,
  type FrontendMessage,
  Reader,
  Writer,
} from '@onrecord/wire';
import type { Receipt } from '../journal/receipt.ts';
import type { Session } from '../session/session.ts';
import { ChunkReader } from './chunk-reader.ts';
import type { Clock } from './clock.ts';
import type { Upstream } from './upstream.ts';
import { UpstreamWriter } from './upstream-writer.ts';

export interface RecordedQueryOptions {
  readonly upstream: Upstream;
  readonly session: Session;
  readonly clock: Clock;
  /** Appends entries of the session. */
  readonly append: (bodies: readonly Body[]) => Promise<Receipt>;
}

const maxHeldBytes = 16 * 1024 * 1024;

/** Postgres answered with an error: its words are on the record, the message has none of them. */
export class QueryFailed extends Error {
  readonly sqlstate: string;

  constructor(sqlstate: string) {
    super(`Postgres answered with an error (${sqlstate}); it is on the record`);
    this.name = 'QueryFailed';
    this.sqlstate = sqlstate;
  }
}

export interface Query {
  /** Absent: what `name` was prepared with. */
  readonly sql?: string;
  /** A prepared statement's. With it there are `parameters`. */
  readonly name?: string;
  /** As text, for `$1` and so on. With them, even none, Postgres takes one command and no more. */
  readonly parameters?: readonly (string | null)[];
}

/**
 * Runs a query of the gateway's own and returns its rows as text: recorded before it is forwarded, as an agent's is, so
 * that nothing runs in Postgres that is not on the record. Rejects with QueryFailed when Postgres answers with an error,
 * behind which the session can be used again, and with another error when it goes away.
 */
export async function recordedQuery(query: Query, options: RecordedQueryOptions): Promise<(string | null)[][]> {
  const [rows = []] = await recordedQueries(query, options);
  return rows;
}

/** As `recordedQuery`, for a text of several statements: the rows of each, in order. */
export async function recordedQueries(query: Query, options: RecordedQueryOptions): Promise<(string | null)[][][]> {
  const { upstream, session, clock, append } = options;
  const { socket } = upstream;
  const writer = new UpstreamWriter(socket);
  const framer = new Framer({ streams: () => false, maxHeldBytes: () => maxHeldBytes });
  const results: (string | null)[][][] = [];
  let rows: (string | null)[][] = [];
  /** Nobody sees anything of the answers before all of them are on record. */
  const recorded: Promise<Receipt>[] = [];
  let failure: QueryFailed | undefined;
  const reader = new ChunkReader(socket);
  try {
    const { forward, entries } = session.frontend(encodeQuery(query), us());
    writer.forward(forward, await append(entries));
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      const turn = session.backend(chunk, us());
      if (turn.entries.length > 0) recorded.push(append(turn.entries));
      for (const bytes of turn.deliver) read(bytes);
      if (session.pending > 0) continue;
      await Promise.all(recorded);
      if (failure !== undefined) throw failure;
      return results;
    }
  } finally {
    reader.release();
    await Promise.allSettled(recorded);
  }
  if (failure !== undefined) throw failure;
  throw new Error('Postgres closed the connection');

  function us(): number {
    return clock.monotonicUs();
  }

  function read(bytes: Uint8Array): void {
    framer.push(bytes);
    while (framer.next()) {
      const message = decodeBackend(framer.tag, new Reader(framer.bytes, framer.start + 5, framer.end));
      if (message.type === 'dataRow') rows.push(message.values.map((value) => value && Buffer.from(value).toString()));
      if (message.type === 'commandComplete' || message.type === 'emptyQueryResponse') {
        results.push(rows);
        rows = [];
      }
      if (message.type === 'errorResponse') failure = new QueryFailed(errorFieldText(message.fields, 'sqlstate') ?? '');
    }
  }
}

function encodeQuery({ sql, name = '', parameters }: Query): Uint8Array {
  if (parameters === undefined) return encodeFrontend({ type: 'query', sql: Buffer.from(sql ?? '') }).finish();
  const portal = new Uint8Array(0);
  const statement = Buffer.from(name);
  const parse = { type: 'parse', name: statement, sql: Buffer.from(sql ?? ''), parameterTypes: [] } as const;
  const messages: readonly FrontendMessage[] = [
    ...(sql === undefined ? [] : [parse]),
    {
      type: 'bind',
      portal,
      statement,
      parameterFormats: [],
      parameters: parameters.map((value) => (value === null ? null : Buffer.from(value))),
      resultFormats: [],
    },
    { type: 'execute', portal, maxRows: 0 },
    { type: 'sync' },
  ];
  const writer = new Writer();
  for (const message of messages) encodeFrontend(message, writer);
  return writer.finish();
}
