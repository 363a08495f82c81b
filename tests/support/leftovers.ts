import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What a test process must not leave behind: child processes and temporary directories. Both go when they are released,
 * and at the latest when the process ends, by itself or by a signal.
 */
const children = new Map<ChildProcess, NodeJS.Signals>();
const directories = new Set<string>();
let watching = false;

/** Sends `signal` to the child when this process ends before the child does, also when it is killed without warning. */
export function killAtExit(child: ChildProcess, signal: NodeJS.Signals): void {
  watch();
  children.set(child, signal);
  const watchdog = child.pid === undefined ? undefined : watchdogOf(child.pid, signal);
  child.once('exit', () => {
    children.delete(child);
    watchdog?.kill('SIGKILL');
  });
}

/** A shell that waits for the end of its input, which comes when this process is gone. */
function watchdogOf(pid: number, signal: NodeJS.Signals): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const script = 'read -r nothing; kill -s "$1" "$2"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'watchdog', signal.replace('SIG', ''), String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  // The pipe is a socket, which keeps this process alive unless told otherwise.
  (watchdog.stdin as Socket | null)?.unref();
  return watchdog;
}

/** A new directory below the system's temporary one that every user may enter (Postgres may run as another). */
export function temporaryDirectory(name: string): string {
  watch();
  const directory = mkdtempSync(join(tmpdir(), `onrecord-${name}-`));
  chmodSync(directory, 0o755);
  directories.add(directory);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  directories.delete(directory);
}

function watch(): void {
  if (watching) return;
  watching = true;
  process.once('exit', sweep);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      sweep();
      process.kill(process.pid, signal);
    });
  }
}

function sweep(): void {
  for (const [child, signal] of children) child.kill(signal);
  for (const directory of directories) {
    try {
      removeDirectory(directory);
    } catch {
      // A dying server may still be writing there; the system's cleaning of its temporary directory takes the rest.
    }
  }
}
