import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { killAtExit } from './leftovers.ts';
import type { Account } from './postgres-binaries.ts';

export interface ChildOptions {
  /** The first group of the first match in what it prints is what `printed` gives. */
  readonly awaits: RegExp;
  readonly account?: Account | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Child {
  readonly pid: number;
  readonly printed: string;
  stop(): Promise<void>;
}

const startDeadlineMs = 60_000;
const stopDeadlineMs = 15_000;

/** Starts a program and waits until it has printed what says that it is ready. Rejects with all that it printed. */
export async function startChild(command: string, args: readonly string[], options: ChildOptions): Promise<Child> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...options.account,
  });
  killAtExit(child, 'SIGKILL');
  const printed = await firstMatch(child, options.awaits).catch((error: Error) => {
    child.kill('SIGKILL');
    throw new Error(`${command} did not start: ${error.message}`);
  });
  return { pid: child.pid ?? 0, printed, stop: () => stop(child) };
}

function firstMatch(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const look = (chunk: Buffer): void => {
      if (output.length < 65_536) output += chunk.toString('utf8');
      const found = pattern.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`it ended with ${signal ?? code}\n${output}`)));
    setTimeout(
      () => reject(new Error(`no ${pattern} within ${startDeadlineMs} ms\n${output}`)),
      startDeadlineMs,
    ).unref();
  });
}

async function stop(child: ChildProcess): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await Promise.race([gone, delay(stopDeadlineMs, undefined, { ref: false })]);
  }
}
