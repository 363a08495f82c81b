import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderSession, renderSessions } from './sessions.ts';
import { fixtureAt, sessionView } from './views.fixture.ts';

const look = { width: 100, color: false, timeZone: 'Europe/Berlin' };

test('sessions are a table by day, with ids that can be copied whole', () => {
  const text = renderSessions(
    [
      sessionView({ statements: 1234, failed: 2 }),
      sessionView({
        session: '0k3d9x2v7m4hq900',
        openedAt: fixtureAt + 86_400_000_000,
        closedAt: undefined,
        closeReason: undefined,
      }),
    ],
    { ...look, width: 80 },
  );
  assert.match(text, /^Tuesday 2026-11-17 Europe\/Berlin \(UTC\+01:00\)\n/);
  assert.match(text, /14:03:20 │ 0k3d9x2v7m4hq8tz │ .* 1,234 │ +2 │ 1 m 05 s │ client/);
  assert.match(text, /\n\nWednesday 2026-11-18 /);
  assert.match(text, /0k3d9x2v7m4hq900 │ .*│ still/);
});

test('a session says on whose behalf it was, who issued the credential, and through which connector', () => {
  const view = sessionView({
    method: 'jwt',
    credential: 'alice@corp',
    issuer: 'corp',
    credentialExpiresAt: fixtureAt,
    connector: 'db-eu',
    onBehalfOf: { verified: 'al\x1bice', claimed: 'bob' },
  });
  const text = renderSession(view, { ...look, width: 120 });
  for (const part of [
    'billing-agent on behalf of al\\x1bice (verified), bob (claimed) → billing',
    'On behalf of   al\\x1bice (verified)\n',
    'On behalf of   bob (claimed)\n',
    'Authenticated  jwt alice@corp of corp, until 2026-11-17 14:03:22.123456',
    'Connector      db-eu\n',
  ]) {
    assert.ok(text.includes(part), `${part}\n${text}`);
  }
  const table = renderSessions([view, sessionView()], { ...look, width: 160 });
  assert.match(table, /│ billing-agent → billing on behalf of al\\x1bice \(verified\)/);
  assert.match(table, /│ billing-agent → billing +│/);
});

test('nobody is named twice whom the issuer and the client agree on', () => {
  const text = renderSession(sessionView({ onBehalfOf: { verified: 'alice', claimed: 'alice' } }), look);
  assert.match(text, /alice \(verified\)/);
  assert.doesNotMatch(text, /claimed/);
  assert.doesNotMatch(renderSession(sessionView(), look), /behalf|Connector/);
});

test('a terminal too narrow for the table gets one session below the other', () => {
  assert.match(renderSessions([sessionView()], { ...look, width: 40 }), /session +│ 0k3d9x2v7m4hq8tz/);
});

test('a session shows who, from where, to what, how it was recorded and how it ended', () => {
  const text = renderSession(
    sessionView({
      groups: ['finance'],
      tls: 'TLSv1.3',
      claimed: { applicationName: 'psql\x1b[2J', runId: 'run-1', traceparent: '00-abc' },
      closeReason: 'upstream lost',
      closeDetail: 'connection reset',
      failed: 2,
    }),
    look,
  );
  for (const part of [
    'Identity       billing-agent (agent, finance)',
    'Authenticated  token tok_8h2k',
    'Client         127.0.0.1:51234 over TLSv1.3',
    'Postgres       database billing as billing_app (backend process 4711)',
    'Application    psql\\x1b[2J (claimed)',
    'Run            run-1 (claimed)',
    'Trace          00-abc (claimed)',
    'after 1 m 05 s, upstream lost:',
    'Statements     1, 2 failed',
  ]) {
    assert.ok(text.includes(part), `${part}\n${text}`);
  }
  assert.match(renderSession(sessionView({ closedAt: undefined }), look), /Closed +still open/);
});
