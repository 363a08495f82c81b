import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JournalFixture, utf8 } from '../store/journal.fixture.ts';
import { billing, morning, opened } from '../store/recorded-day.fixture.ts';
import { version } from './version.ts';

const launcher = fileURLToPath(new URL('../../bin/onrecord.js', import.meta.url));

describe('bin/onrecord.js', () => {
  let journal: JournalFixture;
  const children: ChildProcess[] = [];

  before(() => {
    journal = new JournalFixture();
    journal.append({ at: morning, ...billing, body: opened() });
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    journal.remove();
  });

  const statement = (n: number): void => {
    journal.append(
      {
        at: morning,
        ...billing,
        body: {
          type: 'statement',
          n,
          kind: 'simple',
          sql: utf8(`SELECT '${'x'.repeat(1000)}'`),
          transactionBefore: 'I',
        },
      },
      { at: morning, ...billing, body: { type: 'outcome', of: n, outcome: 'completed', rowCount: 0, rowBytes: 0 } },
    );
  };

  function start(...args: string[]) {
    const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  }

  async function run(...args: string[]): Promise<{ stdout: string; stderr: string; code: unknown }> {
    const child = start(...args);
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { stdout, stderr, code };
  }

  it('runs a command and passes its exit code on', async () => {
    assert.deepEqual(await run('--version'), { stdout: `${version}\n`, stderr: '', code: 0 });
    const { stderr, code } = await run('lgo');
    assert.match(stderr, /unknown command 'lgo'\n\(Did you mean log\?\)/);
    assert.equal(code, 2);
  });

  it('ends quietly when nobody reads on', async () => {
    // More than a pipe holds.
    for (let n = 1; n <= 500; n += 1) statement(n);
    const child = start('log', '--json', '--data', journal.data);
    const errors = text(child.stderr);
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    assert.deepEqual(await exited, [0, null]);
    assert.equal(await errors, '');
  });

  it('passes signals on, which end what runs until it is told to stop', async () => {
    const child = start('tail', '--json', '--data', journal.data);
    const exited = once(child, 'exit');
    let n = 500;
    const writing = setInterval(() => {
      n += 1;
      statement(n);
    }, 50);
    await once(child.stdout, 'data');
    clearInterval(writing);
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
  });
});
