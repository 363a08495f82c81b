import type { Body } from '@onrecord/record';
import { Ours } from '../../packages/connector/src/watch/ours.ts';
import type { Connection } from '../../packages/gateway/src/config/config.ts';
import type { Receipt, Recorder } from '../../packages/gateway/src/journal/receipt.ts';
import { systemClock } from '../../packages/gateway/src/net/clock.ts';
import {
  gatewayOwner,
  type OwnSession,
  type OwnSessionOptions,
  withOwnSession,
} from '../../packages/gateway/src/net/own-session.ts';
import { builtInConnector, type UpstreamTarget } from '../../packages/gateway/src/net/upstream.ts';
import type { SqlReader } from '../../packages/gateway/src/session/session-state.ts';
import type { Target } from '../support/target.ts';

/** Records in memory, at once. */
export class MemoryRecorder implements Recorder {
  readonly entries: Body[] = [];

  append(_chains: unknown, bodies: readonly Body[], _durable: unknown, settled: (receipt: Receipt) => void): void {
    this.entries.push(...bodies);
    queueMicrotask(() => settled({ index: this.entries.length } as Receipt));
  }

  admit(): void {}
}

/** Takes every text for one statement. */
const oneStatement: SqlReader = {
  split: (sql) => [{ start: 0, end: sql.length }],
  redact: () => undefined,
  effect: () => undefined,
  traceparent: () => undefined,
};

/** What the gateway's own sessions are opened with, and what they recorded. */
export function ownOptions(server: Target): OwnSessionOptions & { readonly recorder: MemoryRecorder } {
  const clock = systemClock();
  const env = { TEST_PASSWORD: server.password };
  return {
    recorder: new MemoryRecorder(),
    clock,
    sql: oneStatement,
    timeoutMs: 10_000,
    configuration: () => '',
    dial: builtInConnector({ env, ours: new Ours(clock), log: () => {} }),
  };
}

/** A connection to a database of the server, as a role that has the server's password. */
export function targetOf(server: Target, role = server.user, database = server.database): UpstreamTarget {
  const reached = {
    name: 'db',
    host: server.host,
    port: server.port,
    database,
    tls: 'disable',
    tlsCa: undefined,
    certificate: undefined,
    login: { user: role, password: { type: 'env', name: 'TEST_PASSWORD' } },
    roles: [],
    watch: undefined,
  } as const;
  const connection = {
    name: 'db',
    reach: { type: 'built-in', database: reached },
    recording: { durability: 'before-forward', rows: { max: 1_000, bytes: 1 << 18 } },
  } as unknown as Connection;
  return { connection, database: undefined, owner: gatewayOwner };
}

/** Lets `work` use a session of the gateway's own. */
export function inOwnSession<Result>(
  target: UpstreamTarget,
  options: OwnSessionOptions,
  work: (session: OwnSession) => Promise<Result>,
): Promise<Result> {
  const { signal } = new AbortController();
  return withOwnSession(target, { ...options, signal, rows: { max: 0, bytes: 0 } }, work);
}
