import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { JournalFixture } from '../../packages/gateway/src/store/journal.fixture.ts';
import { recordDay } from '../../packages/gateway/src/store/recorded-day.fixture.ts';
import { noTerminal, OnTerminal } from './on-terminal.ts';

const player = join(import.meta.dirname, 'play.fixture.ts');
const main = join(import.meta.dirname, '..', '..', 'packages', 'gateway', 'src', 'cli', 'main.ts');
const enter = '\x1b[?1049h';
const leave = '\x1b[?25h\x1b[?1049l';

describe('the terminal is given back', { skip: noTerminal }, () => {
  test('after q', async () => {
    const played = new OnTerminal([player]);
    await played.until(/1 of 11/);
    assert.ok(played.output.includes(enter));
    played.type('l');
    await played.until(/2 of 11/);
    played.type('q');
    await played.ended;
    assert.ok(played.output.endsWith(leave), JSON.stringify(played.output.slice(-200)));
  });

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    test(`after ${signal}`, async () => {
      const played = new OnTerminal([player]);
      await played.until(/1 of 11/);
      process.kill(played.pid, signal);
      await played.ended;
      assert.ok(played.output.includes(leave));
    });
  }

  test('after an error that nobody caught', async () => {
    const played = new OnTerminal([player], { PLAY_FIXTURE_FAILS: '1' });
    await played.until(/1 of 11/);
    played.type('l');
    await played.ended;
    const left = played.output.indexOf(leave);
    assert.ok(left > 0);
    assert.ok(played.output.indexOf('made to fail') > left, 'the error shows on the screen that stays');
  });
});

test('onrecord replay opens the player on a terminal, at the statement asked for', { skip: noTerminal }, async () => {
  const journal = new JournalFixture();
  try {
    recordDay(journal);
    const played = new OnTerminal([main, 'replay', '000001/6', '--data', journal.data, '--tz', 'UTC']);
    await played.until(/0k3d9x2v7m000001\/6/);
    await played.until(/SELECT id, name FROM customers WHERE id = \$1/);
    played.type('h');
    await played.until(/0k3d9x2v7m000001\/3/);
    played.type('q');
    await played.ended;
    assert.ok(played.output.endsWith(leave), JSON.stringify(played.output.slice(-200)));
  } finally {
    journal.remove();
  }
});
