import type { BlindSession, Body, ConnectorConnected } from '@onrecord/record';
import type { JournalFixture } from './journal.fixture.ts';
import { morning, second } from './recorded-day.fixture.ts';

/** A session of the nightly job, with what a server may say of it. */
export const blindSession = (part: Partial<BlindSession> = {}): BlindSession => ({
  type: 'blind_session',
  connection: 'billing',
  backendPid: 100,
  startedAt: morning,
  seenAt: morning + second,
  user: 'postgres',
  database: 'billing',
  address: '10.0.0.9:40000',
  application: 'psql',
  kind: 'client backend',
  connector: 'db-eu',
  ...part,
});

const connected: ConnectorConnected = {
  type: 'connector_connected',
  connector: 'db-eu',
  certificate: 'ab'.repeat(32),
  client: '10.0.0.2:50000',
  version: '0.2.0',
  host: 'db-eu-1',
  instance: 'one',
  connections: ['billing', 'support'],
};
const watching = { type: 'watch_started', role: 'onrecord_watch', backendPid: 90, everyMs: 1000 } as const;
const gatewayStarted: Body = {
  type: 'gateway_started',
  version: '0.2.0',
  configuration: 'c'.repeat(64),
  pid: 1,
  host: 'h',
  listen: 'l',
};

/**
 * What a watch tells, one entry a second from `morning` on: 100 came and went, 101 has not ended, 102 was there when the
 * connector was lost for four seconds and not afterwards, 103 was there before and after. `support` is watched by a
 * connector that cannot see names; `legacy` could not be watched at all.
 */
export function recordBlindDay(journal: JournalFixture): void {
  let at = morning;
  const append = (...bodies: readonly Body[]): void => {
    for (const body of bodies) {
      journal.append({ at, body });
      at += second;
    }
  };
  append(
    gatewayStarted,
    connected,
    { ...watching, connection: 'billing', connector: 'db-eu', afresh: true },
    { ...watching, connection: 'support', connector: 'db-eu', limits: ['It sees no names of others.'] },
    { type: 'gap', connection: 'legacy', reason: 'password authentication failed' },
    blindSession(),
    blindSession({ backendPid: 102, startedAt: morning + second, seenAt: morning + 3 * second, user: 'cron' }),
    blindSession({ backendPid: 103, startedAt: morning + second, seenAt: morning + 4 * second, address: 'local' }),
    {
      type: 'blind_session_ended',
      connection: 'billing',
      backendPid: 100,
      startedAt: morning,
      lastSeenAt: morning + 7 * second,
    },
    {
      type: 'blind_sessions_unseen',
      connection: 'billing',
      database: 'billing',
      count: 12,
      fromAt: morning,
      untilAt: morning + 9 * second,
    },
    { type: 'connector_disconnected', connector: 'db-eu', instance: 'one', reason: 'no answer for 9 s', sessions: 2 },
    { type: 'gap', connection: 'billing', reason: 'the link to db-eu was lost', fromAt: morning + 9 * second },
    { ...connected, instance: 'two' },
    { ...watching, connection: 'billing', connector: 'db-eu', afresh: true },
    blindSession({ backendPid: 103, startedAt: morning + second, seenAt: morning + 14 * second, address: 'local' }),
    blindSession({
      backendPid: 101,
      startedAt: morning + 13 * second,
      seenAt: morning + 15 * second,
      application: 'evil\x1b[2Japp',
    }),
    { type: 'connector_refused', client: '10.6.6.6:1', reason: 'the token was used before' },
  );
}
