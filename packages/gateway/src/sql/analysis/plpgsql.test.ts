import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadModule, parsePlPgSQLSync } from 'libpg-query';
import { plpgsqlFragments } from './plpgsql.ts';

await loadModule();

/** Bodies with every statement of PL/pgSQL, several ways. */
const bodies: readonly string[] = [
  'begin end',
  'begin null; end;',
  'declare x int; begin x := 1; end',
  `declare
     x constant int not null := 1 + (select 1);
     y numeric(10, 2) default 3;
     z text = 'a; b';
     "Q" public.t%rowtype;
     c cursor for select a, b from t where x = 1;
     d no scroll cursor (k int, l text) is select * from u where u.k = k;
     r record;
   begin
     <<outer>>
     for r in select * from t order by 1 loop
       for d2 in 1 .. 10 loop null; end loop;
       exit outer when r.x > 1;
       continue when r.y is null;
     end loop outer;
     open c; fetch next from c into r; move forward 2 from c; close c;
     open d(1, l := 'x');
   end`,
  `declare r record; v int; w int; begin
     select a, b into v, w from t where c = 1;
     select a into strict v from t;
     insert into t (a) values (1) returning id into v;
     with q as (insert into t select 1 returning id) select id into v from q;
     update t set a = 1 where b = 2 returning a into r;
     delete from t;
     merge into t using u on t.a = u.a when matched then delete;
     truncate t;
     perform f(1), g(2) from u;
     call p(1);
   end`,
  `declare v int; r record; begin
     if v = 1 then delete from t; elsif v = (case when true then 2 else 3 end) then update t set a = 1; else null; end if;
     case v when 1, 2 then insert into t values (1); when 3 then null; else delete from u; end case;
     case when v > 1 then null; end case;
     while v < (select max(a) from t) loop v := v + 1; end loop;
     loop exit; end loop;
     for i in reverse 10 .. (select 1) by 2 loop null; end loop;
     foreach v slice 1 in array array[1, 2] loop null; end loop;
     for r in execute 'select 1' using v loop null; end loop;
     for r in with x as (select 1) select * from x loop null; end loop;
     for r in delete from t returning * loop null; end loop;
   end`,
  `declare v int; r record; c refcursor; begin
     execute 'drop table t';
     execute 'select ' || v into v using v, (select 1);
     execute format('x %s', v) using 1 into strict v;
     open c for select a from t;
     open c no scroll for select b from t;
     open c for execute 'select ' || v using 1;
     raise notice 'a % b %', v, (select count(*) from t);
     raise exception using message = 'x' || v, errcode = '22012';
     raise sqlstate '22012' using hint = 'h';
     raise division_by_zero;
     raise;
     assert v > 0, 'message ' || v;
     get diagnostics v = row_count;
     commit; rollback and chain;
   exception
     when division_by_zero or unique_violation then insert into log values (sqlerrm);
     when sqlstate '22012' then null;
     when others then get stacked diagnostics v = message_text; raise;
   end`,
  `declare v int[]; r record; begin
     v[1] := (select 1 from t); r.a := 2; v[1:2] = array[1]; r.b.c := 3;
     r := row(1, 2);
     v := a from t where b = 1;
     begin declare w int := 1; begin delete from t where a = w; end; end;
     -- delete from comment; /* nested */
     perform 'a;b', $$x;y$$, "c;d" /* ; */ from t;
     set local search_path = a;
     create temp table tt as select 1;
     create table t2 (a int);
   end`,
];

/** The SQL that libpg_query finds in a body, without blanks that mean nothing. */
function expected(body: string): readonly string[] {
  const found: string[] = [];
  const collect = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [field, child] of Object.entries(node)) {
      // Modes of the raw parser (parser.h): from 3 on, an assignment with its target.
      if (field === 'PLpgSQL_expr') found.push(child.parseMode > 2 ? child.query.replace(/^.*?:?=/, '') : child.query);
      else collect(child);
    }
  };
  collect(parsePlPgSQLSync(`create function f() returns void as $body$ ${body} $body$ language plpgsql`));
  return found;
}

const squeeze = (sql: string): string =>
  sql
    .replace(/^SELECT (?=\S)/, '')
    .replace(/^pg_catalog\.concat/, '')
    .replace(/^"__Case__Variable_\d+__" IN \((.*)\)$/, '$1')
    .replace(/\s+/g, '')
    .toLowerCase();

describe('plpgsqlFragments', () => {
  test('finds all SQL that libpg_query finds, whatever the statement', () => {
    for (const body of bodies) {
      const cut = plpgsqlFragments(body);
      const found = cut.map(({ sql }) => squeeze(sql)).join('\n');
      for (const sql of expected(body)) {
        // An INTO is taken out, several expressions of a list are one fragment, and a cursor's arguments have their names.
        const parts = squeeze(sql.replace(/ AS \w+/g, '')).split(/into(?:strict)?[a-z]+(?:,[a-z]+)?(?=from|$)|,/);
        for (const part of parts)
          assert.ok(found.includes(part), `${sql}\n--\n${cut.map((one) => `${one.type}: ${one.sql}`).join('\n')}`);
      }
      assert.ok(
        cut.every(({ type }) => type !== 'unknown'),
        body,
      );
    }
  });

  test('tells what runs from what is given', () => {
    const cases: { readonly [body: string]: readonly string[] } = {
      "begin execute 'x' || y into z using 1, 2; end": ["dynamic: 'x' || y", 'expression: 1, 2'],
      'begin execute f(x) using 1 into z; end': ['dynamic: f(x)', 'expression: 1'],
      'begin select 1 into strict a, b.c[1] from t; end': ['query: select 1 from t'],
      'begin insert into t select 1 returning id into x; end': ['query: insert into t select 1 returning id '],
      'begin return query execute x using y; end': ['dynamic: x', 'expression: y'],
      'begin return query select 1; end': ['query: select 1'],
      'begin return next f(x); return; return new; end': ['expression: f(x)', 'expression: new'],
      'begin open c for execute x using y; end': ['dynamic: x', 'expression: y'],
      'begin commit; rollback; end': ['transaction: ', 'transaction: '],
      '#variable_conflict use_column\nbegin delete from t; end': ['query: delete from t'],
      'begin commit_all(); end': ['query: commit_all()'],
      'begin "select" := 1; end': ['expression: 1'],
      'begin x[f()] := 1; end': ['expression: x[f()]', 'expression: 1'],
    };
    for (const [body, fragments] of Object.entries(cases)) {
      assert.deepEqual(
        plpgsqlFragments(body).map(({ type, sql }) => `${type}: ${sql}`),
        fragments,
        body,
      );
    }
  });

  test('ends, whatever the text', () => {
    const words = [
      'begin',
      'end',
      'if',
      'then',
      'for',
      'in',
      'loop',
      ';',
      '(',
      ')',
      '[',
      ':=',
      'x',
      "'",
      '$$',
      '"',
      'into',
      'execute',
      'declare',
      'cursor',
      '.',
      '..',
      'case',
      'when',
      'raise',
      'using',
      ',',
      '<<',
      'return',
      'query',
      'open',
    ];
    let seed = 1;
    const next = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed;
    };
    for (let round = 0; round < 5_000; round += 1) {
      const body = Array.from({ length: next() % 20 }, () => words[next() % words.length]).join(' ');
      assert.ok(plpgsqlFragments(body).length <= 40, body);
    }
  });
});

describe('FETCH', () => {
  const fetches = (body: string): boolean => plpgsqlFragments(body).some(({ type }) => type === 'fetch');

  test('of a cursor that the code opens itself reads what that says', () => {
    for (const body of [
      'declare c cursor for select 1; r int; begin open c; fetch c into r; move c; fetch next from c into r; close c; end',
      'declare c no scroll cursor for select 1; r int; begin open c; fetch relative 2 from c into r; end',
      'declare r int; c refcursor; begin open c for select 1; fetch c into r; fetch all in c into r; return c; end',
      'declare c cursor for select 1; r int; begin for x in c loop null; end loop; fetch c into r; end',
    ])
      assert.equal(fetches(body), false, body);
  });

  test('of one that an older server gives the name of its variable reads on from another, where it may not have been opened', () => {
    const on = (body: string, version: number): boolean =>
      plpgsqlFragments(`declare c cursor for select 1; r record; begin ${body} end`, version).some(
        ({ type }) => type === 'fetch',
      );
    for (const body of [
      'fetch c into r;',
      'if false then open c; end if; fetch c into r;',
      'for i in 1..0 loop open c; end loop; fetch c into r;',
      'begin open c; exception when others then null; end; fetch c into r;',
      'open c; exception when others then fetch c into r;',
      'if r.end then open c; fetch c into r; end if;',
      'open c; close c; fetch c into r;',
    ]) {
      assert.equal(on(body, 150_000), true, body);
      assert.equal(on(body, 160_000), false, body);
    }
    const opened =
      "if r.a then raise exception 'x'; end if; open c; loop fetch c into r; exit when not found; end loop; close c;";
    assert.equal(on(opened, 150_000), false);
  });

  test('of any other may read on from whatever the session has opened', () => {
    for (const body of [
      'declare r int; begin fetch c into r; end',
      "declare c refcursor := 'p'; r int; begin fetch c into r; end",
      "declare c refcursor; r int; begin c := 'p'; fetch c into r; end",
      "declare c cursor for select 1; r int; begin c := 'p'; fetch c into r; end",
      `declare c refcursor; r int; begin "c" := 'p'; fetch c into r; end`,
      `declare c refcursor; r int; begin U&"\\0063" := 'p'; fetch c into r; end`,
      "declare c refcursor; r int; begin select 'p' into c; fetch c into r; end",
      "declare c refcursor; r int; begin select 1, 'p' into r, c; fetch c into r; end",
      'declare c refcursor; r int; begin call p(c); fetch c into r; end',
      'declare c refcursor; r int; begin for c in select 1 loop fetch c into r; end loop; end',
      'declare c refcursor; d alias for c; r int; begin d := null; fetch c into r; end',
      'declare r int; begin declare c refcursor; begin null; end; fetch c into r; end',
      'declare c refcursor; r int; begin declare c text; begin fetch c into r; end; end',
      'declare "C" refcursor; r int; begin fetch "C" into r; end',
      'declare r int; begin fetch $1 into r; end',
      "declare c refcursor := 'p'; begin move forward 3 from c; end",
      'begin move c; end',
    ])
      assert.equal(fetches(body), true, body);
  });
});

test('what an error says is looked at by its diagnostics and its variables', () => {
  const catches = (body: string): boolean => plpgsqlFragments(body).some(({ type }) => type === 'caught');
  for (const body of [
    'begin select 1; exception when others then get stacked diagnostics d = message_text; end',
    'begin select 1; exception when others then return sqlerrm; end',
    'begin select 1; exception when others then return SQLSTATE; end',
    'begin select 1; exception when others then return "sqlerrm"; end',
  ])
    assert.equal(catches(body), true, body);
  for (const body of [
    'begin select 1; exception when others then return null; end',
    "begin get diagnostics d = row_count; raise notice 'sqlerrm'; end",
  ])
    assert.equal(catches(body), false, body);
});
