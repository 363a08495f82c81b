import type { Body, Chains } from '@onrecord/record';
import { backendTag, decodeBackend, encodeFrontend, Framer, Reader } from '@onrecord/wire';
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

/**
 * Runs a query of the gateway's own and returns its rows as text: recorded before it is forwarded, as an agent's is, so
 * that nothing runs in Postgres that is not on the record. Rejects when Postgres answers with an error or goes away.
 */
export async function recordedQuery(sql: string, options: RecordedQueryOptions): Promise<(string | null)[][]> {
  const { upstream, session, clock } = options;
  const { socket } = upstream;
  const writer = new UpstreamWriter(socket);
  const framer = new Framer({ streams: () => false, maxHeldBytes: () => maxHeldBytes });
  const rows: (string | null)[][] = [];
  const reader = new ChunkReader(socket);
  try {
    await forward(session.frontend(encodeFrontend({ type: 'query', sql: Buffer.from(sql) }).finish(), us()), options);
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      const turn = session.backend(chunk, us());
      if (turn.entries.length > 0) await recorded(turn.entries, options);
      for (const bytes of turn.deliver) read(bytes);
      if (session.pending === 0) return rows;
    }
  } finally {
    reader.release();
  }
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
      if (framer.tag === backendTag.errorResponse)
        throw new Error('Postgres answered with an error; it is on the record');
    }
  }
}

/** Appends entries and waits until they are as durable as the default mode asks for. */
export function recorded(
  bodies: readonly Body[],
  about: Pick<RecordedQueryOptions, 'recorder' | 'chains'>,
): Promise<Receipt> {
  return appendEntries(about.recorder, about.chains, bodies, durableBefore['before-forward'].forward);
}
