import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Refusal } from '../errors.ts';
import type { RuleSource } from './compile-rules.ts';
import { createPolicy } from './create-policy.ts';
import { unreadable } from './denial.ts';
import { agentSubject, judged, noControls, rulesOf } from './policy.fixture.ts';
import type { Policy, PolicySubject } from './policy.ts';
import type { Verdict } from './verdict.ts';

const noon = Date.UTC(2026, 10, 29, 12) * 1000;

const finance = { group: 'finance', count: 2, timeoutMs: 600_000, reuseMs: 0 };
const noBlindDeletes: RuleSource = {
  name: 'no blind deletes',
  when: 'statement.kind in ["delete", "update"] && !statement.hasWhere',
  then: 'deny',
  message: 'Add a WHERE clause.',
};
const moneyMoves: RuleSource = {
  name: 'money moves',
  when: '"public.payments" in statement.writes',
  then: 'approve',
  approvers: finance,
  message: 'Why?',
};
const watched: RuleSource = { name: 'watched', when: 'statement.isWrite', then: 'allow' };

function policyOf(sources: readonly RuleSource[], subject: PolicySubject = agentSubject): Policy | undefined {
  return createPolicy({ rules: rulesOf(...sources), controls: [noControls, noControls], subject });
}

function verdict(sources: readonly RuleSource[], ...statement: Parameters<typeof judged>): Verdict {
  const policy = policyOf(sources);
  assert.ok(policy);
  return policy.judge(judged(...statement), noon);
}

describe('a policy', () => {
  it('allows what no rule applies to', () => {
    assert.deepEqual(verdict([noBlindDeletes], { kind: 'delete' }), { decision: 'allow', matches: [] });
  });

  it('denies with the name of the rule and its message as a hint', () => {
    const { decision, matches, error } = verdict([noBlindDeletes], { kind: 'delete', hasWhere: false });
    assert.equal(decision, 'deny');
    assert.deepEqual(matches, [{ rule: 'no blind deletes', then: 'deny' }]);
    assert.ok(error instanceof Refusal);
    assert.equal(error.sqlstate, '42501');
    assert.equal(error.message, 'the policy rule "no blind deletes" does not allow this statement');
    assert.equal(error.hint, 'Add a WHERE clause.');
    assert.equal(error.detail, undefined);
  });

  it('asks about each command, and says by way of what a statement runs it', () => {
    const blind = { kind: 'delete', hasWhere: false, via: 'WITH d' } as const;
    const { matches, error } = verdict([noBlindDeletes], [{}, blind]);
    assert.deepEqual(matches, [{ rule: 'no blind deletes', then: 'deny', via: 'WITH d' }]);
    assert.equal(error?.detail, 'It is about what the statement runs by way of WITH d.');
  });

  it('lets the most restrictive match win and records every match', () => {
    const payment = { kind: 'update', writes: ['public.payments'], isWrite: true } as const;
    const waits = verdict([watched, moneyMoves, noBlindDeletes], payment);
    assert.equal(waits.decision, 'approve');
    assert.deepEqual(waits.matches, [
      { rule: 'watched', then: 'allow' },
      { rule: 'money moves', then: 'approve' },
    ]);
    assert.deepEqual(waits.asks, [{ rule: 'money moves', ...finance, message: 'Why?' }]);
    const denied = verdict([watched, moneyMoves, noBlindDeletes], { ...payment, hasWhere: false });
    assert.equal(denied.decision, 'deny');
    assert.equal(denied.matches.length, 3);
    assert.equal(denied.asks, undefined);
    assert.equal(verdict([watched], payment).decision, 'allow');
  });

  it('asks the approvers of each rule once, however many commands it applies to', () => {
    const payment = { writes: ['public.payments'] };
    const second = { ...moneyMoves, name: 'again' };
    const { asks, matches } = verdict([moneyMoves, second], [payment, { ...payment, via: 'WITH w' }]);
    assert.deepEqual(
      asks?.map(({ rule }) => rule),
      ['money moves', 'again'],
    );
    assert.equal(matches.length, 4);
  });

  it('denies what a condition cannot be evaluated on, and keeps the reason from the client', () => {
    const rule: RuleSource = { name: 'first', when: 'statement.parameters[0] == "secret"', then: 'allow' };
    const { decision, matches, error } = verdict([rule]);
    assert.equal(decision, 'deny');
    assert.deepEqual(matches, [{ rule: 'first', then: 'deny' }]);
    assert.equal(error?.detail, 'Its condition could not be evaluated.');
    assert.ok(error?.cause instanceof Error);
    assert.match(error.cause.message, /index 0/);
  });

  it('goes by the time that it is given', () => {
    const night: RuleSource = { name: 'night', when: 'time.hour < 8 || time.hour >= 18', then: 'deny' };
    const policy = policyOf([night]);
    assert.equal(policy?.judge(judged(), noon).decision, 'allow');
    assert.equal(policy?.judge(judged(), noon + 6 * 3_600_000_000).decision, 'deny');
  });

  it('says by what a verdict differs between two runs of a text', () => {
    const variesBy = (...conditions: string[]): readonly string[] => {
      const rules = conditions.map((when, index): RuleSource => ({ name: `r${index}`, when, then: 'deny' }));
      return [...(policyOf(rules)?.variesBy ?? [])].sort();
    };
    assert.deepEqual(variesBy('statement.isWrite'), []);
    assert.deepEqual(variesBy('statement.isWrite && identity.kind == "agent" && session.runId == ""'), []);
    assert.deepEqual(variesBy('statement.parameters.size() > 1'), ['parameters']);
    assert.deepEqual(variesBy('statement.protocol == "simple"', 'session.inTransaction'), ['protocol', 'transaction']);
    for (const when of ['time.hour < 8', 'time.date == ""', 'time.timestamp.getHours("Europe/Berlin") < 8'])
      assert.deepEqual(variesBy(when), ['minute'], when);
    for (const when of [
      'time.timestamp > timestamp("2026-11-29T20:44:59Z")',
      'time.timestamp.getSeconds() < 30',
      'time.timestamp.getMilliseconds("Europe/Berlin") < 30',
      'time["hour"] < 8',
      'cel.bind(t, time, t.hour < 8)',
    ]) {
      assert.deepEqual(variesBy(when), ['minute', 'moment'], when);
    }
  });

  it('is not there for who no rule can concern, whatever the statement', () => {
    const person: PolicySubject = { ...agentSubject, identity: { ...agentSubject.identity, kind: 'person' } };
    const rule = (when: string): RuleSource => ({ name: 'r', when, then: 'deny' });
    for (const when of [
      'identity.kind == "agent" && statement.isWrite',
      'statement.isWrite && identity.kind == "agent" && time.hour > 8',
      'session.inTransaction && connection.name != "billing"',
      'statement.parameters.size() > 0 && false',
    ]) {
      assert.equal(policyOf([rule(when)], person), undefined, when);
    }
    assert.ok(policyOf([rule('identity.kind == "agent" || statement.isWrite')], person));
    assert.ok(policyOf([rule('identity.kind == "person"')], person));
    assert.equal(policyOf([]), undefined);
  });

  it('puts what a setting denies in front of what rules say', () => {
    const policy = createPolicy({
      rules: rulesOf(noBlindDeletes),
      controls: [
        { ...noControls, tables: ['public.invoices'] },
        { ...noControls, readOnly: true },
      ],
      subject: agentSubject,
    });
    const blind = judged({ kind: 'delete', writes: ['public.payments'], isWrite: true, hasWhere: false });
    const { matches, error } = policy?.judge(blind, noon) ?? {};
    assert.deepEqual(
      matches?.map(({ rule }) => rule),
      ['read_only', 'tables', 'no blind deletes'],
    );
    assert.equal(error?.message, 'read_only of the identity "billing-agent" does not allow this statement');
  });
});

describe('a statement that cannot be analysed', () => {
  it('is denied with the reason', () => {
    const { decision, matches, error } = unreadable('syntax error');
    assert.equal(decision, 'deny');
    assert.deepEqual(matches, [{ rule: 'unreadable', then: 'deny' }]);
    assert.equal(error?.sqlstate, '42501');
    assert.equal(error?.detail, 'The gateway cannot tell what it does: syntax error.');
  });
});
