import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** `script` of util-linux runs a command on a terminal of its own. */
const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

/** Why tests on a terminal cannot run here; false when they can. */
export const noTerminal: string | false = hasScript ? false : 'needs `script` of util-linux';

/** Ends what waits for something that never comes; far more than any of it takes. */
const deadlineMs = 60_000;

/** A script of this project, run on a terminal of 24 rows and 80 columns. */
export class OnTerminal {
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;
  output = '';
  #wake: () => void = () => {};

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const command = [process.execPath, ...process.execArgv.filter((flag) => !flag.startsWith('--test')), ...args]
      .map((part) => `'${part}'`)
      .join(' ');
    this.#child = spawn(
      'script',
      ['--quiet', '--return', '--command', `stty rows 24 cols 80; exec ${command}`, '/dev/null'],
      { env: { ...process.env, TERM: 'xterm', NO_COLOR: '1', ...env }, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.#wake();
    });
    this.ended = new Promise((resolve) => this.#child.on('close', () => resolve()));
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs);
    void this.ended.then(() => {
      clearTimeout(deadline);
      this.#wake();
    });
  }

  /** Resolves when what was written matches. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        assert.fail(`ended before ${pattern}: ${JSON.stringify(this.output.slice(-500))}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Process id of what runs: the only child of `script`. */
  get pid(): number {
    const { pid } = this.#child;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  }
}
