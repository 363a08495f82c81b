import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DiskLock } from './disk.ts';

/** Another process, or another journal of this one, has the directory. */
export class JournalInUse extends Error {
  constructor(directory: string, holder: string) {
    super(`the journal in ${directory} is in use by ${holder}; two gateways cannot write one journal`);
    this.name = 'JournalInUse';
  }
}

/**
 * Node has no file locks, SQLite has: the exclusive transaction on an otherwise empty database is an fcntl lock, which the
 * kernel drops when the process dies, however it dies. Nothing else may open `lock.sqlite` in this process: closing
 * any descriptor of it would drop the lock (POSIX). `lock.pid` is for the message only.
 */
export function lockDirectory(directory: string): DiskLock {
  const pidFile = join(directory, 'lock.pid');
  const database = new DatabaseSync(join(directory, 'lock.sqlite'));
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!/lock/i.test(String(error))) throw error;
    throw new JournalInUse(directory, holderIn(pidFile));
  }
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    release(): void {
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
}

function holderIn(pidFile: string): string {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    if (pid === process.pid) return 'this process';
    if (pid > 0) return `process ${pid}`;
  } catch {
    // The holder has not written it yet.
  }
  return 'another process';
}
