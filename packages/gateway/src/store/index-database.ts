import { hash } from 'node:crypto';
import { accessSync, chownSync, closeSync, constants, existsSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createSchema, dropSchema, schemaVersion } from './schema.ts';

/** How long to wait for another process that is writing a batch. A batch takes a fraction of a second. */
const busyTimeoutMs = 30_000;

/** An open index. `file` is undefined for one that lives only as long as this process. */
export interface IndexDatabase {
  readonly database: DatabaseSync;
  readonly file: string | undefined;
}

export function indexFile(data: string): string {
  return join(data, 'index.sqlite');
}

/**
 * Opens the index of a data directory, empty when there is none yet or it cannot be trusted: when it has another
 * version, when it is damaged, or when it is a copy. A copy made while a gateway was writing may hold half a batch; the
 * journal survives being copied at any moment, the index need not. Where the directory cannot be written, the index is
 * a temporary one, which SQLite deletes by itself.
 */
export function openIndex(data: string): IndexDatabase {
  if (!isWritable(data)) return temporaryIndex();
  const file = indexFile(data);
  return whileNobodyElseOpens(data, () => {
    let database = open(file);
    if (!isTrusted(database, file)) {
      database.close();
      remove(file);
      database = open(file);
      create(database, file);
    }
    return { database, file };
  });
}

/** Replaces a damaged index by an empty one. */
export function replaceIndex(data: string, damaged: IndexDatabase): IndexDatabase {
  damaged.database.close();
  if (damaged.file === undefined) return temporaryIndex();
  const file = damaged.file;
  whileNobodyElseOpens(data, () => remove(file));
  return openIndex(data);
}

/**
 * Empties the index in one transaction: others that have it open see it fill again. `unless` is asked inside of it,
 * since another process may have done the same a moment ago.
 */
export function emptyIndex({ database, file }: IndexDatabase, unless: () => boolean = () => false): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    if (!unless()) {
      database.exec(dropSchema);
      create(database, file);
    }
    database.exec('COMMIT');
  } catch (error) {
    // SQLite has rolled back by itself after some errors.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** True when the file that was opened is not the one that stands at its path any more. */
export function isReplaced({ file, database }: IndexDatabase): boolean {
  if (file === undefined) return false;
  const mark = numberOf(database, 'PRAGMA application_id');
  return mark !== markOf(file);
}

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
export function isDamage(error: unknown): boolean {
  return isOneOf(error, [11, 26]);
}

/** SQLITE_BUSY, SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL: the file is all right, but cannot be written now. */
export function isUnwritable(error: unknown): boolean {
  return isOneOf(error, [5, 8, 10, 13]);
}

function isOneOf(error: unknown, codes: readonly number[]): boolean {
  const { errcode } = error as { readonly errcode?: number };
  return errcode !== undefined && codes.includes(errcode & 0xff);
}

/** An index that lives only as long as it is open. */
export function temporaryIndex(): IndexDatabase {
  const database = new DatabaseSync('');
  create(database, undefined);
  return { database, file: undefined };
}

function open(file: string): DatabaseSync {
  makePrivate(file);
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    // The index can be rebuilt: a power cut may cost its last batches, but must not damage it.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;');
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  return database;
}

/**
 * Makes the file before SQLite does: it holds what agents said, so only its owner may read it. That is the owner of the
 * directory, also when a command that root runs is the first to come. SQLite gives its other files the same mode and owner.
 */
function makePrivate(file: string): void {
  if (existsSync(file)) return;
  closeSync(openSync(file, 'a', 0o600));
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(file));
  chownSync(file, uid, gid);
}

function create(database: DatabaseSync, file: string | undefined): void {
  database.exec(createSchema);
  database.exec(`PRAGMA user_version = ${schemaVersion}`);
  if (file !== undefined) database.exec(`PRAGMA application_id = ${markOf(file)}`);
}

function isTrusted(database: DatabaseSync, file: string): boolean {
  try {
    if (numberOf(database, 'PRAGMA user_version') !== schemaVersion) return false;
    if (numberOf(database, 'PRAGMA application_id') !== markOf(file)) return false;
    // Reads the whole schema, and the table that everything begins with.
    database.prepare('SELECT next FROM cursor').get();
    return true;
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

/** Tells a file from its copies: 31 bits of a hash of its inode number. 0 when there is no file. */
function markOf(file: string): number {
  const inode = statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
  return inode === undefined ? 0 : hash('sha256', `onrecord index ${inode}`, 'buffer').readInt32BE(0) & 0x7fffffff;
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(pragma).get() ?? {})[0]);
}

function remove(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}

function isWritable(data: string): boolean {
  try {
    accessSync(data, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs `action` while no other process is in here for the same directory. The lock is SQLite's own on an empty file, so
 * that it is gone with the process that holds it.
 */
function whileNobodyElseOpens<T>(data: string, action: () => T): T {
  const file = join(data, 'index.lock');
  makePrivate(file);
  const lock = new DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return action();
  } finally {
    lock.close();
  }
}
