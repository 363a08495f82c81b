import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { State } from './state.ts';

const root = mkdtempSync(join(tmpdir(), 'onrecord-state-'));
after(() => rmSync(root, { recursive: true }));

let count = 0;

function dataDirectory(): string {
  count += 1;
  return join(root, String(count), 'data');
}

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

function secretOf(state: State): Uint8Array {
  return state.database.prepare('SELECT secret FROM installation').get()?.['secret'] as Uint8Array;
}

test('the directory and every file in it are for their owner only', () => {
  const directory = dataDirectory();
  const state = new State(directory);
  state.transaction(() => state.database.exec("INSERT INTO outbox (body) VALUES ('x')"));
  assert.equal(mode(directory), 0o700);
  assert.deepEqual(readdirSync(directory).sort(), ['state.sqlite', 'state.sqlite-shm', 'state.sqlite-wal']);
  for (const name of readdirSync(directory)) assert.equal(mode(join(directory, name)), 0o600, name);
  state.close();
});

test('a file that others can read is closed to them when it is opened', () => {
  const directory = dataDirectory();
  new State(directory).close();
  chmodSync(join(directory, 'state.sqlite'), 0o644);
  new State(directory).close();
  assert.equal(mode(join(directory, 'state.sqlite')), 0o600);
});

test('the secret of an installation stays what it was', () => {
  const directory = dataDirectory();
  const first = new State(directory);
  const secret = secretOf(first);
  first.close();
  const second = new State(directory);
  assert.equal(secret.length, 32);
  assert.deepEqual(secretOf(second), secret);
  second.close();
  const other = new State(dataDirectory());
  assert.notDeepEqual(secretOf(other), secret);
  other.close();
});

test('a transaction that throws leaves nothing, and the next one works', () => {
  const state = new State(dataDirectory());
  const insert = (): void => state.database.exec("INSERT INTO outbox (body) VALUES ('x')");
  assert.throws(() =>
    state.transaction(() => {
      insert();
      throw new RangeError('no');
    }),
  );
  state.transaction(insert);
  assert.equal(state.database.prepare('SELECT count(*) AS n FROM outbox').get()?.['n'], 1);
  state.close();
});

test('a database of a newer version is refused and left alone', () => {
  const directory = dataDirectory();
  new State(directory).close();
  const file = join(directory, 'state.sqlite');
  const database = new DatabaseSync(file);
  database.exec('PRAGMA user_version = 99');
  database.close();
  assert.throws(() => new State(directory), /was written by a newer version of Onrecord \(layout 99/);
});

test('commits are on disk when they return', () => {
  const state = new State(dataDirectory());
  assert.equal(state.database.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
  assert.equal(state.database.prepare('PRAGMA synchronous').get()?.['synchronous'], 2);
  state.close();
});

test('several processes can make it at the same moment, and agree on the secret', async () => {
  const directory = dataDirectory();
  const script = `
    import { State } from ${JSON.stringify(new URL('./state.ts', import.meta.url).href)};
    const state = new State(${JSON.stringify(directory)});
    const { secret } = state.database.prepare('SELECT secret FROM installation').get();
    process.stdout.write(Buffer.from(secret).toString('hex'));
    state.close();`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [...process.execArgv, '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  const secrets = await Promise.all(
    children.map(async (child) => {
      const closed = once(child, 'close');
      let output = '';
      for await (const chunk of child.stdout) output += chunk;
      assert.deepEqual(await closed, [0, null]);
      return output;
    }),
  );
  assert.equal(new Set(secrets).size, 1);
  assert.equal(secrets[0]?.length, 64);
});
