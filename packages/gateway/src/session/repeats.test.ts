import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rulesOf } from '../policy/policy.fixture.ts';
import type { Analyze } from '../sql/analysis.ts';
import { catalogFixture } from '../sql/catalog.fixture.ts';
import type { Judged, SessionNames, ToJudge } from './guard.ts';
import {
  analyzer,
  type GuardFixture,
  type GuardFixtureOptions,
  guarded,
  judgeOne,
  noNames,
  tables,
  toJudge,
} from './policy-guard.fixture.ts';
import { SharedDefinitions } from './shared-definitions.ts';

interface Watched extends GuardFixture {
  /** Texts that were read since the last call. */
  read(): readonly string[];
}

/** A guard that the server has been ready for, and what it reads. */
function watched(options: GuardFixtureOptions = {}): Watched {
  const texts: string[] = [];
  const analyze: Analyze = (sql, context) => {
    texts.push(sql);
    return analyzer(sql, context);
  };
  const fixture = guarded({ ...options, analyze });
  fixture.guard.ready('I');
  return Object.assign(fixture, { read: () => texts.splice(0) });
}

function decision({ guard }: GuardFixture, statement: ToJudge, us = 0): string | undefined {
  return guard.judge([statement], noNames, us)?.[0]?.verdict.decision;
}

const write = toJudge('delete from payments where id = 1');
const calm = toJudge('select id from customers');
const minuteUs = 60_000_000;

function ruleWhen(when: string): Pick<GuardFixtureOptions, 'rules'> {
  return { rules: rulesOf({ name: 'r', when, then: 'deny' }) };
}

describe('a text that was allowed before', () => {
  it('is not read again, nor what it means when it is prepared', () => {
    const fixture = watched();
    const bound: ToJudge = { ...calm, protocol: 'extended', textConforms: true };
    const prepare = (): ToJudge => ({ ...bound, meant: fixture.guard.means(bound.text ?? '') });
    assert.equal(decision(fixture, prepare()), 'allow');
    assert.equal(fixture.read().length, 2);
    for (let times = 0; times < 3; times += 1) assert.equal(decision(fixture, prepare()), 'allow');
    assert.deepEqual(fixture.read(), []);
  });

  it('is read again once the catalog is another, and each time while there is none', () => {
    const fixture = watched();
    assert.equal(decision(fixture, toJudge('delete from harmless')), 'allow');
    const definition = 'SELECT payments.id FROM public.payments';
    const view = { schema: 'public', name: 'harmless', kind: 'view' as const, columns: ['id int4'], definition };
    fixture.catalog = catalogFixture({ relations: [...tables.filter(({ name }) => name !== 'harmless'), view] });
    assert.equal(decision(fixture, toJudge('delete from harmless')), 'deny');
    fixture.catalog = undefined;
    fixture.read();
    for (let times = 0; times < 2; times += 1) assert.equal(decision(fixture, toJudge('select 1')), 'allow');
    assert.equal(fixture.read().length, 2);
  });

  it('is judged by the settings of now', () => {
    const fixture = watched();
    const { guard } = fixture;
    const setPath = (path: string): void => {
      guard.completed(judgeOne(guard, `set search_path = ${path}`) as Judged);
      guard.ready('I');
    };
    setPath('other');
    assert.equal(decision(fixture, write), 'allow');
    assert.equal(decision(fixture, write), 'allow');
    const meant = guard.means(write.text ?? '');
    setPath('public');
    assert.deepEqual(guard.means(write.text ?? '')?.commands[0].writes, ['public.payments']);
    assert.equal(decision(fixture, calm), 'allow');
    assert.equal(decision(fixture, write), 'deny');
    assert.deepEqual(meant?.commands[0].writes, ['other.payments']);
    setPath('other');
    assert.equal(decision(fixture, write), 'allow');
    guard.reported('search_path', 'public');
    assert.equal(decision(fixture, write), 'allow');
    guard.ready('I');
    assert.equal(decision(fixture, write), 'deny', 'the server has said that it is another');
  });

  it('is judged by what other sessions define', () => {
    const all = new SharedDefinitions();
    const mine = watched({ all });
    const theirs = guarded({ all });
    for (let times = 0; times < 2; times += 1) assert.equal(decision(mine, toJudge('delete from harmless')), 'allow');
    judgeOne(theirs.guard, 'create or replace view harmless as select id from payments');
    assert.equal(decision(mine, toJudge('delete from harmless')), undefined, 'the catalog is read first');
    mine.guard.catalogRead();
    assert.equal(decision(mine, toJudge('delete from harmless')), 'deny');
  });

  it('is read again when the session has made a table of a name in it', () => {
    const fixture = watched({ masked: true });
    const { guard } = fixture;
    guard.ready('T');
    assert.equal(judgeOne(guard, 'select id from customers')?.analysis?.commands[0].reads[0], 'public.customers');
    guard.completed(judgeOne(guard, 'create temp table customers (id int)') as Judged);
    assert.equal(judgeOne(guard, 'select id from customers')?.analysis?.commands[0].reads[0], 'pg_temp_1.customers');
  });

  it('is judged minute by minute where a rule asks for the time', () => {
    const fixture = watched(ruleWhen('time.hour >= 18'));
    const six = 18 * 60 * minuteUs;
    assert.equal(decision(fixture, calm, six - minuteUs), 'allow');
    fixture.read();
    assert.equal(decision(fixture, calm, six - 1), 'allow');
    assert.deepEqual(fixture.read(), []);
    assert.equal(decision(fixture, calm, six), 'deny');
    assert.equal(decision(fixture, calm, six + 1), 'deny');
    assert.equal(decision(fixture, calm, six + 6 * 60 * minuteUs), 'allow');
  });

  it('is kept for the minute that it was judged by, although the clock is set meanwhile', () => {
    const six = 18 * 60 * minuteUs;
    const told = [six, six - 1, six + 1];
    const fixture = watched({ ...ruleWhen('time.hour >= 18'), wallUs: () => told.shift() ?? six + 2 });
    assert.equal(decision(fixture, calm, 1), 'deny');
    assert.equal(decision(fixture, calm, 2), 'allow');
    for (const us of [3, 4]) assert.equal(decision(fixture, calm, us), 'deny');
  });

  it('is judged by the minute in zones that are half an hour off, and each time where a rule asks for seconds', () => {
    const inDelhi = watched(ruleWhen('time.timestamp.getHours("Asia/Kolkata") >= 18'));
    const six = (12 * 60 + 30) * minuteUs;
    assert.equal(decision(inDelhi, calm, six - minuteUs), 'allow');
    inDelhi.read();
    assert.equal(decision(inDelhi, calm, six - 1), 'allow');
    assert.deepEqual(inDelhi.read(), []);
    assert.equal(decision(inDelhi, calm, six), 'deny');
    for (const method of ['getSeconds', 'getMilliseconds']) {
      const late = watched(ruleWhen(`time.timestamp.${method}("UTC") >= 30`));
      assert.equal(decision(late, calm, 29_000), 'allow');
      assert.equal(decision(late, calm, 30_030_000), 'deny');
    }
    for (const when of [
      '[time].exists(t, t.timestamp.getSeconds() >= 30)',
      'time.timestamp - timestamp("1970-01-01T00:00:00Z") >= duration("30s")',
    ]) {
      const late = watched(ruleWhen(when));
      assert.equal(decision(late, calm, 29_000_000), 'allow', when);
      assert.equal(decision(late, calm, 31_000_000), 'deny', when);
    }
  });

  it('is judged each time where a rule comes to parameters in another way', () => {
    for (const when of [
      'statement["parameters"].size() > 0',
      '[statement].exists(s, s.parameters.size() > 0)',
      'statement.isWrite && false || statement.parameters.exists(p, p == "1")',
    ]) {
      const made = watched(ruleWhen(when));
      const bound = (bytes: readonly number[]): ToJudge => ({
        ...calm,
        protocol: 'extended',
        parameters: new Uint8Array(bytes),
        parameterTypes: bytes.length > 4 ? [25] : [],
      });
      assert.equal(decision(made, bound([0, 0, 0, 0])), 'allow', when);
      assert.equal(decision(made, bound([0, 0, 0, 1, 0, 0, 0, 1, 0x31])), 'deny', when);
    }
  });

  it('is judged by settings that an error or a savepoint brings back', () => {
    const fixture = watched();
    const { guard } = fixture;
    const run = (sql: string, status: string): void => {
      guard.completed(judgeOne(guard, sql) as Judged);
      guard.ready(status);
    };
    run('begin', 'T');
    run('savepoint a', 'T');
    run('set search_path = other', 'T');
    for (let times = 0; times < 2; times += 1) assert.equal(decision(fixture, write), 'allow');
    guard.completed(judgeOne(guard, 'rollback to a') as Judged);
    assert.equal(decision(fixture, write), 'deny', 'before the server is ready');
    guard.ready('T');
    assert.equal(decision(fixture, write), 'deny');
    run('set search_path = other', 'T');
    for (let times = 0; times < 2; times += 1) assert.equal(decision(fixture, write), 'allow');
    guard.failed(undefined);
    guard.ready('E');
    run('rollback', 'I');
    assert.equal(decision(fixture, write), 'deny');
  });

  it('is read again once the catalog has been away, although it is the same text and another catalog', () => {
    const fixture = watched();
    const lost = fixture.catalog;
    for (let times = 0; times < 2; times += 1) assert.equal(decision(fixture, calm), 'allow');
    fixture.catalog = undefined;
    fixture.guard.catalogRead();
    decision(fixture, calm);
    fixture.catalog = lost;
    fixture.read();
    assert.equal(decision(fixture, calm), 'allow');
    assert.deepEqual(fixture.read(), [], 'the same catalog says the same');
    const harmful = {
      schema: 'public',
      name: 'harmless',
      kind: 'view' as const,
      columns: ['id int4'],
      definition: 'SELECT payments.id FROM public.payments',
    };
    assert.equal(decision(fixture, toJudge('delete from harmless')), 'allow');
    fixture.catalog = catalogFixture({ relations: [...tables.filter(({ name }) => name !== 'harmless'), harmful] });
    assert.equal(decision(fixture, toJudge('delete from harmless')), 'deny');
    fixture.catalog = lost;
    assert.equal(decision(fixture, toJudge('delete from harmless')), 'allow');
  });

  it('is judged each time while a parameter is of a type that somebody made', () => {
    const fixture = watched();
    const bound = (types: readonly number[]): ToJudge => ({ ...calm, protocol: 'extended', parameterTypes: types });
    for (const types of [[23], [23], [16_384], [16_384], [23]]) decision(fixture, bound(types));
    assert.equal(fixture.read().filter((text) => text === calm.text).length, 3);
  });

  it('is judged each time where a rule asks for the moment or for parameters', () => {
    const late = watched(ruleWhen('time.timestamp >= timestamp("1970-01-01T00:00:30Z")'));
    assert.equal(decision(late, calm, 29_000_000), 'allow');
    assert.equal(decision(late, calm, 30_000_000), 'deny');
    const many = watched(ruleWhen('statement.parameters.size() > 0'));
    const bind = (values: number): ToJudge => {
      const parameters = new Uint8Array(values === 0 ? [0, 0, 0, 0] : [0, 0, 0, 1, 0, 0, 0, 1, 0x31]);
      return { ...calm, protocol: 'extended', parameters };
    };
    assert.equal(decision(many, bind(0)), 'allow');
    assert.equal(decision(many, bind(1)), 'deny');
  });

  it('is judged by its protocol and its transaction where rules ask for them', () => {
    const simple = watched(ruleWhen('statement.protocol == "extended"'));
    assert.equal(decision(simple, calm), 'allow');
    assert.equal(decision(simple, { ...calm, protocol: 'extended' }), 'deny');
    const inBlock = watched(ruleWhen('session.inTransaction'));
    assert.equal(decision(inBlock, calm), 'allow');
    assert.equal(decision(inBlock, { ...calm, inTransaction: true }), 'deny');
  });

  it('counts against a rate each time', () => {
    let left = 2;
    const fixture = watched({
      rate: () => {
        left -= 1;
        return left < 0 ? 1_000_000 : 0;
      },
    });
    assert.deepEqual(
      [calm, calm, calm].map((each) => decision(fixture, each)),
      ['allow', 'allow', 'deny'],
    );
    left = 1;
    assert.equal(decision(fixture, calm), 'allow');
  });

  it('is read again when it goes by a name that means something else', () => {
    const { guard } = watched();
    const named = (text: string): SessionNames => ({ ...noNames, prepared: () => ({ text, inSql: false }) });
    const execute = toJudge('execute p');
    const said = ['select 1', 'delete from payments where id = 1'].map(
      (text) => guard.judge([execute], named(text), 0)?.[0]?.verdict.decision,
    );
    assert.deepEqual(said, ['allow', 'deny']);
  });

  it('is read again when it was prepared as something else, or read with other backslashes', () => {
    const fixture = watched();
    const bound: ToJudge = { ...calm, protocol: 'extended', textConforms: true };
    decision(fixture, bound);
    fixture.read();
    decision(fixture, { ...bound, textConforms: false });
    decision(fixture, { ...bound, textConforms: false, meant: fixture.guard.means('select 1') });
    assert.deepEqual(fixture.read(), [calm.text, 'select 1', calm.text]);
  });

  it('still makes functions that are replaced behind it count for triggers that wait', () => {
    const { guard } = watched();
    guard.ready('T');
    const insert = 'insert into customers values (1)';
    for (let times = 0; times < 2; times += 1) {
      guard.completed(judgeOne(guard, insert) as Judged);
      guard.ready(times === 0 ? 'I' : 'T');
    }
    const replace = `create or replace function lower(text) returns text language plpgsql
      as $$ begin delete from payments; return ''; end $$`;
    assert.equal(judgeOne(guard, replace)?.verdict.decision, 'deny');
  });

  it('is asked about each time where people are to be, with its own parameters', () => {
    const approvers = { group: 'finance', count: 1, timeoutMs: 1_000, reuseMs: 0 };
    const { guard } = watched({ rules: rulesOf({ name: 'r', when: 'true', then: 'approve', approvers }) });
    for (const value of [0x31, 0x32]) {
      const parameters = new Uint8Array([0, 0, 0, 1, 0, 0, 0, 1, value]);
      const [judged] = guard.judge([{ ...calm, protocol: 'extended', parameters }], noNames, 0) ?? [];
      assert.deepEqual(judged?.statement?.parameters, parameters);
    }
  });

  it('is among the texts that approvers are shown, in order', () => {
    const { guard } = watched();
    const texts = Array.from({ length: 23 }, (_, index) => `select ${index % 4}`);
    for (const text of texts) judgeOne(guard, text);
    assert.deepEqual(guard.recent(2), texts.slice(-20, -2));
    const young = watched();
    for (const text of texts.slice(0, 3)) judgeOne(young.guard, text);
    assert.deepEqual(young.guard.recent(1), texts.slice(0, 2));
  });
});
