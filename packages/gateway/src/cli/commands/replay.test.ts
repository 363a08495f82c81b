import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { JournalFixture } from '../../store/journal.fixture.ts';
import { billing, recordDay } from '../../store/recorded-day.fixture.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

describe('replay without a terminal', () => {
  let journal: JournalFixture;

  before(() => {
    journal = new JournalFixture();
    recordDay(journal);
  });
  after(() => journal.remove());

  const replay = (...args: readonly string[]): Promise<Ran> =>
    runCommand(['replay', ...args, '--data', journal.data, '--tz', 'UTC'], { cwd: journal.data });

  /** Numbers of the statements that were shown, in order. */
  const shown = ({ stdout }: Ran): number[] =>
    [...stdout.matchAll(new RegExp(`^\\S ${billing.session}/(\\d+) `, 'gm'))].map(([, n]) => Number(n));

  test('prints the session, each statement in order, and whether that is all', async () => {
    const ran = await replay(billing.session);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, new RegExp(`^Session ${billing.session} {2}billing-agent → billing\n`));
    assert.ok(ran.stdout.includes('  SELECT id, name FROM billing.customers\n'));
    const numbers = shown(ran);
    assert.ok(numbers.length > 5);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
    assert.match(ran.stdout.split('\n').slice(-6).join('\n'), /\d+ statements in 1 session/);
  });

  test('prints what `show` prints', async () => {
    const { stdout } = await runCommand(['show', billing.session, '--data', journal.data, '--tz', 'UTC'], {
      cwd: journal.data,
    });
    assert.equal((await replay(billing.session)).stdout, stdout);
  });

  test('begins at the statement asked for', async () => {
    const all = shown(await replay(billing.session));
    assert.deepEqual(shown(await replay(`${billing.session}/6`)), all.slice(all.indexOf(6)));
  });

  test('takes the end of an id, and refuses what is not there', async () => {
    assert.equal((await replay(billing.session.slice(-6))).code, 0);
    const missing = await replay(`${billing.session}/999`);
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /has no statement 999/);
    assert.equal((await replay('zzz')).code, 1);
    assert.equal((await replay('a/b/c')).code, 2);
  });
});
