import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { recordBlindDay } from '../../store/blind-day.fixture.ts';
import { JournalFixture } from '../../store/journal.fixture.ts';
import { morning, recordDay, second } from '../../store/recorded-day.fixture.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

describe('onrecord events', () => {
  let cwd: string;

  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'onrecord-events-'));
    const journal = new JournalFixture({ data: join(cwd, 'data') });
    recordDay(journal);
    recordBlindDay(journal);
    const refused = { type: 'login_refused', user: 'e\x1b[2J\u202e', database: 'b', client: 'c', reason: 'r' } as const;
    journal.append({ at: morning + 86_400 * second, body: refused });
  });
  after(() => rmSync(cwd, { recursive: true }));

  const events = (...args: string[]): Promise<Ran> =>
    runCommand(['events', '--data', 'data', '--tz', 'UTC', ...args], { cwd });
  const objects = (text: string): { type: string; at: string; details: Record<string, unknown> }[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('lists what belongs to no session, in order, and nothing else', async () => {
    const { stdout, code } = await events('--json');
    assert.equal(code, 0);
    const types = objects(stdout).map(({ type }) => type);
    assert.deepEqual(types.slice(0, 4), ['gateway_started', 'login_refused', 'recovered', 'gateway_started']);
    assert.deepEqual(types.slice(-2), ['connector_refused', 'login_refused']);
    assert.ok(!types.includes('session_opened') && !types.includes('cancel_requested'));
    assert.equal(types.length, 21);
  });

  it('finds every refusal of a day', async () => {
    const { stdout } = await events('--on', '2024-11-19', '--type', 'login_refused', 'connector_refused', '--json');
    const found = objects(stdout);
    assert.deepEqual(
      found.map(({ type, details }) => [type, details['reason']]),
      [
        ['login_refused', 'wrong password'],
        ['connector_refused', 'the token was used before'],
      ],
    );
    const lines = await events('--on', '2024-11-19', '--type', 'login_refused', '--type', 'connector_refused');
    assert.match(lines.stdout, /^Tuesday 2024-11-19 00:00 – 24:00 UTC\n\nTuesday 2024-11-19 UTC\n/);
    assert.match(
      lines.stdout,
      / · login refused: wrong password \(user mallory, database billing, from 127\.0\.0\.1:6\)\n/,
    );
    assert.match(
      lines.stdout,
      / · connector refused: the token was used before \(from 10\.6\.6\.6:1\)\n\n2 events\.\n$/,
    );
  });

  it('shows times in words, and nothing recorded is obeyed', async () => {
    const [blind] = objects((await events('--type', 'blind_session', '--json')).stdout);
    assert.equal(blind?.details['startedAt'], '2024-11-19T09:00:00.000000Z');
    assert.equal(blind?.details['backendPid'], 100);
    for (const args of [[], ['--json']]) {
      const { stdout } = await events('--since', '2024-11-20', ...args);
      assert.match(stdout, /2J/);
      assert.ok(!stdout.includes('\x1b') && !stdout.includes('\u202e'));
    }
    assert.match((await events('--type', 'blind_session')).stdout, / ! blind session on billing: postgres in billing/);
  });

  it('says that there are none, and refuses a type that is none of the gateway', async () => {
    assert.match((await events('--on', '2023-01-01')).stdout, /\n\nNo events\.\n$/);
    const { code, stderr } = await events('--type', 'session_opened');
    assert.equal(code, 2);
    assert.match(stderr, /Allowed choices are gateway_started,/);
  });

  it('shows what stands before damage, and says so', async () => {
    const journal = new JournalFixture({ data: join(cwd, 'damaged') });
    recordBlindDay(journal);
    const file = openSync(journal.segmentFile, 'r+');
    writeSync(file, Uint8Array.of(0xee, 0xee), 0, 2, statSync(journal.segmentFile).size >> 1);
    closeSync(file);
    const { stdout, code } = await events('--data', 'damaged');
    assert.equal(code, 1);
    assert.match(stdout, /gateway 0\.2\.0 started/);
    assert.match(stdout, /! cannot be read on: .*corrupt/s);
  });
});
