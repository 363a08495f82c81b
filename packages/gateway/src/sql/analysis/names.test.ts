import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Analysis } from '../analysis.ts';
import { catalogFixture } from '../catalog.fixture.ts';
import { analysisOf, analyze, lines, session } from './analysis.fixture.ts';
import { listedNames, type Surroundings } from './surroundings.ts';

describe('names', () => {
  test('are looked up along the search path of the session', () => {
    assert.deepEqual(lines('select 1 from customers', { searchPath: ['pg_catalog', 'archive', 'public'] }), [
      'select reads archive.customers',
    ]);
    assert.deepEqual(lines('select 1 from customers', { searchPath: ['public', 'archive'] }), [
      'select reads customers',
    ]);
  });

  test('may be in any schema while the path is not known', () => {
    assert.deepEqual(lines('delete from customers', { searchPath: undefined }), [
      'delete writes archive.customers, customers: write blind',
    ]);
    assert.deepEqual(lines('select nothing from nowhere', { searchPath: undefined }), ['select reads nowhere']);
  });

  test('that the catalog does not have are told, as the text has them', () => {
    const cases: { readonly [sql: string]: readonly string[] } = {
      'select * from nowhere, s.nowhere, customers': ['nowhere', 's.nowhere'],
      'insert into nowhere select 1': ['nowhere'],
      'drop table nowhere': ['nowhere'],
      'create table nowhere (x int)': [],
      'create view nowhere as select 1 from nothing': ['nothing'],
      'with nowhere as (select 1) select * from nowhere': [],
      'select wipe()': [],
    };
    for (const [sql, expected] of Object.entries(cases)) assert.deepEqual(analysisOf(sql).unresolved, expected, sql);
    assert.deepEqual(lines('select * from nowhere'), ['select reads nowhere']);
  });

  test('are all unresolved without a catalog', () => {
    const { commands, unresolved, lineage } = analysisOf('delete from customers where lower(name) = $1', {
      catalog: undefined,
    });
    assert.deepEqual(unresolved, ['customers']);
    assert.deepEqual(commands[0].writes, ['public.customers']);
    assert.deepEqual([commands[0].isOpaque, commands[0].hasWhere], [false, true]);
    assert.equal(lineage.touches, 'unknown');
    assert.deepEqual(lines("select nextval('s'), wipe()", { catalog: undefined }), [
      'select writes s calls nextval, wipe: write opaque',
    ]);
  });

  test('of temporary tables hide nothing: one may be gone', () => {
    const catalog = catalogFixture({
      relations: [
        { name: 'customers', columns: ['id int4'] },
        { schema: 'pg_temp_3', name: 'customers', columns: ['id int4'] },
      ],
    });
    const searchPath = ['pg_temp_3', 'pg_catalog', 'public'];
    assert.deepEqual(lines('select 1 from customers', { catalog, searchPath }), [
      'select reads pg_temp_3.customers, customers',
    ]);
    assert.deepEqual(lines('select 1 from pg_temp.customers', { catalog, searchPath }), [
      'select reads pg_temp_3.customers',
    ]);
  });
});

describe('answers', () => {
  test('are kept by text, for one catalog and search path', () => {
    const sql = 'select email from customers';
    assert.equal(analyze(sql, session), analyze(sql, { ...session, searchPath: ['pg_catalog', 'public'] }));
    assert.notEqual(analyze(sql, session), analyze(sql, { ...session, searchPath: ['archive'] }));
    assert.notEqual(analyze(sql, session), analyze(sql, { ...session, catalog: catalogFixture() }));
    assert.notEqual(
      analyze("select 'a'", session),
      analyze("select 'a'", { ...session, standardConformingStrings: false }),
    );
  });

  test('follow what a prepared statement means now', () => {
    let meaning: Analysis | undefined;
    const context = { ...session, prepared: () => meaning };
    assert.deepEqual(lines('execute p', context), ['execute: write opaque']);
    meaning = analysisOf('delete from customers');
    assert.deepEqual(lines('execute p', context), ['execute', 'delete (EXECUTE p) writes customers: write blind']);
    const first = analyze('execute p', context);
    assert.equal(analyze('execute p', context), first);
    meaning = analysisOf('select 1');
    assert.deepEqual(lines('execute p', context), ['execute', 'select (EXECUTE p)']);
  });
});

describe('texts', () => {
  test('may have a comment between the parts of a string', () => {
    const sql = "select 'a' -- it's\n 'b', \"x'y\" from customers where name = 'c' --\n\n--\n 'd'";
    assert.deepEqual(lines(sql), ['select reads customers']);
    assert.deepEqual(lines("select e'a\\'' -- b\n 'c' from customers"), ['select reads customers']);
    assert.deepEqual(lines("select set_config('search' --x\n '_path', 'a' --\n 'b', false)").length, 1);
    assert.deepEqual(analysisOf("select set_config('search' --x\n '_path', 'a', false)").effects, [
      { type: 'set', name: 'search_path', value: 'a', local: false },
    ]);
  });

  test('may have backslashes in strings', () => {
    const off = { standardConformingStrings: false };
    const sql = "select 'a\\' from orders where x = ' or delete' from customers";
    assert.deepEqual(lines("select 'it\\'s', 1 from customers", off), ['select reads customers']);
    assert.deepEqual(lines("select '\\\\' from customers --'", off), ['select reads customers']);
    assert.ok('why' in analyze(sql, { ...session, ...off }));
    assert.deepEqual(lines("select U&'d\\0061t', 'b\\\\' from customers", off), ['select reads customers']);
  });

  test('within others are not read while a backslash may mean either', () => {
    const off = { standardConformingStrings: false };
    const hidden = `do $$ begin perform '\\' || '; delete from customers; --'; end $$`;
    assert.equal(lines(hidden)[0], 'do');
    assert.equal(lines(hidden, off)[0], 'do: write opaque');
    assert.equal(lines('do $$ begin delete from customers; end $$', off)[0], 'do: write');
    assert.equal(lines('select backslash()')[0], 'select calls backslash');
    assert.equal(lines('select backslash()', off)[0], 'select calls backslash: write opaque');
    const given = "select query_to_xml($$select '\\' || ' union select 1$$, true, true, '')";
    assert.equal(lines(given, off)[0], 'select calls pg_catalog.query_to_xml: write opaque');
  });

  test('may be as long as an INSERT of megabytes', () => {
    const rows = "(1, 'it''s', null), ".repeat(60_000);
    assert.deepEqual(lines(`insert into customers values ${rows} (1)`), ['insert writes customers: write']);
    // What a literal of a shortened text said is not made up.
    const set = `insert into log values (set_config('search_path', 'a', false)), ('${'x'.repeat(20_000)}')`;
    assert.deepEqual(analysisOf(set).effects, [{ type: 'anything' }]);
  });

  test('are read in full when their literals are what they do', () => {
    const body = `delete from customers; ${'-- x\n'.repeat(5_000)}`;
    assert.deepEqual(lines(`do $$ begin ${body} end $$`)[1], 'delete (DO) writes customers: write blind');
    assert.deepEqual(analyze(`do $$ begin ${body.repeat(20)} end $$`, session), {
      why: 'The statement is too long to be analysed.',
    });
    assert.ok('why' in analyze(`copy customers to stdout (format 'csv') /* ${'x'.repeat(300_000)} */`, session));
  });

  test('without a schema are made in the first of the path that is there', () => {
    const searchPath = ['pg_temp_7', 'pg_catalog', 'agent', 'public'];
    const made = (more: Parameters<typeof catalogFixture>[0]): readonly string[] =>
      lines('create table made (x int)', { catalog: catalogFixture(more), searchPath });
    assert.deepEqual(made({ missingSchemas: ['agent'] }), ['ddl writes made: write ddl']);
    assert.deepEqual(made({}), ['ddl writes agent.made: write ddl']);
    const catalog = catalogFixture({ missingSchemas: ['agent'] });
    for (const schema of [
      'create schema agent create table made (x int)',
      'do $$ begin create schema agent; create table made (x int); end $$',
      'do $$ begin create schema authorization current_user; create table made (x int); end $$',
    ])
      assert.match(lines(schema, { catalog, searchPath }).join(), /writes agent[.]made/, schema);
    const around = (more: Parameters<typeof catalogFixture>[0]): Surroundings =>
      ({ catalog: catalogFixture(more), path: searchPath }) as unknown as Surroundings;
    const name = { schema: '', name: 'made' };
    assert.deepEqual(listedNames(around({}), name), ['agent.made']);
    assert.deepEqual(listedNames(around({ missingSchemas: ['agent'] }), name), ['public.made']);
    const both = ['agent.made', 'public.made'];
    assert.deepEqual(listedNames(around({ closedSchemas: ['agent'] }), name), both, 'the role may not look into it');
    assert.deepEqual(listedNames(around({ missingSchemas: ['agent', 'public'] }), name), both);
    assert.deepEqual(listedNames({ ...around({}), catalog: undefined }, name), both);
    assert.deepEqual(listedNames({ ...around({}), path: undefined }, name), ['made']);
    assert.deepEqual(listedNames(around({}), { schema: 's', name: 'made' }), ['s.made']);
  });
});
