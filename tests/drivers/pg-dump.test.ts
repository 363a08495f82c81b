import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { findProgram, runToSuccess } from '../support/program.ts';
import { assertSameLines } from '../support/same-lines.ts';
import { libpqEnvironment, type Target } from '../support/target.ts';

const pgDump = findProgram('pg_dump') ?? '';
const pgRestore = findProgram('pg_restore') ?? '';
const missing = pgDump === '' || pgRestore === '' || findBinaries('system') === undefined;
const skip = missing ? 'pg_dump, pg_restore or a server of their version are not installed' : false;

const content = `
  create type mood as enum ('sad', 'happy');
  create table customers (id int primary key, name text not null, born date, feels mood, tags text[], more jsonb, photo bytea);
  insert into customers select n, 'Customer ' || n, date '1990-01-01' + n, case when n % 3 = 0 then 'sad' else 'happy' end::mood,
    array['a' || n, null], jsonb_build_object('n', n), decode(md5(n::text), 'hex') from generate_series(1, 2000) n;
  create table invoices (id bigserial primary key, customer int references customers, cents numeric(12, 2), note text);
  insert into invoices (customer, cents, note) select 1 + n % 2000, n / 7.0, E'tab\\there, back\\\\slash, newline\\n' || n from generate_series(1, 5000) n;
  create view owed as select customer, sum(cents) from invoices group by 1;
  create materialized view totals as select count(*) from invoices;
  create function f(a int) returns int language plpgsql as $$ begin return a; /* ; */ end $$;
  create index on invoices (customer) include (cents);
  create sequence s start 5 increment 7;
  select setval('s', 40);
  comment on column customers.name is 'who';
  create table parts (a int, b text) partition by range (a);
  create table parts_1 partition of parts for values from (0) to (10);
  insert into parts values (1, 'x');
  select lo_from_bytea(0, 'a large object');`;

describe('pg_dump and pg_restore work through the gateway as they do without', { skip, timeout: 600_000 }, () => {
  let pair: Pair;
  let directory: string;
  before(async () => {
    pair = await startPair({ postgres: { binaries: 'system' } });
    directory = temporaryDirectory('dump');
    await pair.admin.query(content);
    await pair.admin.query('create database restored');
    await pair.admin.query('create database restored_with_inserts');
  });
  after(async () => {
    await pair?.stop();
    removeDirectory(directory);
  });

  const dump = async (target: Target, ...args: readonly string[]): Promise<string> => {
    const { stdout } = await runToSuccess(pgDump, args, { env: libpqEnvironment(target), cwd: directory });
    return stable(stdout);
  };

  it('gives the same dump, byte for byte', async () => {
    const direct = await dump(pair.postgres);
    assert.ok(direct.includes('COPY public.customers'));
    same(await dump(pair.gateway), direct);
    same(
      await dump(pair.gateway, '--inserts', '--rows-per-insert=50'),
      await dump(pair.postgres, '--inserts', '--rows-per-insert=50'),
    );
  });

  it('gives the same dump of several jobs at a time', async () => {
    const of = async (target: Target, name: string): Promise<string> => {
      await dump(target, '-Fd', '-j', '3', '-f', join(directory, name));
      return stable((await runToSuccess(pgRestore, ['-f', '-', join(directory, name)])).stdout);
    };
    same(await of(pair.gateway, 'through'), await of(pair.postgres, 'direct'));
  });

  it('restores a dump into another database of the connection, from which the same dump is taken again', async () => {
    const archive = join(directory, 'archive');
    await dump(pair.gateway, '-Fc', '-f', archive);
    const restored = { ...pair.gateway, database: 'db/restored' };
    await runToSuccess(pgRestore, ['-d', restored.database, '-j', '3', archive], { env: libpqEnvironment(restored) });
    same(await dump({ ...pair.postgres, database: 'restored' }), await dump(pair.postgres));
  });

  it('restores a script of INSERTs with psql', { skip: findProgram('psql') === undefined }, async () => {
    const script = await dump(pair.postgres, '--inserts');
    const target = { ...pair.gateway, database: 'db/restored_with_inserts' };
    const args = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'];
    await runToSuccess(findProgram('psql') ?? '', args, { env: libpqEnvironment(target), input: script });
    same(await dump({ ...pair.postgres, database: 'restored_with_inserts' }), await dump(pair.postgres));
  });
});

/** Without the times in an archive's header, and without the random key that psql is told (pg_dump 15.14 and later). */
function stable(script: string): string {
  return script.replaceAll(/^-- (Started on|Completed on).*$|^\\(un)?restrict .*$/gm, '');
}

function same(through: string, direct: string): void {
  assertSameLines(through.split('\n'), direct.split('\n'));
}
