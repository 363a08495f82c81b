import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Path of a program that this machine has, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: { readonly [name: string]: string };
  readonly input?: string;
  readonly cwd?: string;
  /** Called with the process once it runs, to send it signals. */
  readonly started?: (signal: (name: NodeJS.Signals) => void) => void;
}

const deadlineMs = 120_000;

/** Runs a program to its end, whatever its status; rejects when it cannot be run or does not end. */
export function runProgram(path: string, args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  const env = {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    PGSYSCONFDIR: '/nonexistent',
    ...options.env,
  };
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { env, cwd: options.cwd, stdio: 'pipe' });
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.once('error', reject);
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      const stdout = Buffer.concat(out).toString('latin1');
      const stderr = Buffer.concat(err).toString();
      if (signal === 'SIGKILL')
        reject(new Error(`${path} did not end:\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`));
      else resolve({ status, stdout, stderr });
    });
    options.started?.((name) => child.kill(name));
  });
}

/** Runs a program and rejects when it fails. */
export async function runToSuccess(
  path: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  const ended = await runProgram(path, args, options);
  if (ended.status === 0) return ended;
  throw new Error(
    `${path} ${args.join(' ')} ended with ${ended.status}:\n${ended.stdout.slice(-2000)}\n${ended.stderr}`,
  );
}
