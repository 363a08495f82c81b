import type { Body, Chains } from '@onrecord/record';
import {
  decodeBackend,
  encodeFrontend,
  errorFieldText,
  Framer,
  type FrontendMessage,
  Reader,
  Writer,
} from '@onrecord/wire';
import { appendEntries } from '../journal/append-entries.ts';
import { durableBefore, type Receipt, type Recorder } from '../journal/receipt.ts';
import type { Session } from '../session/session.ts';
import type { Turn } from '../session/turn.ts';
import { ChunkReader } from './chunk-reader.ts';
import type { Clock } from './clock.ts';
import type { Upstream } from './upstream.ts';
import { UpstreamWriter } from './upstream-writer.ts';

export interface RecordedQueryOptions {
  readonly upstream: Upstream;
  readonly session: Session;
  readonly recorder: Recorder;
  readonly chains: Chains;
  readonly clock: Clock;
  readonly receipt: Receipt;
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
  readonly sql: string;
  /** As text, for `$1` and so on. With them, even none, Postgres takes one command and no more. */
  readonly parameters?: readonly (string | null)[];
}

/**
 * Runs a query of the gateway's own and returns its rows as text: recorded before it is forwarded, as an agent's is, so
 * that nothing runs in Postgres that is not on the record. Rejects with QueryFailed when Postgres answers with an error,
 * behind which the session can be used again, and with another error when it goes away.
 */
export async function recordedQuery(query: Query, options: RecordedQueryOptions): Promise<(string | null)[][]> {
  const { upstream, session, clock } = options;
  const { socket } = upstream;
  const writer = new UpstreamWriter(socket);
  const framer = new Framer({ streams: () => false, maxHeldBytes: () => maxHeldBytes });
  const rows: (string | null)[][] = [];
  let failure: QueryFailed | undefined;
  const reader = new ChunkReader(socket);
  try {
    await forward(session.frontend(encodeQuery(query), us()), options);
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      const turn = session.backend(chunk, us());
      if (turn.entries.length > 0) await recorded(turn.entries, options);
      for (const bytes of turn.deliver) read(bytes);
      if (session.pending === 0 && failure !== undefined) throw failure;
      if (session.pending === 0) return rows;
    }
  } finally {
    reader.release();
  }
  if (failure !== undefined) throw failure;
  throw new Error('Postgres closed the connection');

  function us(): number {
    return clock.monotonicUs();
  }

  async function forward(turn: Turn, about: RecordedQueryOptions): Promise<void> {
    writer.forward(turn.forward, await recorded(turn.entries, about));
  }

  function read(bytes: Uint8Array): void {
    framer.push(bytes);
    while (framer.next()) {
      const message = decodeBackend(framer.tag, new Reader(framer.bytes, framer.start + 5, framer.end));
      if (message.type === 'dataRow') rows.push(message.values.map((value) => value && Buffer.from(value).toString()));
      if (message.type === 'errorResponse') failure = new QueryFailed(errorFieldText(message.fields, 'sqlstate') ?? '');
    }
  }
}

function encodeQuery({ sql, parameters }: Query): Uint8Array {
  const text = Buffer.from(sql);
  if (parameters === undefined) return encodeFrontend({ type: 'query', sql: text }).finish();
  const unnamed = new Uint8Array(0);
  const messages: readonly FrontendMessage[] = [
    { type: 'parse', name: unnamed, sql: text, parameterTypes: [] },
    {
      type: 'bind',
      portal: unnamed,
      statement: unnamed,
      parameterFormats: [],
      parameters: parameters.map((value) => (value === null ? null : Buffer.from(value))),
      resultFormats: [],
    },
    { type: 'execute', portal: unnamed, maxRows: 0 },
    { type: 'sync' },
  ];
  const writer = new Writer();
  for (const message of messages) encodeFrontend(message, writer);
  return writer.finish();
}

/** Appends entries and waits until they are as durable as the default mode asks for. */
export function recorded(
  bodies: readonly Body[],
  about: Pick<RecordedQueryOptions, 'recorder' | 'chains'>,
): Promise<Receipt> {
  return appendEntries(about.recorder, about.chains, bodies, durableBefore['before-forward'].forward);
}
