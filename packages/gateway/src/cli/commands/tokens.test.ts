import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseToken } from '../../identity/token.ts';
import { Tokens } from '../../identity/tokens.ts';
import { State } from '../../store/state.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'onrecord-tokens-command-'));
after(() => rmSync(root, { recursive: true }));

const configuration = `listen: { postgres: 0.0.0.0:6432 }
connections: { billing: { host: h, database: d, user: u } }
identities:
  billing-agent: { connections: [billing] }
  ops@example.com: { connections: [billing] }
  idle: {}
  by-jwt: { connections: [billing], login: jwt }
issuers:
  corp: { issuer: 'https://id.example.com', audience: onrecord, identities: [{ claims: { sub: a }, identity: by-jwt }] }
`;

function directory(): string {
  const path = mkdtempSync(join(root, 'run-'));
  writeFileSync(join(path, 'onrecord.yaml'), configuration);
  return path;
}

function tokens(cwd: string, ...args: readonly string[]): Promise<Ran> {
  return runCommand(['tokens', ...args], { cwd });
}

function onTerminal(cwd: string, ...args: readonly string[]): Promise<Ran> {
  return runCommand(['tokens', ...args], { cwd, isTerminal: true });
}

function stored<Result>(cwd: string, look: (tokens: Tokens, state: State) => Result): Result {
  const state = new State(join(cwd, 'data'));
  try {
    return look(new Tokens(state), state);
  } finally {
    state.close();
  }
}

test('create writes the token and nothing else to standard output', async () => {
  const cwd = directory();
  const { stdout, stderr, code } = await tokens(cwd, 'create', 'billing-agent');
  assert.equal(code, 0);
  assert.ok(stdout.endsWith('\n'));
  const token = parseToken(stdout.slice(0, -1));
  assert.ok(token);
  assert.match(stderr, /shown once/);
  assert.ok(!stderr.includes(token.text), stderr);
  assert.deepEqual(
    stored(cwd, (all) => all.lookup('billing-agent', Date.now()).verifiers.map(({ id }) => id)),
    [token.id],
  );
});

test('create says that an identity which does not log in with tokens has no use for one', async () => {
  const cwd = directory();
  const { stderr, code } = await tokens(cwd, 'create', 'by-jwt');
  assert.equal(code, 0);
  assert.match(stderr, /^Nobody can log in with it yet: identities\.by-jwt\.login is jwt/m);
  assert.doesNotMatch((await tokens(cwd, 'create', 'billing-agent')).stderr, /Nobody/);
});

test('on a terminal create says how to connect', async () => {
  const { stdout, stderr } = await onTerminal(directory(), 'create', 'ops@example.com');
  const url = /psql "(postgres:.*)"/.exec(stderr)?.[1] ?? '';
  assert.equal(url, `postgres://ops%40example.com:${stdout.trim()}@localhost:6432/billing`);
  assert.match((await onTerminal(directory(), 'create', 'idle')).stderr, /may not use any connection yet/);
});

test('create --json is one object', async () => {
  const cwd = directory();
  const { stdout } = await tokens(cwd, 'create', 'billing-agent', '--expires', '30d', '--json');
  const made = JSON.parse(stdout);
  assert.deepEqual(Object.keys(made), ['id', 'identity', 'token', 'expiresAt']);
  assert.equal(parseToken(made.token)?.id, made.id);
  const days = (Date.parse(made.expiresAt) - Date.now()) / 86_400_000;
  assert.ok(days > 29.9 && days < 30.1, String(days));
});

test('the record learns who ran the command', async () => {
  const cwd = directory();
  await tokens(cwd, 'create', 'billing-agent');
  const body = stored(cwd, (_, state) => state.database.prepare('SELECT body FROM outbox').get()?.['body']);
  assert.equal(JSON.parse(String(body)).by, userInfo().username);
});

test('an identity must be in the configuration, and near misses are named', async () => {
  const cwd = directory();
  const { stdout, stderr, code } = await tokens(cwd, 'create', 'biling-agent');
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /there is no identity "biling-agent" in .*onrecord\.yaml; did you mean "billing-agent"\?/);
  assert.match(stderr, /There are: billing-agent, ops@example\.com, idle, by-jwt\./);
  assert.doesNotMatch(stderr, /\n {4}at /);
});

test('a lifetime that is none is wrong usage, and makes no token', async () => {
  const cwd = directory();
  for (const expires of ['30', 'tomorrow', '0s', '6000w', '-1d']) {
    const { stdout, code } = await tokens(cwd, 'create', 'billing-agent', `--expires=${expires}`);
    assert.equal(code, 2, expires);
    assert.equal(stdout, '');
  }
  assert.equal((await tokens(cwd, 'create')).code, 2);
  assert.deepEqual(
    stored(cwd, (all) => all.list()),
    [],
  );
});

test('list shows every token and its state, never a secret', async () => {
  const cwd = directory();
  const first = (await tokens(cwd, 'create', 'billing-agent')).stdout.trim();
  const second = JSON.parse((await tokens(cwd, 'create', 'ops@example.com', '--expires', '1ms', '--json')).stdout);
  const third = JSON.parse((await tokens(cwd, 'create', 'billing-agent', '--json')).stdout);
  await tokens(cwd, 'revoke', third.id);
  const { stdout } = await tokens(cwd, 'list', '--json');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const states = new Map(lines.map(({ id, state }) => [id, state]));
  assert.deepEqual(
    states,
    new Map([
      [third.id, 'revoked'],
      [second.id, 'expired'],
      [parseToken(first)?.id, 'valid'],
    ]),
  );
  const table = (await onTerminal(cwd, 'list')).stdout;
  for (const { id, identity, state } of lines) assert.match(table, new RegExp(`${id} .*${identity} .*${state}`));
  for (const text of [stdout, table]) {
    assert.ok(!text.includes(first.slice(15)) && !text.includes(third.token.slice(15)), text);
  }
});

test('list can be of one identity', async () => {
  const cwd = directory();
  await tokens(cwd, 'create', 'billing-agent');
  const { stdout } = await tokens(cwd, 'list', '--identity', 'idle', '--json');
  assert.equal(stdout, '');
  assert.match((await tokens(cwd, 'list', '--identity', 'idle')).stderr, /no tokens of idle yet/);
  assert.match((await tokens(cwd, 'list', '--identity', 'idel')).stderr, /did you mean "idle"\?/);
});

test('revoke takes the id or the whole token, and says when it was done before', async () => {
  const cwd = directory();
  const token = parseToken((await tokens(cwd, 'create', 'billing-agent')).stdout.trim());
  assert.ok(token);
  const first = await tokens(cwd, 'revoke', token.text);
  assert.equal(first.stdout, `Token ${token.id} of billing-agent is revoked.\n`);
  assert.deepEqual(
    stored(cwd, (all) => all.lookup('billing-agent', Date.now()).verifiers),
    [],
  );
  const second = await tokens(cwd, 'revoke', token.id);
  assert.equal(second.code, 0);
  assert.match(second.stdout, /was revoked before, \d{4}-/);
  const json = JSON.parse((await tokens(cwd, 'revoke', token.id, '--json')).stdout);
  assert.equal(json.state, 'revoked');
});

test('revoking what does not exist fails without showing what was given', async () => {
  const { stderr, code } = await tokens(directory(), 'revoke', 'onr_nothing000_hunter2');
  assert.equal(code, 1);
  assert.match(stderr, /there is no token with this id/);
  assert.ok(!stderr.includes('hunter2'));
});

test('too many valid tokens are refused with what to do', async () => {
  const cwd = directory();
  stored(cwd, (all) => {
    for (let n = 0; n < 16; n += 1) all.create('billing-agent', 'ann', { nowMs: Date.now() });
  });
  const { stderr, code } = await tokens(cwd, 'create', 'billing-agent');
  assert.equal(code, 1);
  assert.equal(
    stderr,
    'onrecord: "billing-agent" has 16 valid tokens, which is the limit\nRevoke one that is not used any more: `onrecord tokens list` shows them.\n',
  );
});

test('a data directory that cannot be opened is said in a line', async () => {
  const cwd = directory();
  writeFileSync(join(cwd, 'data'), 'a file');
  const { stderr, code } = await tokens(cwd, 'list');
  assert.equal(code, 1);
  assert.match(stderr, /^onrecord: the tokens in .*data cannot be opened: .*EEXIST/);
});
