import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catalogFixture } from '../catalog.fixture.ts';
import { analysisOf, line } from './analysis.fixture.ts';

function use(sql: string): readonly string[] {
  return (analysisOf(sql).later?.use ?? []).map(line);
}

function write(sql: string): readonly string[] {
  return (analysisOf(sql).later?.write ?? []).map(line);
}

describe('a schema', () => {
  it('is renamed with all of its tables', () => {
    assert.match(
      analysisOf('alter schema archive rename to x').commands.map(line).join(),
      /writes archive[.]customers/,
    );
  });
});

describe('a prepared transaction', () => {
  it('is a write when it comes to its end', () => {
    for (const [sql, isWrite] of [
      ["prepare transaction 'x'", false],
      ["commit prepared 'x'", true],
      ["rollback prepared 'x'", true],
    ] as const)
      assert.equal(analysisOf(sql).commands[0].isWrite, isWrite, sql);
  });
});

describe('code that sets the search path', () => {
  it('can mean by a name whatever has it in any schema', () => {
    const run = (sql: string): string => analysisOf(sql).commands.map(line).join('\n');
    const archived = /writes.*archive[.]customers/;
    assert.doesNotMatch(run('do $$ begin insert into customers values (1); end $$'), archived);
    for (const set of [
      'set local search_path = archive',
      "perform set_config('search_path', 'archive', true)",
      'reset all',
      'set role x',
    ])
      assert.match(run(`do $$ begin ${set}; insert into customers values (1); end $$`), archived, set);
  });
});

describe('what can run by what is defined', () => {
  it('is what a function does, by call or by way of an operator', () => {
    const body = "create function f() returns int language sql as 'delete from customers; select 1'";
    assert.ok(use(body).some((command) => command.startsWith('delete') && command.includes('customers')));
    assert.ok(use('create operator ### (leftarg = text, function = wipe)').some((command) => command.includes('wipe')));
    assert.ok(use('create domain d as int check (wipe() is null)').some((command) => command.includes('wipe')));
  });

  it('is what a trigger or a rule does, when something is written', () => {
    const trigger = 'create trigger t after insert on customers for each row execute function log_order()';
    assert.deepEqual(use(trigger), []);
    assert.notDeepEqual(write(trigger), []);
    const rule = 'create rule r as on insert to customers do also delete from orders';
    assert.ok(write(rule).some((command) => command.startsWith('delete') && command.includes('writes orders')));
    assert.match(write('alter table customers enable trigger t').join(), /opaque/);
  });

  it('is what stands behind a relation that gets another name, or under the name of one that is gone', () => {
    assert.match(write('alter table orders rename to bills').join(), /writes orders/);
    assert.match(use('alter table orders set schema archive').join(), /reads orders/);
    assert.match(use('alter schema public rename to x').join(), /opaque/);
  });

  it('is what stands behind what goes along with something else', () => {
    const catalog = catalogFixture({
      relations: [
        { name: 'paid', columns: ['id int4'] },
        { name: 'listed', columns: ['id int4'] },
        { name: 'apart', columns: ['id int4'] },
        { name: 'paid', schema: 'mine', kind: 'sequence', columns: ['last_value int8'] },
        { name: 'x', schema: 'mine', columns: ['id int4', 'c int4'] },
        { name: 'listed', schema: 'mine', columns: ['id int4'], definition: 'SELECT x.id FROM mine.x' },
        { name: 'apart', schema: 'mine', columns: ['id int4'], definition: 'SELECT 1 AS id' },
      ],
    });
    const behind = (sql: string): string =>
      (analysisOf(sql, { catalog }).later?.write ?? []).flatMap(({ writes }) => writes).join();
    assert.equal(behind('create table mine.y (id int)'), '');
    for (const sql of ['drop table mine.x', 'alter table mine.x drop c', 'alter table mine.x set schema z'])
      assert.match(behind(sql), /public[.]paid/, sql);
    assert.doesNotMatch(behind('drop table mine.x'), /public[.]listed/);
    for (const sql of ['drop table mine.x cascade', 'alter table mine.x drop c cascade']) {
      assert.match(behind(sql), /public[.]listed/, sql);
      assert.doesNotMatch(behind(sql), /public[.]apart/, sql);
    }
  });

  it('is what a new table computes of a row, by itself or as another', () => {
    for (const table of [
      'create table t (x int default wipe())',
      'create table t (x int, check (wipe() = 1))',
      'create table t (x int generated always as (wipe()) stored)',
      'create table t (like computed including all)',
      'create table t () inherits (computed)',
    ])
      assert.match(write(table).join(), /wipe/, table);
    for (const joins of ['attach partition orders default', 'inherit orders'])
      assert.match(write(`alter table noted ${joins}`).join(), /writes log/, joins);
    const key = 'references customers on delete';
    for (const cascade of [`foreign key (id) ${key} cascade`, `column c int ${key} set null`])
      assert.match(write(`alter table orders add ${cascade}`).join(), /writes log/, cascade);
    assert.deepEqual(write(`alter table orders add foreign key (id) ${key} restrict`), []);
    assert.match(write('create table t partition of orders for values in (1)').join(), /writes log/);
  });

  it('is nothing of a plain table', () => {
    const table =
      "create table t (id serial primary key, at timestamptz default now(), x text default 'x' check (x <> ''))";
    assert.equal(analysisOf(table).later, undefined);
  });

  it('runs by the code that defines it', () => {
    const run = (sql: string): string => analysisOf(sql).commands.map(line).join('\n');
    const trigger = 'create trigger t after insert on customers for each row execute function log_order()';
    assert.match(run(`do $$ begin ${trigger}; insert into customers values (1); end $$`), /writes log/);
    assert.match(
      run('do $$ begin alter table mails rename to m; insert into m values (1); end $$'),
      /writes.*customers/,
    );
    assert.match(
      run("do $$ begin create function f() returns int language sql as 'delete from log'; end $$"),
      /writes log/,
    );
    assert.doesNotMatch(run(`do $$ begin ${trigger}; end $$`), /writes log/);
    assert.doesNotMatch(
      run('do $$ begin create temp table t as select * from log; insert into t values (1); end $$'),
      /writes log/,
    );
  });

  it('is nothing of what is in the catalog and stays as it is', () => {
    for (const sql of ['alter table orders add x int', 'create table t (x int)', 'select 1 as x into t', 'vacuum'])
      assert.equal(analysisOf(sql).later, undefined, sql);
  });
});
