import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

/** `script` of util-linux runs a command on a terminal of its own. */
const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
const skip = hasScript ? false : 'needs `script` of util-linux';

const player = join(import.meta.dirname, 'play.fixture.ts');
const enter = '\x1b[?1049h';
const leave = '\x1b[?25h\x1b[?1049l';

/** The player on a terminal; `until` resolves when what it wrote matches. */
class Played {
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;
  output = '';
  #wake: () => void = () => {};

  constructor(env: NodeJS.ProcessEnv = {}) {
    const command = [process.execPath, ...process.execArgv.filter((flag) => !flag.startsWith('--test')), player]
      .map((part) => `'${part}'`)
      .join(' ');
    this.#child = spawn(
      'script',
      ['--quiet', '--return', '--command', `stty rows 24 cols 80; exec ${command}`, '/dev/null'],
      {
        env: { ...process.env, TERM: 'xterm', NO_COLOR: '1', ...env },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.#wake();
    });
    this.ended = new Promise((resolve) => this.#child.on('close', () => resolve()));
    void this.ended.then(() => this.#wake());
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.#child.exitCode !== null)
        assert.fail(`ended before ${pattern}: ${JSON.stringify(this.output.slice(-500))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Process id of the player: the only child of `script`. */
  get pid(): number {
    const { pid } = this.#child;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  }
}

describe('the terminal is given back', { skip }, () => {
  test('after q', async () => {
    const played = new Played();
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
      const played = new Played();
      await played.until(/1 of 11/);
      process.kill(played.pid, signal);
      await played.ended;
      assert.ok(played.output.includes(leave));
    });
  }

  test('after an error that nobody caught', async () => {
    const played = new Played({ PLAY_FIXTURE_FAILS: '1' });
    await played.until(/1 of 11/);
    played.type('l');
    await played.ended;
    assert.ok(played.output.indexOf(leave) > 0);
    assert.ok(
      played.output.indexOf('made to fail') > played.output.indexOf(leave),
      'the error shows on the screen that stays',
    );
  });
});
