import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeBackend } from '@onrecord/wire';
import { catalogFixture } from '../sql/catalog.fixture.ts';
import type { Judged, SessionNames, ToJudge } from './guard.ts';
import { type GuardFixture, guarded, judgeOne, noNames, tables, toJudge } from './policy-guard.fixture.ts';
import { SharedDefinitions } from './shared-definitions.ts';

/** What is said of the last of them, when each of those in front completes in a Query of its own. */
function decide({ guard }: GuardFixture, ...texts: string[]): string {
  let last: Judged | undefined;
  for (const text of texts) {
    if (last !== undefined) guard.completed(last);
    last = judgeOne(guard, text);
  }
  return last?.verdict.decision ?? 'none';
}

/** Body of a RowDescription with one column. */
function rowDescription(name: string, typeOid: number): Uint8Array {
  const of = { tableOid: 40_000, attribute: 1, typeOid, typeSize: -1, typeModifier: -1, format: 0 };
  const columns = [{ name: new TextEncoder().encode(name), ...of }];
  return encodeBackend({ type: 'rowDescription', columns }).finish().subarray(5);
}

const computed = 'select to_json(id) from payments';

describe('a guard', () => {
  it('knows names by the search path that statements have set', () => {
    assert.equal(decide(guarded(), 'delete from payments'), 'deny');
    assert.equal(decide(guarded(), 'set search_path = other', 'delete from payments'), 'allow');
    assert.equal(decide(guarded(), 'set search_path = other', 'reset search_path', 'delete from payments'), 'deny');
  });

  it('judges statements of one Query as if those in front had completed', () => {
    const { guard } = guarded();
    const judged = guard.judge([toJudge('set search_path = other'), toJudge('delete from payments')], noNames, 0);
    assert.deepEqual(
      judged?.map(({ verdict }) => verdict.decision),
      ['allow', 'allow'],
    );
    assert.equal(decide({ guard, catalog: undefined }, 'delete from payments'), 'deny');
  });

  it('follows what is prepared and executed in one Query', () => {
    const { guard } = guarded();
    const judged = guard.judge([toJudge('prepare p as delete from payments'), toJudge('execute p')], noNames, 0);
    assert.equal(judged?.at(-1)?.verdict.decision, 'deny');
  });

  it('has the catalog read again for a name that it does not have, and then leaves the statement to Postgres to refuse', () => {
    const fixture = guarded();
    assert.equal(fixture.guard.judge([toJudge('select * from typo')], noNames, 0), undefined);
    fixture.guard.catalogRead();
    const [judged] = fixture.guard.judge([toJudge('select * from typo')], noNames, 0) ?? [];
    assert.equal(judged?.verdict.decision, 'deny');
    assert.equal(judged?.analysis, undefined, 'so that Postgres is asked to parse it');
  });

  it('counts each statement of a Query once, also when the catalog has to be read again in the middle of them', () => {
    let counted = 0;
    const { guard } = guarded({
      rate: () => {
        counted += 1;
        return 0;
      },
    });
    const query = [toJudge('select 1'), toJudge('select * from typo'), toJudge('select 2')];
    assert.equal(guard.judge(query, noNames, 0), undefined);
    guard.catalogRead();
    assert.equal(guard.judge(query, noNames, 0)?.length, 3);
    assert.equal(counted, 2, 'what Postgres is to refuse does not count');
  });

  describe('with tables that the session has just made', () => {
    const secret = 'select lower(email) as e from customers';
    /** Sources of what the last of the statements shows, each in a Query of its own in one transaction block. */
    const shows = (fixture: GuardFixture, ...texts: string[]): unknown => {
      const { outputs } = run(fixture, ...texts)?.analysis?.lineage ?? {};
      return outputs === 'unknown' || outputs === undefined ? 'unknown' : outputs.map(({ sources }) => sources);
    };
    const isShown = (fixture: GuardFixture, ...texts: string[]): boolean => {
      const sources = shows(fixture, ...texts);
      return Array.isArray(sources) && sources.every((each) => each !== 'unknown');
    };
    const run = ({ guard }: GuardFixture, ...texts: string[]): Judged | undefined => {
      guard.ready('T');
      let last: Judged | undefined;
      for (const text of texts) {
        if (last !== undefined) guard.completed(last);
        last = judgeOne(guard, text);
        assert.notEqual(last?.verdict.decision, 'deny', text);
      }
      return last;
    };
    const made = 'create temp table x as select id, paid from payments';

    it('reads them as what they are, in the transaction and in one Query', () => {
      const fixture = guarded({ masked: true });
      const judged = run(fixture, made, 'select paid, id from x');
      assert.deepEqual(judged?.analysis?.commands[0].reads, ['pg_temp_1.x']);
      assert.equal(judged?.analysis?.isStale, undefined);
      const copy = 'create temp table y as select id from x';
      assert.equal(isShown(guarded({ masked: true }), made, copy, 'select * from x join y using (id)'), true);
      const { guard } = guarded({ masked: true });
      const query = [made, copy, 'select * from y', 'insert into payments select id from x'].map(toJudge);
      const together = guard.judge(query, noNames, 0) ?? [];
      assert.deepEqual(
        together.map(({ verdict, analysis }) => `${verdict.decision} ${analysis?.isStale}`),
        query.map(() => 'allow undefined'),
      );
    });

    it('asks the rules about them by their names', () => {
      const judged = run(guarded(), 'create table made (id int)', 'delete from made');
      assert.deepEqual(judged?.analysis?.commands[0].writes, ['public.made']);
    });

    it('does not know them any more when they may be gone, or their names mean something else', () => {
      const undoing = [
        ['rollback to s'],
        ['drop table x'],
        ['alter table x rename to y'],
        ['create view public.x as select 1 as id'],
        ['create index on x (id)'],
        ['discard temp'],
        ['commit'],
        ["do $$ begin execute 'drop table x'; end $$"],
        ['drop schema other'],
        ['drop table payments cascade'],
      ];
      assert.equal(isShown(guarded({ masked: true }), made, 'savepoint s', 'release s', 'select id from x'), true);
      for (const texts of undoing)
        assert.equal(isShown(guarded({ masked: true }), made, ...texts, 'select id from x'), false, texts.join());
      const fixture = guarded({ masked: true });
      run(fixture, made, 'select id from x');
      fixture.guard.failed(undefined);
      assert.equal(isShown(fixture, 'select id from x'), false);
    });

    it('does not know them outside of a block, nor before they are made', () => {
      const fixture = guarded({ masked: true });
      const making = judgeOne(fixture.guard, made) as Judged;
      assert.equal(judgeOne(fixture.guard, 'select id from x')?.analysis?.isStale, true);
      fixture.guard.completed(making);
      assert.equal(judgeOne(fixture.guard, 'select id from x')?.analysis?.isStale, true);
    });

    it('knows those that take the place of what the session has dropped', () => {
      const texts = ['drop table if exists x', made, 'select id from x'];
      assert.equal(isShown(guarded({ masked: true }), ...texts), true);
      assert.equal(isShown(guarded({ masked: true }), made, ...texts), true);
      const again = ['drop table payments', 'create table payments (id int, note text)', 'select note from payments'];
      assert.equal(isShown(guarded({ masked: true }), ...again), true);
      const undone = ['savepoint s', 'drop table payments', 'rollback to s', 'create temp table payments (id int)'];
      assert.equal(isShown(guarded({ masked: true }), ...undone, 'select id from payments'), false);
    });

    it('masks columns of them that a rule names', () => {
      const fixture = guarded({ masked: true });
      fixture.catalog = catalogFixture({ relations: tables.filter(({ name }) => name === 'payments') });
      const making = 'create table customers (id int, email text)';
      const judged = run(fixture, making, 'select email from customers');
      assert.ok(fixture.guard.maskRows(judged, rowDescription('email', 25)));
      fixture.guard.completed(judged as Judged);
      const copy = judgeOne(fixture.guard, 'create table y as select email from customers');
      assert.equal(copy?.verdict.decision, 'deny');
    });

    it('takes a text that was prepared before for either table of the name', () => {
      const fixture = guarded({ masked: true });
      fixture.guard.ready('T');
      const setting = judgeOne(fixture.guard, 'set search_path = mine, public') as Judged;
      fixture.guard.completed(setting);
      const meant = fixture.guard.means(secret);
      fixture.guard.completed(judgeOne(fixture.guard, 'create table mine.customers (id int, email text)') as Judged);
      const names: SessionNames = {
        ...noNames,
        prepared: () => ({ text: secret, inSql: false, textConforms: true, meant }),
      };
      const bound: ToJudge = { ...toJudge(secret), protocol: 'extended', textConforms: true, meant };
      for (const statement of [bound, toJudge('execute p')]) {
        const [judged] = fixture.guard.judge([statement], names, 0) ?? [];
        const { outputs } = (judged as Judged).analysis?.lineage ?? { outputs: [] };
        assert.ok(
          outputs !== 'unknown' && outputs.every(({ sources }) => sources !== 'unknown' && sources.has('20002.2')),
        );
      }
    });

    it('reads what they show by their own names when the catalog has become another', () => {
      const fixture = guarded({ masked: true });
      const judged = run(fixture, made, 'select id from x');
      fixture.catalog = catalogFixture({ version: 'later', relations: tables });
      assert.equal(fixture.guard.maskRows(judged, rowDescription('id', 23)), undefined);
    });
  });

  it('follows what others define while values that are computed come', () => {
    const all = new SharedDefinitions();
    const fixture = guarded({ masked: true, all });
    const other = guarded({ masked: true, all });
    const judged = judgeOne(fixture.guard, computed);
    const mask = fixture.guard.maskRows(judged, rowDescription('to_json', 114));
    const row = encodeBackend({ type: 'dataRow', values: [new TextEncoder().encode('1')] }).finish();
    assert.deepEqual(mask?.rows(row), row);
    judgeOne(other.guard, 'alter table payments rename to others');
    assert.notDeepEqual(mask?.rows(row), row);
    const plain = judgeOne(fixture.guard, 'select id from customers');
    assert.equal(fixture.guard.maskRows(plain, rowDescription('id', 23)), undefined);
  });

  it('follows the same for a portal that has been judged again', () => {
    const all = new SharedDefinitions();
    const { guard } = guarded({ masked: true, all });
    const other = guarded({ masked: true, all });
    const [before, now] = [judgeOne(guard, computed), judgeOne(guard, computed)] as [Judged, Judged];
    const mask = guard.maskRows(guard.atExecution(before, now), rowDescription('to_json', 114));
    const row = encodeBackend({ type: 'dataRow', values: [new TextEncoder().encode('1')] }).finish();
    assert.deepEqual(mask?.rows(row), row);
    judgeOne(other.guard, 'alter table payments rename to others');
    other.guard.ready('I');
    other.guard.catalogRead();
    assert.notDeepEqual(mask?.rows(row), row);
  });

  it('takes a portal for doubtful when it is doubtful now', () => {
    const { guard } = guarded({ masked: true });
    const before = judgeOne(guard, computed) as Judged;
    guard.completed(judgeOne(guard, 'alter table payments rename to others') as Judged);
    assert.equal(guard.atExecution(before, judgeOne(guard, computed)).analysis?.isStale, true);
  });

  it('lets a session use what it has made in its transaction', () => {
    assert.equal(decide(guarded(), 'begin', 'create table mine (id int)', 'insert into mine values (1)'), 'allow');
  });

  it('takes what a session has defined for all that the definition touched, until the catalog has it', () => {
    const rename = ['begin', 'alter table payments rename to p2', 'delete from p2 where id = 1'];
    assert.equal(decide(guarded(), ...rename), 'deny');
    const view = [
      'begin',
      'create or replace view harmless as select id from payments',
      'delete from harmless where id = 1',
    ];
    assert.equal(decide(guarded(), ...view), 'deny');
  });

  it('counts what another session defines from before it runs until the catalog has it', () => {
    const all = new SharedDefinitions();
    const mine = guarded({ all });
    const theirs = guarded({ all });
    assert.equal(decide(mine, 'delete from harmless'), 'allow');
    judgeOne(theirs.guard, 'create or replace view harmless as select id from payments');
    assert.equal(decide(mine, 'delete from harmless'), 'deny');
    assert.equal(decide(mine, 'delete from customers'), 'allow');
    theirs.guard.ready('I');
    theirs.guard.catalogRead();
    assert.equal(decide(mine, 'delete from harmless'), 'allow');
  });

  it('does not forget what was defined when the catalog is read before the transaction has ended', () => {
    const { guard } = guarded({ masked: true });
    const names = ['begin', 'create or replace view calm as select email from customers'];
    for (const text of names) guard.completed(judgeOne(guard, text) as Judged);
    // A name that is not there has the catalog read.
    judgeOne(guard, 'select * from typo');
    const judged = judgeOne(guard, 'select * from calm');
    assert.notEqual(judged?.analysis?.lineage.outputs, undefined);
    const { outputs } = (judged as Judged).analysis?.lineage ?? { outputs: [] };
    assert.ok(outputs === 'unknown' || outputs.every(({ sources }) => sources === 'unknown'));
  });

  it('reads the catalog again when what was defined is committed', () => {
    const { guard } = guarded();
    guard.completed(judgeOne(guard, 'create table mine (id int)') as Judged);
    guard.ready('I');
    assert.equal(guard.judge([toJudge('select 1')], noNames, 0), undefined);
  });

  it('refuses what it does not know at all', () => {
    const fixture = guarded();
    fixture.catalog = undefined;
    assert.equal(decide(fixture, 'delete from payments'), 'deny');
    assert.equal(fixture.guard.judge([{ ...toJudge(''), text: undefined }], noNames, 0)?.[0]?.verdict.decision, 'deny');
  });

  it('tells other settings from the same', () => {
    const { guard } = guarded();
    const before = guard.settings;
    guard.completed(judgeOne(guard, "set application_name = 'x'") as Judged);
    assert.equal(guard.settings, before);
    guard.completed(judgeOne(guard, "set datestyle = 'German'") as Judged);
    assert.notEqual(guard.settings, before);
  });
});
