import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analysisOf, line } from './analysis.fixture.ts';

function use(sql: string): readonly string[] {
  return (analysisOf(sql).later?.use ?? []).map(line);
}

function write(sql: string): readonly string[] {
  return (analysisOf(sql).later?.write ?? []).map(line);
}

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

  it('is nothing of what is in the catalog and stays as it is', () => {
    for (const sql of ['alter table orders add x int', 'create table t (x int)', 'select 1 as x into t', 'vacuum'])
      assert.equal(analysisOf(sql).later, undefined, sql);
  });
});
