import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { authorityPin, parseEnrollmentToken } from '@onrecord/connector/link';
import { State } from '../store/state.ts';
import type { ConnectorCertificate } from './authority.ts';
import { Enrollments, maximumPending, type NewEnrollment } from './enrollments.ts';

const root = mkdtempSync(join(tmpdir(), 'onrecord-enrollments-'));
const opened: State[] = [];
after(() => {
  for (const state of opened) state.close();
  rmSync(root, { recursive: true });
});

const nowUs = 1_800_000_000_000_000;
const minuteUs = 60_000_000;
const dayUs = 86_400_000_000;
const authority = authorityPin(new Uint8Array(1));

function open(directory: string = mkdtempSync(join(root, 'data-'))): {
  readonly enrollments: Enrollments;
  readonly state: State;
  readonly directory: string;
} {
  const state = new State(directory);
  opened.push(state);
  return { enrollments: new Enrollments(state), state, directory };
}

function outbox(state: State): readonly unknown[] {
  return state.database
    .prepare('SELECT body FROM outbox ORDER BY id')
    .all()
    .map(({ body }) => JSON.parse(String(body)));
}

function secretOf({ id, text }: NewEnrollment): { readonly id: string; readonly secret: string } {
  const token = parseEnrollmentToken(text);
  assert.ok(token !== undefined && token.id === id && token.authority === authority);
  return token;
}

const certificate = (fingerprint: string, notAfterUs = nowUs + dayUs): ConnectorCertificate => ({
  certificate: '',
  fingerprint,
  notAfter: notAfterUs / 1000,
});

const use = (fingerprint: string, at = nowUs) => ({
  certificate: certificate(fingerprint),
  client: '192.0.2.1:5000',
  nowUs: at,
});

test('a token enrols once, and then its certificate is good', () => {
  const { enrollments } = open();
  const token = secretOf(enrollments.create('db-eu', 'ann', { authority, nowUs }));
  assert.deepEqual(enrollments.enrollment(token, nowUs), { type: 'valid', connector: 'db-eu' });
  assert.deepEqual(enrollments.certificate('f1', nowUs), { type: 'unknown' });
  assert.deepEqual(enrollments.use(token, use('f1')), { type: 'valid', connector: 'db-eu' });
  assert.deepEqual(enrollments.certificate('f1', nowUs), {
    type: 'valid',
    connector: 'db-eu',
    notAfter: nowUs + dayUs,
  });
  assert.deepEqual(enrollments.use(token, use('f2')), { type: 'used', connector: 'db-eu' });
  assert.deepEqual(enrollments.certificate('f2', nowUs), { type: 'unknown' });
});

test('a wrong secret is as unknown as a wrong id, used or not', () => {
  const { enrollments } = open();
  const token = secretOf(enrollments.create('db-eu', 'ann', { authority, nowUs }));
  const wrong = { ...token, secret: token.secret.replace(/./, (digit) => (digit === '0' ? '1' : '0')) };
  assert.deepEqual(enrollments.use(wrong, use('f1')), { type: 'unknown' });
  assert.deepEqual(enrollments.use({ ...token, id: '0000000000' }, use('f1')), { type: 'unknown' });
  enrollments.use(token, use('f1'));
  assert.deepEqual(enrollments.enrollment(wrong, nowUs), { type: 'unknown' });
});

test('a token is good for a quarter of an hour, or as long as was asked for, and not a microsecond more', () => {
  const { enrollments } = open();
  const usual = enrollments.create('db-eu', 'ann', { authority, nowUs });
  const brief = enrollments.create('db-eu', 'ann', { authority, nowUs, lifetimeMs: 1 });
  assert.equal(usual.expiresAt, nowUs + 15 * minuteUs);
  assert.equal(enrollments.enrollment(secretOf(usual), usual.expiresAt - 1).type, 'valid');
  assert.equal(enrollments.use(secretOf(usual), use('f1', usual.expiresAt)).type, 'expired');
  assert.equal(enrollments.enrollment(secretOf(brief), nowUs + 1000).type, 'expired');
  assert.deepEqual(enrollments.certificate('f1', nowUs), { type: 'unknown' });
});

test('a certificate ends, and is renewed only before it does', () => {
  const { enrollments } = open();
  enrollments.use(secretOf(enrollments.create('db-eu', 'ann', { authority, nowUs })), use('f1'));
  const end = nowUs + dayUs;
  assert.equal(
    enrollments.renew('f1', { ...use('f2', end - 1), certificate: certificate('f2', end + dayUs) }).type,
    'valid',
  );
  assert.equal(enrollments.certificate('f1', end - 1).type, 'valid', 'the old one is good until its end');
  assert.deepEqual(enrollments.certificate('f1', end), { type: 'expired', connector: 'db-eu', notAfter: end });
  assert.equal(enrollments.renew('f1', use('f3', end)).type, 'expired');
  assert.equal(enrollments.renew('f0', use('f3', nowUs)).type, 'unknown');
  assert.equal(enrollments.certificate('f3', nowUs).type, 'unknown');
  assert.equal(enrollments.certificate('f2', end).type, 'valid');
});

test('revoking ends every certificate and pending token of one connector, in another process as well', () => {
  const gateway = open();
  const enrolled = (connector: string, fingerprint: string): void => {
    gateway.enrollments.use(
      secretOf(gateway.enrollments.create(connector, 'ann', { authority, nowUs })),
      use(fingerprint),
    );
  };
  enrolled('db-eu', 'f1');
  enrolled('db-eu', 'f2');
  enrolled('db-us', 'f3');
  const pending = secretOf(gateway.enrollments.create('db-eu', 'ann', { authority, nowUs }));
  const command = open(gateway.directory);
  assert.equal(command.enrollments.revoke('db-eu', 'bob', nowUs + 5), true);
  assert.equal(gateway.enrollments.certificate('f1', nowUs + 5).type, 'revoked');
  assert.equal(gateway.enrollments.certificate('f2', nowUs + 5).type, 'revoked');
  assert.equal(gateway.enrollments.certificate('f3', nowUs + 5).type, 'valid');
  assert.equal(gateway.enrollments.use(pending, use('f4', nowUs + 5)).type, 'revoked');
  assert.equal(gateway.enrollments.renew('f1', use('f5', nowUs + 5)).type, 'revoked');
  assert.equal(command.enrollments.revoke('db-eu', 'bob', nowUs + 6), false, 'there is nothing left');
  assert.equal(command.enrollments.revoke('nobody', 'bob', nowUs + 6), false);
});

test('each change leaves an entry, and no secret', () => {
  const { enrollments, state, directory } = open();
  const created = enrollments.create('db-eu', 'ann', { authority, nowUs });
  const token = secretOf(created);
  enrollments.use(token, use('f1'));
  enrollments.use(token, use('f9'));
  enrollments.renew('f1', use('f2', nowUs + 1));
  enrollments.revoke('db-eu', 'bob', nowUs + 2);
  enrollments.revoke('db-eu', 'bob', nowUs + 3);
  const client = '192.0.2.1:5000';
  const notAfter = nowUs + dayUs;
  assert.deepEqual(outbox(state), [
    {
      type: 'connector_enrollment_created',
      enrollment: created.id,
      connector: 'db-eu',
      by: 'ann',
      createdAt: nowUs,
      expiresAt: created.expiresAt,
    },
    { type: 'connector_enrolled', connector: 'db-eu', enrollment: created.id, certificate: 'f1', client, notAfter },
    { type: 'connector_renewed', connector: 'db-eu', certificate: 'f2', previous: 'f1', client, notAfter },
    { type: 'connector_revoked', connector: 'db-eu', by: 'bob', revokedAt: nowUs + 2 },
  ]);
  for (const name of readdirSync(directory)) {
    assert.ok(!readFileSync(join(directory, name), 'latin1').includes(token.secret), name);
  }
});

test('the list says of each connector how far it has come', () => {
  const { enrollments } = open();
  const { expiresAt } = enrollments.create('waiting', 'ann', { authority, nowUs });
  enrollments.use(secretOf(enrollments.create('enrolled', 'ann', { authority, nowUs })), use('f1'));
  enrollments.use(secretOf(enrollments.create('revoked', 'ann', { authority, nowUs })), use('f2'));
  enrollments.revoke('revoked', 'bob', nowUs + 5);
  assert.deepEqual(enrollments.list(nowUs + 5), [
    { connector: 'enrolled', pendingUntil: undefined, certificateUntil: nowUs + dayUs, revokedAt: undefined },
    { connector: 'revoked', pendingUntil: undefined, certificateUntil: undefined, revokedAt: nowUs + 5 },
    { connector: 'waiting', pendingUntil: expiresAt, certificateUntil: undefined, revokedAt: undefined },
  ]);
  assert.equal(enrollments.list(expiresAt).find(({ connector }) => connector === 'waiting')?.pendingUntil, undefined);
});

test('a connector has a bounded number of pending tokens; used and expired ones do not count', () => {
  const { enrollments } = open();
  const first = enrollments.create('db-eu', 'ann', { authority, nowUs });
  for (let n = 1; n < maximumPending; n += 1) enrollments.create('db-eu', 'ann', { authority, nowUs });
  assert.throws(() => enrollments.create('db-eu', 'ann', { authority, nowUs }), /which is the limit/);
  enrollments.create('db-us', 'ann', { authority, nowUs });
  enrollments.use(secretOf(first), use('f1'));
  enrollments.create('db-eu', 'ann', { authority, nowUs });
  enrollments.create('db-eu', 'ann', { authority, nowUs: first.expiresAt });
});

test('expired certificates are forgotten after a month', () => {
  const { enrollments } = open();
  enrollments.use(secretOf(enrollments.create('db-eu', 'ann', { authority, nowUs })), use('f1'));
  const renewedAt = (at: number, fingerprint: string): void => {
    const token = secretOf(enrollments.create('db-us', 'ann', { authority, nowUs: at }));
    enrollments.use(token, { ...use(fingerprint, at), certificate: certificate(fingerprint, at + dayUs) });
  };
  renewedAt(nowUs + 31 * dayUs, 'f2');
  assert.equal(enrollments.certificate('f1', nowUs + 31 * dayUs).type, 'expired');
  renewedAt(nowUs + 31 * dayUs + 1, 'f3');
  assert.equal(enrollments.certificate('f1', nowUs + 31 * dayUs).type, 'unknown');
});
