import type { Seeded } from './seeded.ts';

/**
 * What a client says in one session, as lines of conformance scripts (tests/conformance/README.md): mostly sensible,
 * often in an order that nobody would choose, sometimes wrong. What it means never depends on time, so two servers must
 * answer it alike. All names live in the session or its temporary schema; `mark` tells the sessions apart.
 */
export function randomConversation(random: Seeded, mark: string): readonly string[] {
  const lines: string[] = [query(stage)];
  const units = 3 + random.below(14);
  for (let unit = 0; unit < units; unit += 1) lines.push(...random.pick(menu)(random, mark));
  // A server says what it has to say only when it is asked to, and an error only once.
  lines.push('Flush');
  if (random.below(2) === 0) lines.push('Sync');
  if (random.below(2) === 0) lines.push('Terminate');
  return lines;
}

const stage = `create temp table t (a int, b text); create temp table refuses (a int);
create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
create trigger refuse before insert on refuses for each statement execute function pg_temp.refuse()`;

type Unit = (random: Seeded, mark: string) => readonly string[];

/** The last two are one to the server, which cuts names at 63 bytes. */
const statementNames = ['', '', '', 'a', 'b', 'q', `${'n'.repeat(63)}1`, `${'n'.repeat(63)}2`];
const portalNames = ['', '', '', 'p', 'c'];
const limits = [0, 0, 0, 1, 2, 5, -1];

/** Single statements without parameters. */
const plain: readonly ((random: Seeded, mark: string) => string)[] = [
  (random) => `select ${random.below(100)}`,
  (random) => `select generate_series(1, ${random.below(7)})`,
  () => 'select a, b from t order by a, b',
  (random) => `insert into t values (${random.below(9)}, 'semi;colon')`,
  () => "update t set b = 'x' where a = 1 returning a",
  () => 'select 1/0',
  () => 'select 10 / (4 - generate_series(1, 6))',
  () => 'selec',
  () => 'select nothing from nowhere',
  () => '',
  () => '/* only; a comment */',
  () => '-- to the end\nselect 7',
  () => 'begin',
  () => 'begin',
  () => 'commit',
  () => 'rollback',
  () => 'savepoint s',
  () => 'rollback to s',
  () => 'copy t from stdin',
  () => 'copy t from stdin',
  () => 'copy refuses from stdin',
  () => 'copy t to stdout',
  () => 'copy (select generate_series(1, 5)) to stdout',
  () => 'prepare q (int) as select $1, generate_series(1, 3)',
  () => 'execute q (3)',
  () => 'deallocate q',
  () => 'deallocate all',
  () => 'discard all',
  () => 'declare c cursor for select generate_series(1, 9)',
  () => 'declare c cursor with hold for select generate_series(1, 9)',
  () => 'fetch 2 from c',
  () => 'move 1 in c',
  () => 'close c',
  () => 'close all',
  (random) => `set standard_conforming_strings = ${random.pick(['on', 'off'])}`,
  (random) => `set client_encoding = '${random.pick(['latin1', 'utf8', 'sjis'])}'`,
  () => String.raw`select 'a\'; select 2 --'`,
  () => String.raw`select E'it\'s; one', 'a\\b'`,
  () => "do $$ begin raise notice 'a; b'; end $$",
  () => "do $$ begin raise warning 'w'; raise exception 'x'; end $$",
  () => "do $$ begin raise exception 'x' using errcode = '08P01'; end $$",
  (_random, mark) => `listen l${mark}`,
  (random, mark) => `notify l${mark}, 'n${random.below(9)}'`,
  (random) => `select repeat('x', ${random.below(90_000)})`,
  (random) => `select n, repeat('y', 100) from generate_series(1, ${random.below(900)}) n`,
  () => 'create temp table if not exists u (a int)',
  () => 'show client_encoding',
  () => 'set constraints all deferred',
  () => 'set session characteristics as transaction isolation level serializable',
  () => 'create rule r as on update to t do also (select 1; select 2)',
];

const withParameters = [
  'select $1::int + 1',
  'select $1::text, $2::text',
  'insert into t values ($1, $2)',
  'select generate_series(1, $1::int)',
  'select 10 / $1::int, generate_series(1, 3)',
];

const menu: readonly Unit[] = [
  (random, mark) => [query(random.pick(plain)(random, mark))],
  (random, mark) => [query(random.pick(plain)(random, mark))],
  several,
  several,
  run,
  run,
  run,
  (random, mark) => [...run(random, mark), ...run(random, mark), 'Sync'],
  (random, mark) => [...run(random, mark), 'Sync'],
  (random, mark) => [...run(random, mark), 'Sync'],
  () => ['Sync'],
  () => ['Sync'],
  () => ['Flush'],
  (random) => [execute(random)],
  (random) => [bind(random)],
  parse,
  (random) => [`Describe ${random.pick(['statement', 'portal'])} "${random.pick(portalNames)}"`],
  (random) => [`Close ${random.pick(['statement', 'portal'])} "${random.pick(statementNames)}"`],
  copyIn,
  copyIn,
  copyData,
  (random) => [`FunctionCall 177 formats=[0] values=["${random.below(50)}", "2"] result=0`],
  () => ['FunctionCall 177 formats=[0] values=["2147483647", "2"] result=0'],
  () => ['FunctionCall 177 formats=[0] values=["no number"] result=0'],
  (random) => [
    query('begin'),
    ...named(random, 'p', 'select generate_series(1, 9)'),
    'Execute "p" 2',
    'Execute "p" 3',
    ...(random.below(2) === 0 ? ['Sync'] : []),
    'Execute "p"',
    'Sync',
  ],
  (random) => [`Bind "" "${random.pick(statementNames)}" values=["0123456789"*${random.below(150_000)}]`],
];

function several(random: Seeded, mark: string): readonly string[] {
  const parts = Array.from({ length: 2 + random.below(3) }, () => random.pick(plain)(random, mark));
  return [query(parts.join(random.pick([';', ';', ' ; ', ';;', ';\n'])) + random.pick(['', ';', ' ;\n']))];
}

/** Parse, Bind and Execute, some of which may be missing. */
function run(random: Seeded, mark: string): readonly string[] {
  const lines = [...parse(random, mark), bind(random), execute(random)];
  if (random.below(3) === 0) lines.splice(1, 0, 'Describe statement ""');
  if (random.below(3) === 0) lines.splice(-1, 0, 'Describe portal ""');
  if (random.below(8) === 0) lines.splice(random.below(lines.length), 1);
  if (random.below(8) === 0) lines.push('Flush');
  return lines;
}

function parse(random: Seeded, mark: string): readonly string[] {
  const sql =
    random.below(2) === 0
      ? random.pick(withParameters)
      : random.pick(random.below(9) === 0 ? [several2] : plain)(random, mark);
  const types = random.below(5) === 0 ? ' [23]' : '';
  const name = random.pick(statementNames);
  const close = name !== '' && random.below(2) === 0 ? [`Close statement "${name}"`] : [];
  return [...close, `Parse "${name}" ${JSON.stringify(sql)}${types}`];
}

function several2(): string {
  return 'select 1; select 2';
}

function bind(random: Seeded): string {
  const values = Array.from({ length: random.below(3) }, () => random.pick(['"1"', '"0"', '"3"', '"x"', 'null']));
  const results = random.below(6) === 0 ? ' results=[1]' : '';
  return `Bind "${random.pick(portalNames)}" "${random.pick(statementNames)}" values=[${values.join(', ')}]${results}`;
}

function execute(random: Seeded): string {
  return `Execute "${random.pick(portalNames)}" ${random.pick(limits)}`;
}

function named(random: Seeded, portal: string, sql: string): readonly string[] {
  return [
    `Parse "" ${JSON.stringify(sql)}`,
    `Bind "${portal}" "" values=[]`,
    ...(random.below(2) === 0 ? ['Flush'] : []),
  ];
}

/** A COPY with its data: whole or not, right or wrong, in either protocol, with messages that it passes over. */
function copyIn(random: Seeded, mark: string): readonly string[] {
  const table = random.pick(['t', 't', 't', 'refuses']);
  const sql = `copy ${table} from stdin`;
  const begin =
    random.below(2) === 0
      ? [query(random.below(3) === 0 ? `select 1; ${sql}; select 2` : sql)]
      : [`Parse "" "${sql}"`, 'Bind "" "" values=[]', 'Execute ""', ...random.pick([[], ['Sync'], ['Flush']])];
  const pieces = Array.from({ length: random.below(4) }, () => copyData(random, mark)).flat();
  const end = random.pick([['CopyDone'], ['CopyDone'], ['CopyFail "no more"'], []]);
  return [...begin, ...pieces, ...end, ...random.pick([[], ['Sync'], ['Sync'], ['Sync', 'Sync']])];
}

function copyData(random: Seeded, _mark: string): readonly string[] {
  const data = random.pick(['1\tx\n', '2\ty\n3\tz\n', 'no number\tx\n', '4\t', 'half', '\\.\n']);
  const one = `CopyData ${JSON.stringify(data)}`;
  return random.pick([[one], [one], [one, one], [one, 'Flush'], [one, 'Sync'], ['CopyDone'], ['Sync', one]]);
}

function query(sql: string): string {
  return `Query ${JSON.stringify(sql)}`;
}
