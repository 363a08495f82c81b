import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { type Ended, findProgram, runProgram } from '../support/program.ts';
import { assertSameLines } from '../support/same-lines.ts';
import { libpqEnvironment, type Target } from '../support/target.ts';

const psql = findProgram('psql');
const system = findBinaries('system');
const skip = psql === undefined || system === undefined ? 'psql or a server of its version is not installed' : false;

/** Scripts for psql's standard input; each exercises what psql does by itself on the wire. */
const scripts: { readonly [name: string]: string } = {
  'statements, several in a line, errors and notices': `
    select 1 as one, null as n; select 'two';
    select 1; selec 2; select 3 \\; select 4;
    do $$ begin raise notice 'noticed'; raise warning 'warned'; end $$;
    select 1/0;
    \\errverbose
    create table t (a int primary key); insert into t values (1), (1);
    \\set VERBOSITY verbose
    select * from no_such_table;
    \\set VERBOSITY sqlstate
    select * from no_such_table;`,

  'transactions, savepoints, ON_ERROR_ROLLBACK': `
    \\set ON_ERROR_ROLLBACK on
    create table t (a int);
    begin; insert into t values (1); select 1/0; insert into t values (2); commit;
    select * from t;
    \\set AUTOCOMMIT off
    insert into t values (3); rollback; select count(*) from t;`,

  describing: `
    create table parent (a int primary key, b text default 'x' not null, c numeric(10, 2) check (c > 0));
    create table child (p int references parent on delete cascade, at timestamptz default now());
    create index on child (at desc) where p > 5;
    create view v as select a, c from parent;
    create function f(a int, b text = 'x') returns setof parent language sql as 'select * from parent';
    create type mood as enum ('sad', 'ok');
    comment on table parent is 'of children';
    \\d
    \\d+ parent
    \\d child
    \\dv+
    \\df f
    \\sf f
    \\sv v
    \\dT+ mood
    \\dn
    \\du
    \\l
    \\dp
    \\di
    \\dt pg_catalog.pg_c*
    \\dx
    \\ddp`,

  'copying in and out': `
    create table t (a int, b text);
    \\copy t from stdin with (format csv)
1,one
2,"two, and ""more"""
\\.
    copy t from stdin;
3	three
4	\\N
\\.
    \\copy t to stdout
    copy (select * from t order by a desc) to stdout with (format csv, header);
    \\copy (select a from t where a > 2) to stdout
    \\copy t from stdin
no number	x
\\.
    select count(*) from t;`,

  '\\gdesc, \\gset, \\gexec, \\gx, \\crosstabview': `
    select 1::int8 as a, now() as b, 'x'::varchar(5) as c \\gdesc
    select 5 as five, 'text' as word \\gset
    select :five * 2, :'word';
    select format('create table t%s (a int)', n) from generate_series(1, 3) n \\gexec
    \\dt
    select 1 as a, 2 as b \\gx
    select n, n % 2 as odd, n * n as square from generate_series(1, 4) n \\crosstabview n odd square`,

  'rows in parts, with FETCH_COUNT': `
    \\set FETCH_COUNT 100
    select n, md5(n::text) from generate_series(1, 1050) n;
    select 1/(5 - n) from generate_series(1, 10) n;`,

  'large objects, over function calls': `
    \\lo_import :file
    \\lo_list
    \\lo_export :LASTOID :out
    select length(lo_get(:LASTOID)), md5(lo_get(:LASTOID));
    \\lo_unlink :LASTOID`,

  'settings, encodings, roles, listening': `
    set client_encoding = latin1; select 'é'; \\encoding
    \\encoding utf8
    select U&'\\00e9';
    create role reader; grant select on all tables in schema public to reader; set role reader; select current_user; reset role; drop role reader;
    listen c; notify c, 'payload'; select 1;
    prepare p as select $1::int + 1; execute p(1); deallocate p;
    explain (costs off) select * from pg_class where oid = 1;
    show transaction_isolation; \\timing off`,
};

describe('psql works through the gateway as it does without', { skip, timeout: 600_000 }, () => {
  let pair: Pair;
  let directory: string;
  before(async () => {
    pair = await startPair({ postgres: { binaries: 'system' } });
    directory = temporaryDirectory('psql');
    writeFileSync(join(directory, 'large'), Buffer.alloc(100_000, 'a large object '));
  });
  after(async () => {
    await pair?.stop();
    removeDirectory(directory);
  });

  const run = async (
    target: Target,
    args: readonly string[],
    options: { input?: string; interrupt?: string },
  ): Promise<Ended> => {
    await pair.admin.reset();
    const { interrupt, input } = options;
    return runProgram(psql ?? '', ['-X', '-P', 'pager=off', ...args], {
      env: { ...libpqEnvironment(target), PGSSLMODE: 'prefer', PGOPTIONS: '-c intervalstyle=iso_8601' },
      cwd: directory,
      ...(input === undefined ? {} : { input }),
      started: (signal) => {
        if (interrupt !== undefined) pair.admin.waitFor(interrupt).then(() => signal('SIGINT'));
      },
    });
  };
  const compare = async (
    args: readonly string[],
    options: { input?: string; interrupt?: string } = {},
  ): Promise<Ended> => {
    const direct = await run(pair.postgres, args, options);
    assertSameLines(linesOf(await run(pair.gateway, args, options)), linesOf(direct));
    return direct;
  };

  for (const [name, input] of Object.entries(scripts)) {
    it(name, async () => {
      const files = ['-v', `file=${join(directory, 'large')}`, '-v', `out=${join(directory, 'copy')}`];
      const { stdout } = await compare(['-a', ...files], { input });
      assert.ok(stdout.length > 200);
    });
  }

  it('one command, several in one -c, one transaction, stopping at an error', async () => {
    await compare(['-c', 'select 1', '-c', 'select 2; select 3']);
    await compare([
      '-1',
      '-v',
      'ON_ERROR_STOP=1',
      '-c',
      'create table t (a int)',
      '-c',
      'select 1/0',
      '-c',
      'select 2',
    ]);
    await compare(['-A', '-t', '-c', 'select current_database(), current_user']);
  });

  it('an interrupt cancels what runs, and the next statement works', async () => {
    const interrupt = "select count(*) = 1 from pg_stat_activity where wait_event = 'PgSleep'";
    const { stderr, stdout } = await compare(['-f', '-'], { input: 'select pg_sleep(60);\nselect 2;', interrupt });
    assert.match(stderr + stdout, /canceling statement due to user request/);
  });

  it("is told in psql's own words when it is not let in", async () => {
    const wrong = await run({ ...pair.gateway, password: 'wrong' }, ['-c', 'select 1'], {});
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /FATAL: {2}password authentication failed for user "tester"/);
  });
});

/** Everything that psql said, but for what differs from run to run: OIDs of large objects, process ids. */
function linesOf({ status, stdout, stderr }: Ended): readonly string[] {
  const plain = (text: string): string => text.replaceAll(/\b\d{5}\b/g, 'OID').replaceAll(/PID \d+/g, 'PID');
  return [`status ${status}`, ...plain(stdout).split('\n'), ...plain(stderr).split('\n')];
}
