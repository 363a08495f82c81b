import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { run } from './run.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Runs a command line in this process, as if in `cwd`, and answers with what it wrote. */
export async function runCommand(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly isTerminal?: boolean;
    /** The user's interrupt. */
    readonly interrupt?: AbortSignal;
    /** Told of each piece of standard output as it comes. */
    readonly onOutput?: (text: string) => void;
  },
): Promise<Ran> {
  const stdout = new PassThrough({ encoding: 'utf8' });
  const stderr = new PassThrough({ encoding: 'utf8' });
  let out = '';
  let errors = '';
  stdout.on('data', (text: string) => {
    out += text;
    options.onOutput?.(text);
  });
  stderr.on('data', (text: string) => {
    errors += text;
  });
  const isTerminal = options.isTerminal ?? false;
  let code = 0;
  await run(args, {
    stdin: new PassThrough(),
    stdout,
    stderr,
    env: { NO_COLOR: '1', ...options.env },
    cwd: options.cwd,
    isTerminal,
    columns: isTerminal ? 160 : undefined,
    interrupted: () => options.interrupt ?? new AbortController().signal,
    setExitCode: (next) => {
      code = next;
    },
  });
  stdout.end();
  stderr.end();
  await Promise.all([finished(stdout), finished(stderr)]);
  return { stdout: out, stderr: errors, code };
}
