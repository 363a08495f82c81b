import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectorConfig } from './connector-config.ts';
import { parseConnectorConfig } from './parse-connector-config.ts';
import { ConfigError } from './problem.ts';

const file = '/etc/onrecord/connector.yaml';

function parse(text: string): ConnectorConfig {
  return parseConnectorConfig(text, file);
}

/** The problems of a text, as an operator reads them, without the name of the file. */
function problems(text: string): readonly string[] {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split('\n').map((line) => line.replace(`${file}:`, ''));
  }
  return assert.fail('it was taken');
}

describe('connector.yaml', () => {
  test('says where the gateways are, what is kept where, and how each database is reached', () => {
    const config = parse(`
gateways: [ gateway.example.com:7432, "[::1]:7432" ]
state: keys
connections:
  billing:
    host: 127.0.0.1
    database: billing
    user: billing_app
    password: file:billing.password
    tls: verify-full
    tls_ca: /etc/ca.pem
    roles: [ { groups: [finance], user: finance_rw, password: "exec: vault kv get x" } ]
    watch: { user: onrecord_watch, password: env:W, every: 2s }
`);
    assert.deepEqual(config.gateways, [
      { host: 'gateway.example.com', port: 7432 },
      { host: '::1', port: 7432 },
    ]);
    assert.equal(config.state, '/etc/onrecord/keys');
    assert.deepEqual(config.connections.get('billing'), {
      name: 'billing',
      host: '127.0.0.1',
      port: 5432,
      database: 'billing',
      tls: 'verify-full',
      tlsCa: '/etc/ca.pem',
      certificate: undefined,
      login: { user: 'billing_app', password: { type: 'file', path: '/etc/onrecord/billing.password' } },
      roles: [
        {
          identities: [],
          groups: ['finance'],
          user: 'finance_rw',
          password: { type: 'exec', command: 'vault kv get x' },
        },
      ],
      watch: { user: 'onrecord_watch', password: { type: 'env', name: 'W' }, everyMs: 2_000 },
    });
  });

  test('may be empty: gateways can come from the command line', () => {
    const { gateways, state, connections } = parse('');
    assert.deepEqual([gateways, state, connections.size], [[], '/etc/onrecord/connector-state', 0]);
  });

  test('has a place for everything that is wrong, and shows no value', () => {
    const found = problems(`
gateway: [ a:1 ]
gateways: [ a, b:2 ]
connections:
  billing: { hots: x, password: hunter2, tls: verify_full }
  "a/b": {}
`);
    assert.deepEqual(found, [
      '2:1: gateway: there is no such setting; did you mean "gateways"?',
      '3:13: gateways[0]: must be an address such as 127.0.0.1:6432 or "[::1]:6432": host and port, IPv6 in brackets and quotes',
      '5:14: connections.billing.hots: there is no such setting; did you mean "host"?',
      '5:33: connections.billing.password: must be a reference to a secret, env:NAME, file:PATH or exec:COMMAND; a password itself does not belong in this file',
      '5:47: connections.billing.tls: must be "disable", "prefer", "require", "verify-ca" or "verify-full"; did you mean "verify-full"?',
      '6:3: connections.a/b: is not a name that can be used here: a letter or digit, then letters, digits and any of _ . - (no slash: "connection/database" names a database)',
    ]);
    assert.ok(!found.join().includes('hunter2'));
  });

  test('says what a database lacks', () => {
    assert.deepEqual(problems('connections: { billing: { user: x, tls_key: k.pem } }'), [
      '1:25: connections.billing.host: is required',
      '1:25: connections.billing.database: is required',
      '1:45: connections.billing.tls_key: stands without `tls_certificate`: they go together',
    ]);
  });

  test('has nothing that belongs to the gateway', () => {
    for (const setting of ['recording: {}', 'connector: x', 'replication: allow']) {
      const [problem] = problems(`connections: { billing: { host: h, database: d, user: u, ${setting} } }`);
      assert.match(problem ?? '', /there is no such setting/);
    }
    const watch = 'watch: { user: w, allow: [] }';
    const [problem] = problems(`connections: { billing: { host: h, database: d, user: u, ${watch} } }`);
    assert.match(problem ?? '', /watch\.allow: there is no such setting/);
  });
});
