import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One process of a program that is started several times. */
export interface Life {
  readonly child: ChildProcess;
  /** What said that it was ready. */
  readonly ready: RegExpExecArray;
  /** What it wrote. */
  log(): string;
}

/** How Node runs the sources. */
export const sourceFlags: readonly string[] = [
  '--conditions=@onrecord/source',
  '--disable-warning=ExperimentalWarning',
];

const startDeadlineMs = 60_000;

/** Waits until a process has written what matches `ready`; rejects with its log when it ends before that. */
export function startLife(child: ChildProcess, ready: RegExp, name: string): Promise<Life> {
  let log = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), startDeadlineMs);
    const hear = (chunk: Buffer): void => {
      log += chunk.toString();
      const found = ready.exec(log);
      if (found === null) return;
      clearTimeout(timer);
      resolve({ child, ready: found, log: () => log });
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', reject);
    child.once('exit', (status, signal) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with ${status ?? signal} before it was ready:\n${log}`));
    });
  });
}

/** Sends a signal and waits until the process is gone. */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** Source: proc(5), VmRSS. */
export function residentBytesOf(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kilobytes) * 1024;
}
