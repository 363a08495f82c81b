import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseEnrollmentToken } from '@onrecord/connector/link';
import { loadAuthority } from '../../connectors/authority.ts';
import type { LiveLink } from '../../connectors/connector-gate.ts';
import { Enrollments } from '../../connectors/enrollments.ts';
import { ControlServer } from '../../control/control-server.ts';
import { State } from '../../store/state.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'onrecord-connectors-command-'));
after(() => rmSync(root, { recursive: true }));

const configuration = `listen: { connectors: 0.0.0.0:7432 }
connections:
  billing: { connector: db-eu }
  reports: { connector: db-eu }
  audit: { connector: db-us }
  local: { host: h, database: d, user: u }
`;

function directory(text = configuration): string {
  const path = mkdtempSync(join(root, 'run-'));
  writeFileSync(join(path, 'onrecord.yaml'), text);
  return path;
}

function connectors(cwd: string, ...args: readonly string[]): Promise<Ran> {
  return runCommand(['connectors', ...args], { cwd });
}

function stored<Result>(cwd: string, look: (enrollments: Enrollments, state: State) => Result): Result {
  const state = new State(join(cwd, 'data'));
  try {
    return look(new Enrollments(state), state);
  } finally {
    state.close();
  }
}

/** Has a connector use the token. */
function use(cwd: string, text: string, fingerprint = 'f1'): void {
  const token = parseEnrollmentToken(text.trim());
  assert.ok(token !== undefined);
  const nowUs = Date.now() * 1000;
  const certificate = { certificate: '', fingerprint, notAfter: Date.parse('2199-01-01') };
  const used = stored(cwd, (enrollments) => enrollments.use(token, { certificate, client: 'c', nowUs }));
  assert.equal(used.type, 'valid');
}

async function listed(cwd: string): Promise<{ readonly [name: string]: { readonly [field: string]: unknown } }> {
  const { stdout, stderr } = await connectors(cwd, 'list', '--json');
  assert.equal(stderr, '');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return Object.fromEntries(lines.map((line) => [line.connector, line]));
}

test('enroll writes the token and nothing else to standard output', async () => {
  const cwd = directory();
  const { stdout, stderr, code } = await connectors(cwd, 'enroll', 'db-eu');
  assert.equal(code, 0, stderr);
  const token = parseEnrollmentToken(stdout.slice(0, -1));
  assert.ok(token !== undefined && stdout.endsWith('\n'));
  assert.equal(token.authority, (await loadAuthority(join(cwd, 'data'))).pin);
  assert.ok(!stderr.includes(token.secret), stderr);
  assert.match(stderr, /shown once/);
  use(cwd, stdout);
});

test('on a terminal enroll says how to start the connector', async () => {
  const cwd = directory();
  const { stdout, stderr } = await runCommand(['connectors', 'enroll', 'db-eu'], { cwd, isTerminal: true });
  const command = `onrecord-connector --gateway GATEWAY:7432 --enroll ${stdout.trimEnd()}`;
  assert.ok(stderr.includes(command), stderr);
});

test('a token can be used for a quarter of an hour, or as long as was asked for', async () => {
  const cwd = directory();
  const lifetimeOf = async (...args: readonly string[]): Promise<number> => {
    const before = Date.now();
    const { stdout } = await connectors(cwd, 'enroll', 'db-eu', '--json', ...args);
    return Date.parse(JSON.parse(stdout).expiresAt) - before;
  };
  const near = (ms: number, expected: number): boolean => Math.abs(ms - expected) < 60_000;
  assert.ok(near(await lifetimeOf(), 15 * 60_000));
  assert.ok(near(await lifetimeOf('--expires', '2d'), 2 * 86_400_000));
  for (const wrong of ['0s', '8d', 'soon']) {
    const { code, stderr } = await connectors(cwd, 'enroll', 'db-eu', '--expires', wrong);
    assert.equal(code, 2, wrong);
    assert.match(stderr, /up to 7d/);
  }
});

test('only connectors that a connection names can be enrolled', async () => {
  const cwd = directory();
  const { code, stderr } = await connectors(cwd, 'enroll', 'db-ue');
  assert.equal(code, 1);
  assert.match(stderr, /there is no connector "db-ue" in .*; did you mean "db-eu"\?/);
  assert.match(stderr, /There are: db-eu, db-us\./);
  const none = await connectors(directory('connections: {}\n'), 'enroll', 'db-eu');
  assert.match(none.stderr, /Name one in a connection/);
});

test('list says of each connector how far it has come, without a gateway', async () => {
  const cwd = directory();
  assert.equal((await listed(cwd))['db-eu']?.['state'], 'never enrolled');
  const { stdout } = await connectors(cwd, 'enroll', 'db-eu');
  assert.equal((await listed(cwd))['db-eu']?.['state'], 'waiting');
  use(cwd, stdout);
  const enrolled = (await listed(cwd))['db-eu'];
  assert.equal(enrolled?.['state'], 'enrolled');
  assert.equal(enrolled?.['certificateUntil'], '2199-01-01T00:00:00Z');
  assert.deepEqual(enrolled?.['connections'], ['billing', 'reports']);
  assert.equal(enrolled?.['links'], null);
  await connectors(cwd, 'revoke', 'db-eu');
  assert.equal((await listed(cwd))['db-eu']?.['state'], 'revoked');
  const table = await runCommand(['connectors', 'list'], { cwd, isTerminal: true });
  assert.match(table.stderr, /nobody knows who is connected/);
  assert.match(table.stdout, /db-us +│ never enrolled/);
});

test('list shows who is connected, as the running gateway says', async () => {
  const cwd = directory();
  const link: LiveLink = {
    connector: 'db-eu',
    instance: 'i1',
    host: 'db-1.example.com',
    version: '1.0.0',
    client: '192.0.2.1:5000',
    since: Date.parse('2026-11-02T10:00:00Z') * 1000,
    certificate: 'f1',
    notAfter: 0,
    connections: ['billing'],
    sessions: 3,
    spares: 4,
  };
  const dataDirectory = join(cwd, 'data');
  mkdirSync(dataDirectory, { mode: 0o700 });
  const answer = async (): Promise<unknown> => [link, { ...link, instance: 'i2', host: 'db-2.example.com' }];
  const control = new ControlServer({ dataDirectory, answer, log: () => {} });
  await control.listen();
  try {
    const { stdout, stderr } = await runCommand(['connectors', 'list'], { cwd, isTerminal: true });
    assert.equal(stderr, '');
    assert.match(stdout, /db-eu +│ connected since 2026-11-02T10:00:00Z │ db-1\.example\.com \(192\.0\.2\.1:5000\)/);
    assert.match(stdout, /db-2\.example\.com/);
    assert.match(stdout, /db-us +│ never enrolled/);
    const { links } = (await listed(cwd))['db-eu'] as { links: readonly { host: string; sessions: number }[] };
    assert.deepEqual(
      links.map(({ host, sessions }) => [host, sessions]),
      [
        ['db-1.example.com', 3],
        ['db-2.example.com', 3],
      ],
    );
  } finally {
    await control.close();
  }
});

test('revoke ends what the connector has, once, and leaves who did it', async () => {
  const cwd = directory();
  use(cwd, (await connectors(cwd, 'enroll', 'db-eu')).stdout);
  const { stdout, code } = await connectors(cwd, 'revoke', 'db-eu');
  assert.deepEqual([stdout, code], ['Connector db-eu is revoked.\n', 0]);
  const again = await connectors(cwd, 'revoke', 'db-eu');
  assert.deepEqual([again.stdout, again.code], ['Connector db-eu has nothing that could be revoked.\n', 0]);
  const bodies = stored(cwd, (_, state) =>
    state.database
      .prepare('SELECT body FROM outbox ORDER BY id')
      .all()
      .map(({ body }) => JSON.parse(String(body))),
  );
  assert.deepEqual(
    bodies.map(({ type }) => type),
    ['connector_enrollment_created', 'connector_enrolled', 'connector_revoked'],
  );
  assert.equal(bodies[2].by, userInfo().username);
});

test('a connector that the configuration does not name any more can still be revoked; a stranger cannot', async () => {
  const cwd = directory();
  use(cwd, (await connectors(cwd, 'enroll', 'db-eu')).stdout);
  writeFileSync(join(cwd, 'onrecord.yaml'), 'connections: {}\n');
  assert.equal((await connectors(cwd, 'revoke', 'db-eu')).stdout, 'Connector db-eu is revoked.\n');
  const { code, stderr } = await connectors(cwd, 'revoke', 'db-euu');
  assert.equal(code, 1);
  assert.match(stderr, /did you mean "db-eu"/);
});
