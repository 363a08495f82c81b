import { encodeMessage } from '../conformance/encode-message.ts';
import type { Seeded } from './seeded.ts';

/** What a client sends at once, and how many ReadyForQuery come back for it. */
export interface Action {
  readonly bytes: Uint8Array;
  readonly answers: number;
}

/** The table that every action works on. */
export const workloadSchema = 'create table if not exists w (client text, n int, t text)';

/** The password in the workload; it must appear nowhere. */
export const plantedSecret = 'correct-horse-battery-staple';

/** Makes the lines of an action; `mark` is a comment that no other action has. */
type Lines = (mark: string, random: Seeded, client: string) => readonly string[];

const text = (sql: string): string => JSON.stringify(sql);
const query = (sql: string): string => `Query ${text(sql)}`;

/** Everything that can be done on the wire and leaves a trace in the server's log. */
const menu: { readonly [name: string]: Lines } = {
  simple: (mark) => [query(`select 1 ${mark}`)],
  'with spaces and comments around': (mark) => [query(`  -- before\n  select 2 ${mark} ;  -- behind\n`)],
  nothing: () => [query('')],
  writes: (mark, random, client) => [
    query(`insert into w values ('${client}', ${random.below(100)}, 'semi;colon') ${mark}`),
  ],
  'several statements': (mark, random, client) => [
    query(
      `insert into w values ('${client}', 1, $$a;b$$) ${mark}; select count(*) > 0 from w ${mark} ; ;update w set n = n + 1 where client = '${client}' and n = ${random.below(5)} ${mark};`,
    ),
  ],
  'an error among several': (mark) => [query(`select 1 ${mark}; select 1/0 ${mark}; select 2 ${mark}`)],
  'a syntax error': (mark) => [query(`select 1 ${mark}; selec 2`)],
  'a transaction': (mark, random, client) => [
    query(`begin ${mark}`),
    query(`delete from w where client = '${client}' and n > ${random.below(90)} ${mark}`),
    query(random.below(2) === 0 ? `commit ${mark}` : `rollback ${mark}`),
  ],
  'a failed transaction': (mark) => [
    query(`begin ${mark}`),
    query(`select 1/0 ${mark}`),
    query(`select 'ignored' ${mark}`),
    query(`commit ${mark}`),
  ],
  parameters: (mark, random) => [
    `Parse "" ${text(`select $1::int + 1, $2::text ${mark}`)}`,
    `Bind "" "" values=["${random.below(1000)}", null]`,
    'Describe portal ""',
    'Execute ""',
    'Sync',
  ],
  'a prepared statement, executed three times': (mark, random) => [
    'Close statement "kept"',
    `Parse "kept" ${text(`select $1::int * 2 ${mark}`)}`,
    'Bind "" "kept" values=["1"]',
    'Execute ""',
    `Bind "" "kept" values=["${random.below(9)}"]`,
    'Execute ""',
    'Sync',
    'Bind "named" "kept" values=["3"]',
    'Execute "named"',
    'Sync',
  ],
  'parsed and never executed': (mark) => [`Parse "" ${text(`select 3 ${mark}`)}`, 'Describe statement ""', 'Sync'],
  'a pipeline with an error': (mark, random) => {
    const bad = random.below(4);
    const each = [0, 1, 2].flatMap((at) => [
      `Parse "" ${text(`select 10 / $1::int, ${at} ${mark}`)}`,
      `Bind "" "" values=["${at === bad ? 0 : 5}"]`,
      'Execute ""',
    ]);
    return [...each, 'Sync', `Parse "" ${text(`select 'behind' ${mark}`)}`, 'Bind "" ""', 'Execute ""', 'Sync'];
  },
  'a parameter that is none': (mark) => [
    `Parse "" ${text(`select $1::int ${mark}`)}`,
    'Bind "" "" values=["no number"]',
    'Execute ""',
    'Sync',
  ],
  'rows fetched in parts': (mark) => [
    query(`begin ${mark}`),
    `Parse "" ${text(`select generate_series(1, 5) ${mark}`)}`,
    'Bind "p" ""',
    'Execute "p" 2',
    'Sync',
    'Execute "p" 2',
    'Execute "p" 2',
    'Sync',
    query(`commit ${mark}`),
  ],
  'a cursor': (mark) => [
    query(`begin; declare c cursor for select generate_series(1, 9) ${mark}; fetch 3 from c ${mark}`),
    query(`fetch 2 from c ${mark}; close c; commit`),
  ],
  'PREPARE and EXECUTE': (mark) => [
    query(`prepare q as select 'prepared' ${mark}`),
    query(`execute q ${mark}`),
    query(`deallocate q ${mark}`),
  ],
  'COPY in': (mark, _random, client) => [
    query(`copy w from stdin ${mark}`),
    `CopyData ${text(`${client}\t7\tcopied\n`)}`,
    'CopyDone',
  ],
  'COPY in that fails': (mark) => [
    query(`copy w from stdin ${mark}`),
    `CopyData ${text('x\tno number\tcopied\n')}`,
    'CopyDone',
  ],
  'COPY in by the extended protocol': (mark, _random, client) => [
    `Parse "" ${text(`copy w from stdin ${mark}`)}`,
    'Bind "" ""',
    'Execute ""',
    `CopyData ${text(`${client}\t8\tcopied\n`)}`,
    'CopyDone',
    'Sync',
  ],
  'COPY out': (mark) => [query(`copy (select n from generate_series(1, 50) n) to stdout ${mark}`)],
  'a function call': (_mark, random) => [`FunctionCall 177 formats=[0] values=["${random.below(50)}", "2"] result=0`],
  'a function call that fails': () => ['FunctionCall 177 formats=[0] values=["2147483647", "2"] result=0'],
  'a block of code': (mark) => [query(`do $$ begin perform 1; raise notice 'a; b'; end $$ ${mark}`)],
  'a secret': (mark, random, client) => {
    const role = `${client}_${random.below(1_000_000)}`;
    return [
      query(`create role ${role} password '${plantedSecret}' ${mark}`),
      query(`drop role if exists ${role} ${mark}`),
    ];
  },
  'many rows': (mark) => [query(`select n, md5(n::text) from generate_series(1, 1500) n ${mark}`)],
  'a long text': (mark) => [`Query ${text(`select length('`)} + "x"*60000 + ${text(`') ${mark}`)}`],
  'a large parameter': (mark) => [
    `Parse "" ${text(`select length($1::text) ${mark}`)}`,
    'Bind "" "" values=["0123456789"*20000]',
    'Execute ""',
    'Sync',
  ],
  slow: (mark, random) => [query(`select pg_sleep(0.0${random.below(3)}) ${mark}`)],
  'several Queries at once': (mark) => [0, 1, 2, 3].map((at) => query(`select ${at} ${mark}`)),
};

/** The next thing that a client does; how often it was asked is `number`. */
export function nextAction(client: string, number: number, random: Seeded): Action {
  const name = random.pick(Object.keys(menu));
  const lines = menu[name]?.(`/* ${client} ${number} */`, random, client) ?? [];
  return { bytes: Buffer.concat(lines.map(encodeMessage)), answers: lines.filter(isAnswered).length };
}

function isAnswered(line: string): boolean {
  return /^(Query|Sync|FunctionCall)/.test(line);
}
