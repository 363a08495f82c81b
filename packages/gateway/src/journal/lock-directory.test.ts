import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { countingClock, temporaryJournal } from './journal.fixture.ts';
import { Journal } from './journal.ts';
import { JournalInUse } from './lock-directory.ts';

const holder = `
  import { lockDirectory } from ${JSON.stringify(new URL('./lock-directory.ts', import.meta.url).href)};
  lockDirectory(process.argv[1]);
  console.log('locked');
  setInterval(() => {}, 1000);
`;

describe('lockDirectory', () => {
  it('keeps a second journal of the same process out, and lets it in when the first is closed', async (test) => {
    const directory = temporaryJournal(test as never);
    const options = { directory, clock: countingClock(), segmentBytes: 4096 };
    const first = await Journal.open(options);
    await assert.rejects(Journal.open(options), (error) => {
      assert.ok(error instanceof JournalInUse);
      assert.equal(
        error.message,
        `the journal in ${directory} is in use by this process; two gateways cannot write one journal`,
      );
      return true;
    });
    await first.close();
    await (await Journal.open(options)).close();
  });

  it('keeps another process out, which is named, until it is killed', async (test) => {
    const parent = mkdtempSync(join(tmpdir(), 'onrecord-lock-'));
    test.after(() => rmSync(parent, { recursive: true }));
    const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '-e', holder, parent], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const options = { directory: parent, clock: countingClock(), segmentBytes: 4096 };
    await assert.rejects(Journal.open(options), new RegExp(`in use by process ${child.pid};`));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await Journal.open(options)).close();
  });
});
