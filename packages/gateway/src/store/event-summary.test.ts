import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Body } from '@onrecord/record';
import { blindSession } from './blind-day.fixture.ts';
import { eventSummary } from './event-summary.ts';
import { morning, opened, second } from './recorded-day.fixture.ts';
import { defaultEncoding, textDecoder } from './text-decoder.ts';

const certificate = 'ab12'.repeat(16);
const client = '10.0.0.2:5';
const connector = 'db-eu';
const connection = 'billing';

const cases: readonly (readonly [body: Body, summary: string])[] = [
  [
    { type: 'connector_enrollment_created', enrollment: 'e1', connector, by: 'root', createdAt: 1, expiresAt: morning },
    'enrollment e1 of connector db-eu created by root, until 2024-11-19T09:00:00.000Z',
  ],
  [
    { type: 'connector_enrolled', connector, enrollment: 'e1', certificate, client, notAfter: morning },
    'connector db-eu enrolled from 10.0.0.2:5 with enrollment e1: certificate ab12ab12ab12 until 2024-11-19T09:00:00.000Z',
  ],
  [
    { type: 'connector_renewed', connector, certificate, previous: 'cd'.repeat(32), client, notAfter: morning },
    'connector db-eu renewed its certificate cdcdcdcdcdcd from 10.0.0.2:5: certificate ab12ab12ab12 until 2024-11-19T09:00:00.000Z',
  ],
  [
    {
      type: 'connector_connected',
      connector,
      certificate,
      client,
      version: '0.2.0',
      host: 'h',
      instance: 'i',
      connections: ['billing', 'support'],
    },
    'connector db-eu connected from 10.0.0.2:5 (h, version 0.2.0, certificate ab12ab12ab12), serving billing, support',
  ],
  [
    { type: 'connector_disconnected', connector, instance: 'i', reason: 'no answer for 9 s', sessions: 1 },
    'connector db-eu disconnected: no answer for 9 s, 1 session ended',
  ],
  [{ type: 'connector_refused', client, reason: 'r' }, 'connector refused: r (from 10.0.0.2:5)'],
  [{ type: 'connector_refused', client, reason: 'r', connector }, 'connector db-eu refused: r (from 10.0.0.2:5)'],
  [
    { type: 'connector_refused', client, reason: 'r', connector, connection },
    'connection billing of connector db-eu refused: r (from 10.0.0.2:5)',
  ],
  [{ type: 'connector_revoked', connector, by: 'root', revokedAt: 1 }, 'connector db-eu revoked by root'],
  [
    { type: 'watch_started', connection, role: 'w', backendPid: 1, everyMs: 1000 },
    'watching billing for sessions that do not come through the gateway, as w every 1000 ms',
  ],
  [
    { type: 'watch_started', connection, connector, role: 'w', backendPid: 1, everyMs: 500, limits: ['No names.'] },
    'watching billing for sessions that do not come through the gateway, as w every 500 ms, by connector db-eu; it cannot see everything: No names.',
  ],
  [
    blindSession(),
    'blind session on billing: postgres in billing from 10.0.0.9:40000 with psql (client backend 100, since 2024-11-19T09:00:00.000Z)',
  ],
  [
    blindSession({ user: '', database: '', address: '', application: '', kind: 'unknown' }),
    'blind session on billing: a user that is not known from an address that is not known (backend 100, since 2024-11-19T09:00:00.000Z)',
  ],
  [
    { type: 'blind_session_ended', connection, backendPid: 1, startedAt: 1, lastSeenAt: morning },
    'blind session on billing ended: backend 1, last seen 2024-11-19T09:00:00.000Z',
  ],
  [
    { type: 'blind_sessions_unseen', connection, database: 'd', count: 2, fromAt: morning, untilAt: morning + second },
    '2 blind sessions on billing in d came and went unseen, from 2024-11-19T09:00:00.000Z until 2024-11-19T09:00:01.000Z',
  ],
  [{ type: 'gap', reason: 'r' }, 'not observed: r'],
  [
    { type: 'gap', reason: 'r', connection, fromAt: morning },
    'billing was not watched: r, from 2024-11-19T09:00:00.000Z',
  ],
  [opened(), 'session opened on billing as billing_app in billing, from 127.0.0.1:50000, by token tok_1'],
  [
    opened({
      method: 'jwt',
      credential: 'sub-7',
      issuer: 'corp',
      connector,
      onBehalfOf: 'alice',
      claimed: { onBehalfOf: 'bob' },
    }),
    'session opened on billing as billing_app in billing, through connector db-eu, from 127.0.0.1:50000, ' +
      'by jwt sub-7 of corp, on behalf of alice (verified), on behalf of bob (claimed)',
  ],
];

describe('eventSummary', () => {
  for (const [body, summary] of cases) {
    it(`says: ${summary}`, () => assert.equal(eventSummary(body, textDecoder(defaultEncoding)), summary));
  }
});
