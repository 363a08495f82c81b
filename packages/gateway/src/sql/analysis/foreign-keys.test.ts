import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { catalogFixture, type FunctionSpec } from '../catalog.fixture.ts';
import { analysisOf, line } from './analysis.fixture.ts';

const key = { columns: ['id'] } as const;
const trigger = { language: 'plpgsql', returns: 'trigger' } as const;

/**
 * Payments in partitions refer to invoices, and those to customers, without doing anything but refuse; notes go with
 * their invoice, receipts with the number that a payment has of it.
 */
const relations = [
  {
    oid: 20_000,
    name: 'customers',
    columns: ['id int4', 'name text'],
    referredBy: [
      { ...key, relation: 20_001, referring: ['customer'] },
      { ...key, relation: 20_000, referring: ['referrer'] },
    ],
  },
  {
    oid: 20_001,
    name: 'invoices',
    columns: ['id int4', 'customer int4'],
    referredBy: [
      { ...key, relation: 20_002, referring: ['invoice'] },
      { ...key, relation: 20_005, referring: ['invoice'], onDelete: 'delete', onUpdate: 'update' },
    ],
  },
  { oid: 20_002, name: 'payments', kind: 'partitioned table', columns: ['id int4', 'invoice int4'] },
  { oid: 20_003, name: 'payments_1', columns: ['id int4', 'invoice int4'], parents: ['public.payments'] },
  { oid: 20_004, name: 'child', columns: ['id int4', 'customer int4'], parents: ['public.invoices'] },
  {
    oid: 20_005,
    name: 'notes',
    columns: ['id int4', 'invoice int4'],
    referredBy: [
      { relation: 20_006, referring: ['invoice'], columns: ['invoice'], onUpdate: 'update' },
      { relation: 20_007, referring: ['note'], columns: ['id'], onUpdate: 'update' },
    ],
  },
  { oid: 20_006, name: 'receipts', columns: ['id int4', 'invoice int4'], triggers: ['public.logs'] },
  { oid: 20_007, name: 'marks', columns: ['note int4'] },
  { oid: 20_008, name: 'log', columns: ['what text'] },
  {
    oid: 20_009,
    name: 'events',
    kind: 'partitioned table',
    columns: ['id int4'],
    referredBy: [{ ...key, relation: 20_007, referring: ['event'] }],
  },
  { oid: 20_010, name: 'events_1', columns: ['id int4'], parents: ['public.events'] },
  { oid: 20_011, name: 'lost', columns: ['id int4'], referredBy: [{ ...key, relation: 1, referring: ['x'] }] },
] as const;
const functions: readonly FunctionSpec[] = [
  {
    ...trigger,
    name: 'logs',
    body: "begin insert into log values ('x'); return new; end",
    settings: ['search_path=public'],
  },
  { name: 'empties', language: 'plpgsql', body: 'begin truncate public.customers cascade; end' },
];
const catalog = catalogFixture({ relations, functions });

function found(sql: string, known = catalog): readonly string[] {
  return analysisOf(sql, { catalog: known }).commands.map(line);
}

describe('foreign keys', () => {
  const payments = 'truncate (foreign key of public.payments) writes payments, payments_1: write';
  const notes = 'truncate (foreign key of public.notes) writes notes: write';
  const receipts = 'truncate (foreign key of public.receipts) writes receipts calls logs: write';
  const marks = 'truncate (foreign key of public.marks) writes marks: write';
  const logs = 'insert (trigger public.logs) writes log: write';

  test('are followed by TRUNCATE … CASCADE, whatever they do otherwise, to what refers to those tables in turn', () => {
    const invoices = 'truncate (foreign key of public.invoices) writes invoices: write';
    const all = [invoices, payments, notes, receipts, marks, logs];
    assert.deepEqual(found('truncate customers cascade'), ['truncate writes customers: write', ...all]);
    assert.deepEqual(found('truncate customers'), ['truncate writes customers: write']);
    assert.deepEqual(found('truncate only invoices cascade'), ['truncate writes invoices: write', ...all.slice(1)]);
    assert.deepEqual(found('do $$ begin truncate customers cascade; end $$').slice(2), all);
    assert.deepEqual(found('select empties()').at(-1), logs);
  });

  test('refer to a partition as they do to the whole, and not to a child as to its parent', () => {
    assert.deepEqual(found('truncate events_1 cascade'), ['truncate writes events, events_1: write', marks]);
    assert.deepEqual(found('truncate child cascade'), ['truncate writes child, invoices: write']);
  });

  test('leave TRUNCATE … CASCADE opaque where they are not known', () => {
    const opaque = ['truncate writes customers: write opaque'];
    assert.deepEqual(analysisOf('truncate customers cascade', { catalog: undefined }).commands.map(line), opaque);
    assert.equal(analysisOf('truncate customers, nowhere cascade', { catalog }).commands[0].isOpaque, true);
    assert.equal(analysisOf('truncate lost cascade', { catalog }).commands[0].isOpaque, true);
  });

  test('that refuse change nothing with DELETE and UPDATE', () => {
    for (const sql of ['delete from customers where id = 1', 'update customers set id = 2 where id = 1'])
      assert.equal(found(sql).length, 1, sql);
    const writes = found('delete from invoices where id = 1').join();
    assert.equal(writes.includes('payments'), false);
  });

  test('set others off by the columns that they change', () => {
    const changed = (sql: string): readonly string[] => analysisOf(sql, { catalog }).commands.slice(1).map(line);
    assert.deepEqual(changed('update invoices set id = 2 where id = 1'), [
      'update (foreign key of public.notes) writes notes: write',
      'update (foreign key of public.receipts) writes receipts calls logs: write',
      logs,
    ]);
    const [, first] = analysisOf('update invoices set id = 2 where id = 1', { catalog }).commands;
    assert.deepEqual(first?.writesColumns, ['public.notes.invoice']);
    assert.deepEqual(changed('delete from invoices where id = 1'), [
      'delete (foreign key of public.notes) writes notes: write',
    ]);
  });

  test('change the tables that have them when what they refer to is dropped with CASCADE', () => {
    const dropped = 'ddl writes child, customers, invoices';
    assert.deepEqual(found('drop table customers cascade'), [`${dropped}: write ddl opaque`]);
    assert.deepEqual(found('drop table customers'), ['ddl writes customers: write ddl']);
    assert.deepEqual(found('alter table customers drop constraint c cascade'), [`${dropped}: write ddl`]);
    assert.deepEqual(found('alter table customers drop column id cascade'), [`${dropped}: write ddl`]);
    assert.deepEqual(found('alter table customers drop column id'), ['ddl writes customers: write ddl']);
    assert.deepEqual(found('alter table customers drop column name cascade'), ['ddl writes customers: write ddl']);
    const elsewhere = { oid: 20_100, schema: 'other', name: 'keys', columns: ['id int4'] };
    const referring = [{ ...key, relation: 20_008, referring: ['what'] }];
    const known = catalogFixture({ relations: [...relations, { ...elsewhere, referredBy: referring }], functions });
    assert.deepEqual(found('drop schema other cascade', known), ['ddl writes other.keys, log: write ddl opaque']);
  });

  describe('with an action ON UPDATE', () => {
    const changes = (body: string, more: Partial<FunctionSpec> = {}): boolean => {
      const known = catalogFixture({
        relations: [
          {
            name: 'tags',
            columns: ['id int4', 'name text'],
            triggers: ['public.stamp'],
            beforeUpdate: ['public.stamp'],
            referredBy: [{ relation: 20_001, referring: ['tag'], columns: ['id'], onUpdate: 'update' }],
          },
          { name: 'tagged', columns: ['tag int4'] },
        ],
        functions: [{ ...trigger, name: 'stamp', body, ...more }],
      });
      return found("update tags set name = 'x' where id = 1", known).some((each) => each.includes('writes tagged'));
    };

    test('are set off by triggers that may change the column', () => {
      for (const body of [
        'begin new.id := 5; return new; end',
        'begin NEW."id" = 5; return new; end',
        'begin select 5 into new.id; return new; end',
        'begin new := row(5); return new; end',
        'declare n alias for new; begin n.id := 5; return new; end',
        "begin new := jsonb_populate_record(new, '{}'); return new; end",
        'declare r tags; begin return r; end',
        "begin return (5, 'x'); end",
        'begin select * into new from tags; return new; end',
        'begin call change(new); return new; end',
        "begin new.name := '\\'; return new; end",
      ])
        assert.equal(changes(body), true, body);
      assert.equal(changes('x', { language: 'c' }), true);
    });

    test('are not by triggers that only change others', () => {
      for (const body of [
        'begin new.name := now(); return new; end',
        "begin if new is distinct from old then new.name := 'x'; end if; return new; end",
        'begin if old.* is distinct from new.* then return new; end if; return null; end',
        'begin perform old.id; return old; end',
      ])
        assert.equal(changes(body), false, body);
    });

    test('are set off where the column is generated, not where it has a default', () => {
      const refersTo = (column: string): boolean => {
        const known = catalogFixture({
          relations: [
            {
              name: 'tags',
              columns: ['id int4', 'name text', 'upper text = upper(name)', 'code text = upper(current_user)'],
              referredBy: [{ relation: 20_001, referring: ['tag'], columns: [column], onUpdate: 'update' }],
            },
            { name: 'tagged', columns: ['tag int4'] },
          ],
        });
        return found("update tags set name = 'x' where id = 1", known).length > 1;
      };
      assert.deepEqual(['id', 'name', 'upper', 'code'].map(refersTo), [false, true, true, false]);
    });
  });
});
