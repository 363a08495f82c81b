import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that the bench uses and does not bring along. */
export interface Tools {
  readonly pgbench: string | undefined;
  readonly pgbouncer: string | undefined;
}

interface Wanted {
  readonly tool: keyof Tools;
  readonly without: string;
  readonly install: string;
}

const wanted: readonly Wanted[] = [
  {
    tool: 'pgbench',
    without: 'throughput, durable and latency are left out',
    install: 'apt-get install postgresql-contrib postgresql (Debian, Ubuntu), dnf install postgresql-contrib (Fedora)',
  },
  {
    tool: 'pgbouncer',
    without: 'there is no comparison with PgBouncer',
    install: 'apt-get install pgbouncer (Debian, Ubuntu), dnf install pgbouncer (Fedora)',
  },
];

export function findTools(): Tools {
  return { pgbench: find('pgbench'), pgbouncer: find('pgbouncer') };
}

/** A line for each program that is not here: what the report lacks without it, and how to install it. */
export function describeMissing(tools: Tools): readonly string[] {
  return wanted
    .filter(({ tool }) => tools[tool] === undefined)
    .map(({ tool, without, install }) => `${tool} is not installed: ${without}. To install it: ${install}`);
}

/** Debian keeps PgBouncer in sbin, which users may not have in PATH, and some Postgres programs in a directory of their own. */
function find(name: string): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const directories = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    ...versions.map((version) => join(debian, version, 'bin')),
  ];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
