import { PassThrough } from 'node:stream';
import { run } from './run.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Runs a command line in this process, as if in `cwd`, and answers with what it wrote. */
export async function runCommand(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv; readonly isTerminal?: boolean },
): Promise<Ran> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
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
    interrupted: () => new AbortController().signal,
    setExitCode: (next) => {
      code = next;
    },
  });
  return { stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? ''), code };
}
