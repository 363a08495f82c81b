import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command, Effect } from '../sql/analysis.ts';
import { createPolicy } from './create-policy.ts';
import { agentSubject, judged, noControls } from './policy.fixture.ts';
import type { Controls } from './policy.ts';
import type { Verdict } from './verdict.ts';

function verdict(controls: Partial<Controls>, ...statement: Parameters<typeof judged>): Verdict {
  const policy = createPolicy({
    rules: [],
    controls: [{ ...noControls, ...controls }, noControls],
    subject: agentSubject,
  });
  assert.ok(policy);
  return policy.judge(judged(...statement), 0);
}

describe('read_only', () => {
  const decide = (...statement: Parameters<typeof judged>): string =>
    verdict({ readOnly: true }, ...statement).decision;
  const withEffect = (effect: Effect, command: Partial<Command> = { kind: 'set' }): string =>
    decide(command, { analysis: { effects: [effect] } });

  it('denies what writes, and says what', () => {
    const { decision, matches, error } = verdict({ readOnly: true }, [
      { reads: ['public.a'] },
      { kind: 'delete', writes: ['public.a'], isWrite: true, via: 'WITH d' },
    ]);
    assert.equal(decision, 'deny');
    assert.deepEqual(matches, [{ rule: 'read_only', then: 'deny', via: 'WITH d' }]);
    assert.equal(error?.message, 'read_only of the connection "billing" does not allow this statement');
    assert.equal(error?.detail, 'It writes to public.a. It is about what the statement runs by way of WITH d.');
  });

  it('allows reading, functions that only read, and transactions', () => {
    assert.equal(decide({ reads: ['public.a'], functions: ['public.f'], volatileFunctions: ['public.f'] }), 'allow');
    assert.equal(decide({ kind: 'transaction' }), 'allow');
  });

  it('denies what reaches out of the database', () => {
    assert.equal(decide({ kind: 'copy', isOutside: true }), 'deny');
  });

  it('denies what would switch it off', () => {
    for (const name of ['transaction_read_only', 'default_transaction_read_only']) {
      for (const value of ['off', 'false', '0', 'no', 'o', undefined]) {
        assert.equal(withEffect({ type: 'set', name, value, local: false }), 'deny', `${name} = ${value}`);
      }
      for (const value of ['on', 'TRUE', '1', 'yes']) {
        assert.equal(withEffect({ type: 'set', name, value, local: true }), 'allow', `${name} = ${value}`);
      }
    }
  });

  it('denies code that may set anything', () => {
    assert.equal(withEffect({ type: 'anything' }, { kind: 'select', functions: ['pg_catalog.set_config'] }), 'deny');
  });

  it('leaves other settings, and RESET ALL, alone', () => {
    assert.equal(withEffect({ type: 'set', name: 'search_path', value: undefined, local: false }), 'allow');
    assert.equal(withEffect({ type: 'reset all' }, { kind: 'discard' }), 'allow');
  });
});

describe('tables', () => {
  const tables = ['public.invoices', 'reporting.*', 'public.v_*'];
  const of = (command: Partial<Command>, unresolved: readonly string[] = []): Verdict =>
    verdict({ tables }, command, { analysis: { unresolved } });

  it('allows what is in the list, and what has no tables', () => {
    for (const reads of [['public.invoices'], ['reporting.a', 'reporting.b'], ['public.v_x'], []]) {
      assert.equal(of({ reads }).decision, 'allow', reads.join());
    }
    assert.equal(of({ writes: ['public.invoices'], isWrite: true }).decision, 'allow');
  });

  it('denies all else, by its name', () => {
    const { matches, error } = of({ reads: ['public.invoices', 'public.payments'], writes: ['audit.log'] });
    assert.deepEqual(matches, [{ rule: 'tables', then: 'deny' }]);
    assert.equal(error?.message, 'tables of the connection "billing" does not allow this statement');
    assert.equal(error?.detail, 'public.payments, audit.log are not among them.');
    for (const name of ['public.invoices2', 'xpublic.invoices', 'public.Invoices', 'reporting.a.b', 'reportingXa']) {
      assert.equal(of({ reads: [name] }).decision, 'deny', name);
    }
  });

  it('leaves the system catalogs alone, but not those with values of tables, nor writing to them', () => {
    assert.equal(of({ reads: ['pg_catalog.pg_class', 'information_schema.columns'] }).decision, 'allow');
    assert.equal(of({ reads: ['pg_catalog.pg_stats'] }).decision, 'deny');
    assert.equal(of({ reads: ['pg_toast.pg_toast_1'] }).decision, 'deny');
    assert.equal(of({ writes: ['pg_catalog.pg_class'] }).decision, 'deny');
  });

  it('leaves temporary tables alone', () => {
    assert.equal(of({ writes: ['pg_temp.x'], reads: ['pg_temp_3.x'] }).decision, 'allow');
  });

  it('denies what cannot be told to keep to it', () => {
    assert.equal(
      of({ reads: ['public.invoices'] }, ['invoices2']).error?.detail,
      'The catalog does not have invoices2.',
    );
    assert.equal(of({ isOpaque: true }).decision, 'deny');
    assert.equal(of({ isOutside: true }).decision, 'deny');
  });
});
