import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@onrecord/connector/config';
import type { Config } from './config.ts';
import { parseConfig } from './parse-config.ts';

const file = '/etc/onrecord/onrecord.yaml';

const uncontrolled = { readOnly: false, tables: undefined, rows: undefined, timeMs: undefined, rate: undefined };

const sample = `listen: { postgres: 127.0.0.1:6432 }
data: ./data
recording: { durability: before-forward, rows: { max: 1000, bytes: 256KiB } }
connections:
  billing: { host: 127.0.0.1, port: 5432, database: billing, user: billing_app, password: env:BILLING_PASSWORD, tls: prefer }
identities:
  billing-agent: { kind: agent, connections: [billing] }
`;

function parse(text: string): Config {
  return parseConfig(text, file);
}

/** The problems of a text, each as \`line:column setting: message\`. */
function problems(text: string): readonly string[] {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
  }
  return [];
}

/** One connection `c` with more settings. */
function withConnection(settings: string): string {
  return `connections:\n  c: { host: h, database: d, user: u, ${settings} }\n`;
}

test('the whole file is understood', () => {
  const config = parse(sample);
  assert.deepEqual(config.listen, { postgres: { host: '127.0.0.1', port: 6432 }, connectors: undefined });
  assert.equal(config.data, '/etc/onrecord/data');
  assert.deepEqual(config.tls, { mode: 'auto', required: false });
  assert.deepEqual(config.connections.get('billing'), {
    name: 'billing',
    reach: {
      type: 'built-in',
      database: {
        name: 'billing',
        host: '127.0.0.1',
        port: 5432,
        database: 'billing',
        tls: 'prefer',
        tlsCa: undefined,
        certificate: undefined,
        login: { user: 'billing_app', password: { type: 'env', name: 'BILLING_PASSWORD' } },
        roles: [],
        watch: undefined,
      },
    },
    expected: [],
    recording: { durability: 'before-forward', rows: { max: 1000, bytes: 262_144 }, redact: false },
    replication: 'refuse',
    controls: uncontrolled,
    access: undefined,
  });
  assert.deepEqual(config.identities.get('billing-agent'), {
    name: 'billing-agent',
    kind: 'agent',
    groups: [],
    connections: ['billing'],
    login: ['token'],
    controls: uncontrolled,
  });
  assert.equal(config.limits.startupMs, 10_000);
});

test('nothing of a configuration can be changed', () => {
  const config = parse(sample);
  const connection = config.connections.get('billing');
  assert.ok(connection);
  assert.throws(() => Object.assign(config, { data: 'x' }), TypeError);
  assert.throws(() => Object.assign(connection.recording.rows, { max: 0 }), TypeError);
  const identity = config.identities.get('billing-agent');
  assert.ok(identity);
  assert.throws(() => (identity.connections as string[]).push('x'), TypeError);
});

test('paths are relative to the directory of the file, also those of secrets', () => {
  const config = parse(
    `${withConnection('password: file:secrets/c, tls: verify-full, tls_ca: ../ca.pem')}tls: { certificate: tls/a.crt, key: /abs/a.key }\ndata: x\n`,
  );
  const reach = config.connections.get('c')?.reach;
  assert.ok(reach?.type === 'built-in');
  assert.deepEqual(reach.database.login?.password, { type: 'file', path: '/etc/onrecord/secrets/c' });
  assert.equal(reach.database.tlsCa, '/etc/ca.pem');
  assert.deepEqual(config.tls, {
    mode: 'files',
    certificate: '/etc/onrecord/tls/a.crt',
    key: '/abs/a.key',
    required: false,
  });
  assert.equal(config.data, '/etc/onrecord/x');
});

test('TLS for clients is off, self-signed or given, and may be required', () => {
  assert.deepEqual(parse('{}').tls, { mode: 'auto', required: false });
  assert.deepEqual(parse('tls: off').tls, { mode: 'off' });
  assert.deepEqual(parse('tls: { required: true }').tls, { mode: 'auto', required: true });
});

test('a connection overrides the recording of the top level one setting at a time', () => {
  const recording = (top: string, own: string) =>
    parse(`recording: ${top}\n${withConnection(`recording: ${own}`)}`).connections.get('c')?.recording;
  const usual = { max: 1000, bytes: 262_144 };
  assert.deepEqual(recording('{}', '{}'), { durability: 'before-forward', rows: usual, redact: false });
  assert.deepEqual(recording('{ redact: true }', '{ durability: relaxed }'), {
    durability: 'relaxed',
    rows: usual,
    redact: true,
  });
  assert.deepEqual(recording('{ durability: relaxed, rows: { max: 5 } }', '{ rows: { bytes: 1KiB } }'), {
    durability: 'relaxed',
    redact: false,
    rows: { max: 5, bytes: 1024 },
  });
  assert.deepEqual(recording('{ rows: { max: 5 } }', '{ rows: digest, durability: before-reveal }'), {
    durability: 'before-reveal',
    redact: false,
    rows: { max: 0, bytes: 0 },
  });
  assert.deepEqual(recording('{ rows: digest }', '{ rows: { max: 7 } }')?.rows, { max: 7, bytes: 262_144 });
  assert.deepEqual(recording('{ rows: { max: 0 } }', '{}')?.rows, { max: 0, bytes: 0 });
});

test('the hash is of the meaning: not of comments, order, spelled-out defaults or the directory', () => {
  const { hash } = parse(sample);
  assert.match(hash, /^[0-9a-f]{64}$/);
  const reordered = `# comment
identities: { billing-agent: { connections: [billing] } }
connections:
  billing:
    password: env:BILLING_PASSWORD
    user: billing_app
    database: billing
    host: 127.0.0.1
`;
  assert.equal(parse(reordered).hash, hash);
  assert.equal(parseConfig(sample, '/elsewhere/onrecord.yaml').hash, hash);
});

test('everything that has a meaning changes the hash', () => {
  const changes: readonly (readonly [string, string])[] = [
    ['6432', '6433'],
    ['./data', './other'],
    ['before-forward', 'relaxed'],
    ['1000', '1001'],
    ['BILLING_PASSWORD', 'OTHER_PASSWORD'],
    ['env:BILLING', 'file:BILLING'],
    ['kind: agent', 'kind: person'],
    ['tls: prefer', 'tls: require'],
  ];
  const hashes = changes.map(([from, to]) => parse(sample.replace(from, to)).hash);
  assert.equal(new Set([parse(sample).hash, ...hashes]).size, changes.length + 1);
});

test('every problem is reported at once, in the order of the file, with line and column', () => {
  const text = `lissten: {}
listen: { postgres: 6432 }
tls: { certificate: x, requird: true }
connections:
  a/b: { host: h, user: u, database: d }
  c: { host: "postgres://x", port: 99999, database: d, tls: requir, recording: { rows: { bytes: 3KB, mx: 3 } } }
identities:
  é: { connections: [d, c, c], kind: robot }
limits: { startup: 10, clients: 1.5, pipeline: 3 }
`;
  const found = problems(text);
  assert.deepEqual(
    found.map((problem) => problem.slice(0, problem.indexOf(': '))),
    [
      '1:1 lissten',
      '2:21 listen.postgres',
      '3:6 tls',
      '3:24 tls.requird',
      '5:3 connections.a/b',
      '6:6 connections.c.user',
      '6:14 connections.c.host',
      '6:36 connections.c.port',
      '6:61 connections.c.tls',
      '6:97 connections.c.recording.rows.bytes',
      '6:102 connections.c.recording.rows.mx',
      '8:22 identities.é.connections[0]',
      '8:28 identities.é.connections[2]',
      '8:38 identities.é.kind',
      '9:20 limits.startup',
      '9:33 limits.clients',
      '9:48 limits.pipeline',
    ],
  );
});

test('near misses are named', () => {
  assert.deepEqual(problems('lissten: {}'), ['1:1 lissten: there is no such setting; did you mean "listen"?']);
  assert.deepEqual(problems(withConnection('tls: requir')), [
    '2:44 connections.c.tls: must be "disable", "prefer", "require", "verify-ca" or "verify-full"; did you mean "require"?',
  ]);
  assert.deepEqual(
    problems(
      'connections: { billing: { host: h, database: d, user: u } }\nidentities: { a: { connections: [biling] } }',
    ),
    ['2:34 identities.a.connections[0]: there is no connection "biling"; did you mean "billing"?'],
  );
});

test('a key that is near to nothing is answered with what there is', () => {
  assert.deepEqual(problems('identities: { a: { zebra: 1 } }'), [
    '1:20 identities.a.zebra: there is no such setting; there are kind, groups, connections, login, certificate, read_only, tables, limits',
  ]);
});

test('recording cannot be switched off, and the answer says so', () => {
  const attempts = [
    'recording: off',
    'recording: false',
    'recording: { enabled: false }',
    'recording: { off: true }',
    withConnection('recording: none'),
    withConnection('recording: { enabled: false }'),
  ];
  for (const text of attempts) {
    const found = problems(text);
    assert.equal(found.length, 1, text);
    assert.match(String(found[0]), /recording cannot be switched off: every statement is recorded/, text);
  }
  for (const text of [
    'recording: { durability: off }',
    'recording: { durability: none }',
    'recording: { rows: off }',
  ]) {
    assert.equal(problems(text).length, 1, text);
  }
});

test('a literal password is refused and never shown', () => {
  const places = [
    withConnection('password: hunter2'),
    withConnection('password: "env:hunter2 "'),
    withConnection('password: [hunter2]'),
    withConnection('password: !x hunter2'),
    withConnection('password: "hunter2\\q"'),
    withConnection('password: {hunter2: a, hunter2: b}'),
    withConnection('password: a: hunter2'),
    withConnection('password: *hunter2'),
    withConnection('password: @hunter2'),
    withConnection('tls: hunter2'),
    withConnection('port: hunter2'),
    'listen: { postgres: hunter2 }',
    'limits: { startup: hunter2, message: hunter2 }',
    'password: hunter2',
    'connections: hunter2 b: 1',
    'connections: "hunter2',
    'hunter2',
  ];
  for (const text of places) {
    assert.throws(
      () => parse(text),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError, text);
        assert.ok(!`${error.stack} ${JSON.stringify(error)}`.includes('hunter2'), error.message);
        return true;
      },
    );
  }
  assert.deepEqual(problems(withConnection('password: hunter2')), [
    '2:49 connections.c.password: must be a reference to a secret, env:NAME, file:PATH or exec:COMMAND; a password itself does not belong in this file',
  ]);
});

test('text that is not YAML is a problem at its place', () => {
  assert.deepEqual(problems('a: 1\na: 2'), ['2:1 : this name stands twice in the same map']);
  assert.match(String(problems('data: "x')[0]), /^1:\d+ : a closing bracket, quote/);
  assert.match(String(problems('listen:\n\tpostgres: x')[0]), /^2:1 : lines are indented with spaces/);
  assert.match(String(problems('--- {}\n--- {}')[0]), /only one document/);
  assert.match(String(problems('data: *x')[0]), /an alias/);
  assert.match(String(problems('connections: { __proto__: {} }')[0]), /1:16 : "__proto__" is not a name/);
});

test('an empty file and one that is not a map are problems', () => {
  assert.deepEqual(problems(''), ['1:1 : must be a map of settings']);
  assert.deepEqual(problems('- a'), ['1:1 : must be a map of settings']);
});

test('anchors and aliases may be used, and problems are found behind them', () => {
  const config = parse(
    'recording: &r { rows: { max: 5 } }\nconnections: { c: { host: h, database: d, user: u, recording: *r } }',
  );
  assert.equal(config.connections.get('c')?.recording.rows.max, 5);
  const wrong = problems(
    'recording: &r { rows: { mx: 5 } }\nconnections: { c: { host: h, database: d, user: u, recording: *r } }',
  );
  assert.deepEqual(
    wrong.map((problem) => problem.split(' ')[0]),
    ['1:25', '1:25'],
  );
});

test('names of identities can be user names of Postgres, names of connections have no slash', () => {
  const accepted = ['a', 'billing-agent', 'agent@example.com', 'é.1+x:y_z', '7', 'x'.repeat(63)];
  for (const name of accepted) assert.deepEqual(problems(`identities: { "${name}": {} }`), [], name);
  const refused = [
    '',
    '-a',
    '_a',
    'a b',
    'a/b',
    'a"'.replace('"', '\\"'),
    'a\\n',
    'x'.repeat(64),
    `${'é'.repeat(32)}`,
    'e\\u0301',
  ];
  for (const name of refused) assert.equal(problems(`identities: { "${name}": {} }`).length, 1, name);
  for (const name of ['a/b', 'a@b', 'a:b', '']) {
    assert.equal(problems(`connections: { "${name}": { host: h, database: d, user: u } }`).length, 1, name);
  }
});

test('a connection says where it goes', () => {
  assert.deepEqual(problems('connections: { c: {} }'), [
    '1:19 connections.c.host: is required',
    '1:19 connections.c.database: is required',
    '1:19 connections.c.user: is required, or `roles` that say who runs as what',
  ]);
  for (const host of ['"postgres://h"', '"h:5432"', '"a b"', '""']) {
    assert.equal(problems(`connections: { c: { host: ${host}, database: d, user: u } }`).length, 1, host);
  }
  assert.deepEqual(problems('connections: { c: { host: "::1", database: d, user: u } }'), []);
});

test('sizes and numbers stay within their bounds', () => {
  assert.equal(parse('limits: { message: 65536, segment: 1 MiB, startup: 100ms }').limits.messageBytes, 65_536);
  const outside = [
    'message: 1',
    'message: 2GiB',
    'segment: 1KiB',
    'startup: 99ms',
    'startup: 1h',
    'clients: 0',
    'pipeline: 2047',
  ];
  for (const limit of outside) assert.equal(problems(`limits: { ${limit} }`).length, 1, limit);
});

/** What a configuration without anything wrong says of how `c` is reached. */
function reached(
  text: string,
): Config['connections'] extends ReadonlyMap<string, infer Connection> ? Connection : never {
  const connection = parse(text).connections.get('c');
  assert.ok(connection);
  return connection;
}

test('a connection through a connector says nothing of the database', () => {
  const text = `listen: { connectors: 0.0.0.0:7432 }\nconnections: { c: { connector: db-eu, watch: { allow: [{ user: r, address: 10.0.0.0/8 }] } } }`;
  const { reach, expected } = reached(text);
  assert.deepEqual(reach, { type: 'connector', connector: 'db-eu' });
  assert.deepEqual(expected, [{ user: 'r', address: '10.0.0.0/8' }]);
  assert.deepEqual(
    problems(
      text
        .replace('connector: db-eu', 'connector: db-eu, host: h, password: env:X')
        .replace('{ allow', '{ user: w, allow'),
    ),
    [
      '2:45 connections.c.host: stands in the configuration of the connector "db-eu", which alone knows it',
      '2:58 connections.c.password: stands in the configuration of the connector "db-eu", which alone knows it',
      '2:80 connections.c.watch.user: stands in the configuration of the connector "db-eu", which alone knows it',
    ],
  );
});

test('a connector that could not dial in is a problem', () => {
  assert.deepEqual(problems('connections: { c: { connector: db-eu } }'), [
    '1:32 connections.c.connector: no connector can dial in: `listen.connectors` is not set',
  ]);
});

test('roles say who runs as what, and may stand alone', () => {
  const { reach } = reached(
    'connections: { c: { host: h, database: d, roles: [{ groups: [finance], user: rw, password: "exec:echo x" }] } }',
  );
  assert.ok(reach.type === 'built-in');
  assert.equal(reach.database.login, undefined);
  assert.deepEqual(reach.database.roles, [
    { groups: ['finance'], identities: [], user: 'rw', password: { type: 'exec', command: 'echo x' } },
  ]);
  assert.deepEqual(problems('connections: { c: { host: h, database: d, roles: [{ user: rw }] } }'), [
    '1:51 connections.c.roles[0]: names neither identities nor groups, so it is for nobody',
  ]);
});

test('what is expected to go past the gateway names something, and an address is one', () => {
  assert.deepEqual(
    problems(withConnection('watch: { user: w, allow: [{}, { address: 10.0.0.0/33 }, { address: local }] }')),
    [
      '2:65 connections.c.watch.allow[0]: names nothing, so it would be everybody',
      '2:80 connections.c.watch.allow[1].address: must be an IP address, a network such as 10.0.0.0/8, or "local" for Unix sockets',
    ],
  );
  assert.deepEqual(problems(withConnection('watch: { every: 2s }')), [
    '2:46 connections.c.watch.user: is required: the role that watches',
  ]);
});
