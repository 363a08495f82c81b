import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Analysis } from '../analysis.ts';
import { analyze, session } from './analysis.fixture.ts';

const table = fc.constantFrom(
  'customers',
  'payments',
  'payments_2024',
  'orders',
  'contacts',
  'nowhere',
  'archive.customers',
  'computed',
  'loop_a',
);
const column = fc.constantFrom('id', 'email', 'name', 'total', 'wipe', 'ctid', 'mail', '*');
const alias = fc.constantFrom('a', 'b', 'customers', 'old', 'excluded');
const callable = fc.constantFrom(
  'wipe',
  'lower',
  'count',
  'nextval',
  'set_config',
  'python',
  'nobody',
  'public.dynamic',
  'query_to_xml',
  'total_of',
  'table_to_xml',
);

/** Statements that the grammar mostly accepts, nested in each other. */
const { statement } = fc.letrec<{
  expression: string;
  query: string;
  from: string;
  command: string;
  statement: string;
}>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('1', 'null', "'x'", '$1', 'true', 'current_date'),
    fc.tuple(alias, column).map(([a, c]) => `${a}.${c}`),
    column.filter((name) => name !== '*'),
    fc.tuple(callable, tie('expression')).map(([f, e]) => `${f}(${e})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('=', '+', '~~~', 'and', '<>', 'like'), tie('expression'))
      .map(([l, o, r]) => `(${l} ${o} ${r})`),
    tie('query').map((query) => `(${query})`),
    tie('query').map((query) => `exists (${query})`),
    tie('expression').map((e) => `(${e}).wipe`),
    fc.tuple(tie('expression'), fc.constantFrom('text', 'checked', 'int[]')).map(([e, t]) => `cast(${e} as ${t})`),
    tie('expression').map((e) => `case ${e} when 1 then ${e} end`),
    tie('expression').map((e) => `row(${e}, 1)`),
  ),
  from: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(table, alias).map(([t, a]) => `${t} ${a}`),
    table,
    fc.tuple(tie('query'), alias).map(([q, a]) => `(${q}) ${a}`),
    fc
      .tuple(tie('from'), fc.constantFrom('cross join', 'natural join'), tie('from'))
      .map(([l, j, r]) => `(${l} ${j} ${r})`),
    fc.tuple(callable, tie('expression'), alias).map(([f, e, a]) => `${f}(${e}) ${a}`),
    fc.tuple(tie('from'), tie('from'), alias).map(([l, r, a]) => `(${l} join ${r} using (id)) as ${a}`),
  ),
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(tie('expression'), tie('from')).map(([e, f]) => `select ${e} from ${f}`),
    fc
      .tuple(tie('expression'), tie('from'), tie('expression'))
      .map(([e, f, w]) => `select ${e} from ${f} where ${w} order by ${e}`),
    fc.tuple(tie('query'), tie('query')).map(([l, r]) => `${l} union ${r}`.replace(/ order by [^)]* union/, ' union')),
    fc.tuple(alias, tie('command'), tie('query')).map(([a, c, q]) => `with ${a} as (${c}) ${q}`),
    tie('expression').map((e) => `values (${e})`),
  ),
  command: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('query'),
    fc
      .tuple(table, tie('query'))
      .map(([t, q]) => `insert into ${t} ${q} on conflict (id) do update set name = excluded.name returning *`),
    fc
      .tuple(table, tie('expression'), tie('expression'))
      .map(([t, e, w]) => `update ${t} set name = ${e} where ${w} returning old.*`),
    fc.tuple(table, tie('from'), tie('expression')).map(([t, f, w]) => `delete from ${t} using ${f} where ${w}`),
    fc
      .tuple(table, tie('from'), tie('expression'))
      .map(
        ([t, f, w]) =>
          `merge into ${t} using ${f} on ${w} when matched then delete when not matched then insert values (${w})`,
      ),
  ),
  statement: fc.oneof(
    tie('command'),
    tie('command').map((c) => `explain analyze ${c}`),
    tie('command').map((c) => `explain ${c}`),
    tie('command').map((c) => `prepare p as ${c}`),
    tie('query').map((q) => `declare c cursor for ${q}`),
    tie('query').map((q) => `create table t as ${q}`),
    tie('query').map((q) => `create view v as ${q}`),
    tie('query').map((q) => `copy (${q}) to stdout`),
    tie('command').map((c) => `do $do$ declare x int; begin ${c}; perform ${c}; if (${c}) then null; end if; end $do$`),
    tie('expression').map((e) => `create index on customers ((${e}))`),
    fc.tuple(table, tie('expression')).map(([t, e]) => `alter table ${t} alter name type text using ${e}`),
    fc.tuple(table, tie('command')).map(([t, c]) => `create rule r as on insert to ${t} do also ${c}`),
  ),
}));

const contexts = [session, { ...session, searchPath: undefined }, { ...session, catalog: undefined }];

describe('analyze', () => {
  test('never throws, and says of every statement what it is', () => {
    let analysed = 0;
    fc.assert(
      fc.property(statement, fc.constantFrom(...contexts), (sql, context) => {
        const analysis = analyze(sql, context);
        if ('why' in analysis) return;
        analysed += 1;
        assert.ok(analysis.commands.length > 0);
        for (const { reads, writes, functions } of analysis.commands) {
          for (const names of [reads, writes, functions]) assert.deepEqual(names, Array.from(new Set(names)).sort());
        }
      }),
      { numRuns: 1_500, seed: 7 },
    );
    assert.ok(analysed > 700, `only ${analysed} were analysed`);
  });

  test('finds a write wherever a statement hides it', () => {
    const hidden = 'with gone as (delete from log returning 1) select 1';
    const places = fc.constantFrom<(sql: string) => string>(
      (sql) => `explain analyze ${sql}`,
      (sql) => `copy (${sql}) to stdout`,
      (sql) => `declare c cursor for ${sql}`,
      (sql) => `create table t as ${sql}`,
      (sql) => `do $do$ begin perform 1; ${sql}; end $do$`,
      (sql) => `do $do$ begin for r in ${sql} loop null; end loop; end $do$`,
      (sql) => `do $do$ begin return query ${sql}; end $do$`,
      (sql) => `insert into customers ${sql}`,
      (sql) => `select query_to_xml('${sql}', true, true, '')`,
      (sql) => `do $do$ begin execute '${sql}'; end $do$`,
    );
    const flat = fc.tuple(fc.constantFrom('', ' -- x\n', '/* a /* b */ */'), fc.boolean()).map(([blank, isUpper]) => {
      const sql = isUpper ? hidden.toUpperCase() : hidden;
      return sql.replaceAll(' ', ` ${blank}`);
    });
    fc.assert(
      fc.property(places, flat, (place, sql) => {
        const analysis = analyze(place(sql), session) as Analysis;
        const deletes = analysis.commands.filter(
          ({ kind, writes }) => kind === 'delete' && writes.includes('public.log'),
        );
        assert.equal(deletes.length, 1, place(sql));
      }),
      { numRuns: 100, seed: 7 },
    );
  });
});
