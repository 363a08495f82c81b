import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ran, runCommand } from '../run-command.fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'onrecord-config-command-'));
after(() => rmSync(directory, { recursive: true }));

const configuration = `connections:
  billing: { host: "::1", database: billing, user: billing_app, password: env:BILLING_PASSWORD, recording: { rows: digest } }
identities:
  billing-agent: { connections: [billing], groups: [finance] }
`;

function config(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return runCommand(['config', ...args], { cwd: directory, env });
}

function write(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
}

test('check says what was understood', async () => {
  const file = write('onrecord.yaml', configuration);
  const { stdout, stderr, code } = await config(['check'], { BILLING_PASSWORD: 'hunter2' });
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.equal(
    stdout.replace(/[0-9a-f]{12}\n/, 'HASH\n'),
    `${file} can be used. Configuration HASH

listens on   127.0.0.1:6432, TLS offered with a self-signed certificate
data         ${join(directory, 'data')}
connection   billing: [::1]:5432, database billing, tls prefer, as billing_app (env:BILLING_PASSWORD); nobody watches
             before-forward, keeps digests of results
identity     billing-agent (agent in finance) may use billing, logs in with a token of the gateway
`,
  );
});

test('check says who may let whom in, who reaches databases and who watches them', async () => {
  const file = write(
    'all.yaml',
    `listen: { postgres: 127.0.0.1:6432, connectors: 127.0.0.1:7432 }
connectors: { certificate: 3d, wait: 2s }
connections:
  far: { connector: db-eu, watch: { allow: [ { user: replicator, address: 10.0.0.0/8 } ] } }
  near: { host: db, database: d, user: u, roles: [ { groups: [fin], user: f } ], watch: { user: w, every: 2s } }
identities:
  a: { connections: [far, near], login: [jwt, token] }
  b: { connections: [far], login: certificate, certificate: { subject: CN=b } }
issuers:
  corp: { issuer: "https://id.example.com", audience: onrecord, on_behalf_of: [act, sub], identities: [ { claims: { sub: a }, identity: a } ] }
tls: { client_ca: ca.pem, client_crl: crl.pem }
sessions: { end_at_expiry: true }
`,
  );
  const { stdout, stderr, code } = await config(['check', '--config', 'all.yaml']);
  assert.equal(code, 0);
  assert.equal(
    stdout.replace(/[0-9a-f]{12}\n/, 'HASH\n').replaceAll(directory, 'HERE'),
    `${file.replace(directory, 'HERE')} can be used. Configuration HASH

listens on   127.0.0.1:6432, TLS offered with a self-signed certificate
             client certificates of the authorities in HERE/ca.pem, unless revoked in HERE/crl.pem
connectors   dial in at 127.0.0.1:7432, with certificates for 3d; new sessions wait 2s for one that is away
data         HERE/data
connection   far: through the connector db-eu
             before-forward, keeps up to 1000 rows or 256KiB of a result
             a session past the gateway is not reported with user replicator, address 10.0.0.0/8
connection   near: db:5432, database d, tls prefer, as u (no password); f (no password) for fin; w (no password) watches every 2s
             before-forward, keeps up to 1000 rows or 256KiB of a result
identity     a (agent) may use far, near, logs in with a JWT or a token of the gateway
identity     b (agent) may use far, logs in with a client certificate (subject CN=b)
issuer       corp: https://id.example.com for the audience onrecord, with the keys that its metadata names
             takes its word of a; its claim act.sub is on whose behalf
sessions     end when the credential that they were opened with expires
`,
  );
  assert.match(stderr, /^warning: tls\.client_ca: .*ca\.pem cannot be read \(ENOENT\)$/m);
});

test('check --json is one object with the whole configuration', async () => {
  const file = write('onrecord.yaml', configuration);
  const { stdout, code } = await config(['check', '--json'], { BILLING_PASSWORD: 'hunter2' });
  assert.equal(code, 0);
  const told = JSON.parse(stdout);
  assert.equal(told.ok, true);
  assert.equal(told.file, file);
  assert.match(told.hash, /^[0-9a-f]{64}$/);
  assert.equal(told.config.connections.billing.reach.login.password, 'env:BILLING_PASSWORD');
  assert.deepEqual(told.config.connections.billing.recording, {
    durability: 'before-forward',
    rows: { max: 0, bytes: 0 },
    redact: false,
  });
  assert.deepEqual(told.config.identities['billing-agent'].connections, ['billing']);
  assert.deepEqual(told.warnings, []);
  assert.ok(!stdout.includes('hunter2'));
});

test('what surrounds the file is a warning and not a problem', async () => {
  write('onrecord.yaml', `${configuration}tls: { certificate: none.crt, key: none.key }\n`);
  const { stderr, code } = await config(['check']);
  assert.equal(code, 0);
  assert.match(
    stderr,
    /^warning: connections\.billing\.password: secret env:BILLING_PASSWORD: the environment has no/m,
  );
  assert.match(stderr, /^warning: tls\.certificate: .*none\.crt cannot be read \(ENOENT\)/m);
});

test('every problem is a line that begins with its place', async () => {
  const file = write(
    'wrong.yaml',
    'lissten: {}\nconnections: { c: { host: h, user: u, database: d, password: hunter2 } }\n',
  );
  const { stdout, code } = await config(['check', '--config', 'wrong.yaml']);
  assert.equal(code, 1);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 2);
  assert.equal(lines[0], `${file}:1:1: lissten: there is no such setting; did you mean "listen"?`);
  assert.ok(lines[1]?.startsWith(`${file}:2:62: connections.c.password: must be a reference`), lines[1]);
  assert.ok(!stdout.includes('hunter2'));
});

test('problems as JSON have their place and setting', async () => {
  const file = write('wrong.yaml', 'lissten: {}');
  const { stdout, code } = await config(['check', '--json', '--config', 'wrong.yaml']);
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(stdout), {
    ok: false,
    file,
    problems: [{ line: 1, column: 1, path: 'lissten', message: 'there is no such setting; did you mean "listen"?' }],
  });
});

test('names from the file are shown escaped, never obeyed', async () => {
  write('wrong.yaml', '"\\e[31mred\\u202e": {}');
  const { stdout } = await config(['check', '--config', 'wrong.yaml']);
  assert.ok(stdout.includes('\\x1b[31mred\\u202e'), stdout);
  assert.ok(!stdout.includes('\u001b') && !stdout.includes('\u202e'));
});

test('a file that is not there is a problem, a wrong option wrong usage', async () => {
  const missing = await config(['check', '--config', 'none.yaml']);
  assert.equal(missing.code, 1);
  assert.match(missing.stdout, /none\.yaml: there is no such file/);
  assert.equal((await config(['check', '--jsn'])).code, 2);
});

test('the help documents the exit codes', async () => {
  const { stdout, code } = await config(['check', '--help']);
  assert.equal(code, 0);
  assert.match(stdout, /Exit codes: 0 .*, 1 .*, 2 /);
});

test('schema prints the file that the repository has', async () => {
  const file = fileURLToPath(new URL('../../../../../schema/onrecord.schema.json', import.meta.url));
  assert.equal((await config(['schema'])).stdout, readFileSync(file, 'utf8'));
});

test('check says what is controlled', async () => {
  const text = `connections:
  billing:
    host: h
    database: d
    user: u
    read_only: true
    tables: [public.a]
    limits: { rows: 10, time: 5s, rate: 7/1m }
    access: { approvers: { group: finance }, except: { identities: [ann] } }
identities:
  ann: { kind: person, connections: [billing], groups: [finance], read_only: true }
policy:
  - { name: no ddl, when: statement.isDdl, then: deny }
  - { name: ask, when: statement.isWrite, then: approve, approvers: { group: finance } }
masking:
  rules: [{ groups: [finance], connections: [billing], columns: { public.a.b: redact }, detectors: { iban: 'null' } }]
approvals: { webhooks: [{ url: "https://example.com/x", secret: exec:pass, format: slack }] }
`;
  write('controlled.yaml', text);
  const { stdout, code } = await config(['check', '--config', 'controlled.yaml']);
  assert.equal(code, 0);
  for (const line of [
    '             only reads; only public.a; up to 10 rows of a statement; up to 5s for a statement; up to 7 statements in 1m',
    '             opened for 8h once 1 of finance approved it, but for ann',
    'logs in with a token of the gateway\n             only reads',
    'rule         no ddl: deny\nrule         ask: approve by 1 of finance',
    'masks        public.a.b, iban for finance on billing',
    'approvals    told to https://example.com/x as slack',
  ]) {
    assert.ok(stdout.includes(`${line}\n`), line);
  }
});
