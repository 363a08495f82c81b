import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { Termination } from '../errors.ts';
import { passwordFailed, resolveLogin } from './resolve.ts';

const config: Config = parseConfig(
  `connections:
  billing: { host: h, database: billing_db, user: u }
  orders: { host: h, database: orders_db, user: u }
  billing-agent: { host: h, database: own_db, user: u }
identities:
  billing-agent: { connections: [billing, billing-agent] }
  nobody: {}
`,
  '/etc/onrecord.yaml',
);

function reached(user: string, database: string | undefined): string {
  const resolution = resolveLogin(user, database, config);
  assert.equal(resolution.type, 'resolved');
  return resolution.type === 'resolved'
    ? `${resolution.identity.name} ${resolution.connection.name} ${resolution.database ?? 'its own'}`
    : '';
}

function denied(user: string, database: string | undefined): Termination {
  const resolution = resolveLogin(user, database, config);
  assert.equal(resolution.type, 'denied');
  assert.ok(resolution.type === 'denied');
  return resolution.error;
}

test('the database names the connection, and maybe another database behind it', () => {
  assert.equal(reached('billing-agent', 'billing'), 'billing-agent billing its own');
  assert.equal(reached('billing-agent', 'billing/archive'), 'billing-agent billing archive');
  assert.equal(reached('billing-agent', 'billing/a/b'), 'billing-agent billing a/b');
});

test('without a database the user name is taken, as Postgres does', () => {
  assert.equal(reached('billing-agent', undefined), 'billing-agent billing-agent its own');
  assert.equal(reached('billing-agent', ''), 'billing-agent billing-agent its own');
});

test('a stranger is unknown, whatever the database', () => {
  for (const user of ['stranger', 'Billing-Agent', '', '__proto__', 'constructor']) {
    assert.deepEqual(resolveLogin(user, 'billing', config), { type: 'unknown identity' }, user);
  }
});

test('a connection that the identity may not use is denied, with those that it may', () => {
  const error = denied('billing-agent', 'orders');
  assert.equal(error.sqlstate, '42501');
  assert.equal(error.message, '"billing-agent" may not use the connection "orders"');
  assert.match(error.hint ?? '', /may use "billing", "billing-agent"\.$/);
  assert.match(denied('nobody', 'orders').hint ?? '', /may not use any connection yet/);
});

test('a connection that does not exist is told, with near misses among those that the identity may use', () => {
  const near = denied('billing-agent', 'biling');
  assert.equal(near.sqlstate, '3D000');
  assert.equal(near.message, 'there is no connection "biling"');
  assert.match(near.hint ?? '', /^Did you mean "billing"\? /);
  assert.doesNotMatch(denied('billing-agent', 'order').hint ?? '', /orders/);
  assert.equal(denied('nobody', undefined).message, 'there is no connection "nobody"');
});

test('who asks for physical replication is told what name the connection must have', () => {
  assert.match(denied('billing-agent', 'replication').hint ?? '', /pg_basebackup.*give a connection that name/);
  assert.doesNotMatch(denied('billing-agent', 'elsewhere').hint ?? '', /pg_basebackup/);
});

test('a slash without a database behind it is told', () => {
  const error = denied('billing-agent', 'billing/');
  assert.equal(error.sqlstate, '3D000');
  assert.match(error.hint ?? '', /"billing\/database"/);
});

test('a failed login reads as in Postgres', () => {
  const error = passwordFailed('billing-agent');
  assert.equal(error.sqlstate, '28P01');
  assert.equal(error.message, 'password authentication failed for user "billing-agent"');
  assert.equal(error.hint, undefined);
  assert.equal(error.detail, undefined);
});
