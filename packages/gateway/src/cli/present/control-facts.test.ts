import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import stringWidth from 'string-width';
import type { ApprovalStepView, ApprovalView, DecisionView, StatementView } from '../../store/views.ts';
import { controlSummary } from './control-facts.ts';
import { renderEventLine } from './event-line.ts';
import { renderSession } from './sessions.ts';
import { renderStatement } from './statement.ts';
import { renderStatementLine } from './statement-line.ts';
import { eventView, fixtureAt, messageView, sessionView, statementView, valueView } from './views.fixture.ts';

const look = { width: 100, color: false, timeZone: 'UTC' };
const second = 1_000_000;

function approval(steps: readonly ApprovalStepView[], part: Partial<ApprovalView> = {}): ApprovalView {
  return {
    approval: 'appr_0123456789ab',
    requestedAt: fixtureAt,
    session: statementView().session,
    n: 1,
    scope: 'statement',
    hash: 'ab'.repeat(32),
    asks: [{ rule: 'money moves', group: 'finance', count: 2 }],
    expiresAt: fixtureAt + 600 * second,
    reason: undefined,
    connection: undefined,
    steps,
    ...part,
  };
}

const end = (
  result: Extract<ApprovalStepView, { type: 'end' }>['result'],
  by: readonly string[] = [],
  reason?: string,
): ApprovalStepView => ({ type: 'end', at: fixtureAt + 123 * second, result, by, reason, usableUntil: undefined });
const use: ApprovalStepView = { type: 'use', at: fixtureAt + 124 * second, session: statementView().session, n: 1 };

const denied: DecisionView = {
  decision: 'deny',
  rules: [
    { rule: 'no blind deletes', then: 'deny', via: undefined },
    { rule: 'reads', then: 'allow', via: 'WITH d' },
  ],
};

const masks: NonNullable<StatementView['masks']> = {
  columns: [{ column: 0, name: 'email', rule: 'public.customers.email', action: 'partial', values: 12 }],
  detected: [{ detector: 'iban', action: 'redact', values: 1 }],
  withheld: 2,
};

const summary = (part: Partial<StatementView>): string =>
  controlSummary(statementView(part))
    .map(({ text }) => text)
    .join(' · ');

function lineOf(part: Partial<StatementView>, width = 100): string[] {
  return renderStatementLine(statementView(part), { ...look, width })
    .split('\n')
    .slice(3, -1);
}

describe('a line of the log', () => {
  it('says below a denied statement which rule denied it, and what the client was told', () => {
    const error = messageView({ sqlstate: '42501', message: 'Add a WHERE clause.' });
    const lines = lineOf({ sql: 'DELETE FROM t', outcome: 'refused', commandTag: undefined, decision: denied, error });
    assert.equal(lines.length, 2);
    assert.equal(lines[1]?.trim(), 'denied by no blind deletes · 42501 Add a WHERE clause.');
  });

  it('takes another line for the error rather than cut either short', () => {
    const error = messageView({ sqlstate: '42501', message: 'm'.repeat(60) });
    const lines = lineOf({ outcome: 'refused', decision: denied, error });
    assert.deepEqual(
      lines.slice(1).map((line) => line.trim()),
      ['denied by no blind deletes', `42501 ${'m'.repeat(60)}`],
    );
    for (const line of lines) assert.ok(stringWidth(line) <= 100);
  });

  it('is no longer than the terminal is wide, whatever rules and people are called', () => {
    const rules = [{ rule: '漢字'.repeat(200), then: 'deny', via: undefined } as const];
    const voted = end('denied', ['x'.repeat(300)], 'y'.repeat(300));
    for (const width of [40, 80, 100]) {
      const lines = lineOf({ decision: { decision: 'deny', rules }, approvals: [approval([voted])], masks }, width);
      for (const line of lines) assert.ok(stringWidth(line) <= width, line);
    }
  });

  it('says nothing of the gateway where it did nothing', () => {
    assert.equal(lineOf({}).length, 1);
    const allowed: DecisionView = { decision: 'allow', rules: [{ rule: 'reads', then: 'allow', via: undefined }] };
    assert.equal(lineOf({ decision: allowed, masks: { columns: [], detected: [], withheld: 0 } }).length, 1);
  });
});

describe('in a few words', () => {
  it('a question waits, is answered by somebody after a while, or ends without an answer', () => {
    const words = (...steps: ApprovalStepView[]): string => summary({ approvals: [approval(steps)] });
    assert.equal(words(), '◷ waits for approval by 2 of finance (appr_0123456789ab)');
    assert.equal(words(end('approved', ['alice', 'bob']), use), '◷ approved by alice, bob after 2 m 03 s');
    assert.equal(words(end('approved', ['alice'])), '◷ approved by alice after 2 m 03 s, not used');
    assert.equal(words(end('approved', ['alice']), end('revoked')), '◷ approved by alice after 2 m 03 s, then revoked');
    assert.equal(words(end('denied', ['alice'], 'all of them?')), '◷ denied by alice after 2 m 03 s: all of them?');
    assert.equal(words(end('expired')), '◷ approval expired after 2 m 03 s');
    assert.equal(words(end('client gone')), '◷ approval ended, the client was gone, after 2 m 03 s');
    assert.equal(words(end('gateway died')), '◷ approval unanswered after 2 m 03 s');
  });

  it('an approval that was asked for an earlier statement is named', () => {
    const earlier = approval([end('approved', ['alice']), use], { n: 7 });
    assert.equal(summary({ approvals: [earlier] }), '◷ covered by appr_0123456789ab, approved by alice');
  });

  it('what was hidden is counted', () => {
    assert.equal(summary({ masks }), '▒ 1 column masked, 1 detected value masked, 2 messages withheld');
    const twice = { ...masks, columns: [...masks.columns, { ...masks.columns[0], action: 'hash' }], detected: [] };
    assert.equal(
      summary({ masks: { ...twice, withheld: 0 } as NonNullable<StatementView['masks']> }),
      '▒ 1 column masked',
    );
  });
});

describe('a statement in full', () => {
  it('has every rule, every step of its approval, and every masked column', () => {
    const evidence: ApprovalStepView = {
      type: 'evidence',
      at: fixtureAt + second,
      explain: 'Update on t\n  ->  Seq Scan on t',
      rows: 1200,
      rowsAreEstimated: true,
      locks: ['RowExclusiveLock on t'],
      problem: undefined,
    };
    const vote: ApprovalStepView = {
      type: 'vote',
      at: fixtureAt + 2 * second,
      by: 'alice',
      vote: 'deny',
      reason: 'no',
    };
    const view = statementView({
      decision: { decision: 'approve', rules: denied.rules },
      approvals: [approval([evidence, vote, end('denied', ['alice'], 'no')], { reason: 'was asked to' })],
      masks,
      columns: [
        { name: 'email', type: 25, typeName: 'text', table: 0, attribute: 0 },
        { name: 'id', type: 23, typeName: 'int4', table: 0, attribute: 0 },
      ],
      rows: [[valueView('****.org'), valueView('1', 'int4')]],
      rowCount: 1,
    });
    const text = renderStatement(view, look);
    const at = text.indexOf('Policy');
    assert.equal(
      text.slice(at, text.indexOf('  Outcome')),
      [
        'Policy',
        '  Decision    needs approval',
        '  Rule        no blind deletes: deny',
        '  Rule        reads: allow, through WITH d',
        '  Approval    appr_0123456789ab, for 0k3d9x2v7m4hq8tz/1, asked at 13:03:22 until 13:13:22',
        '  Approvers   2 of finance, for money moves',
        '  Asked why   was asked to',
        '  Rows        about 1,200 would change',
        '  Lock        RowExclusiveLock on t',
        '  Plan        Update on t',
        '                ->  Seq Scan on t',
        '  Vote        alice denied after 2.00 s, 13:03:24: no',
        '  Ended       denied by alice after 2 m 03 s, 13:05:25: no',
        `  Binds to    ${'ab'.repeat(32)}`,
        '',
        '',
      ].join('\n'),
    );
    assert.match(text, /\nMasked\n column │ rule +│ shown +│ values\n/);
    assert.match(text, /\n email {2}│ public\.customers\.email │ in part {2}│ {5}12\n/);
    assert.match(text, /\n \(any\) {2}│ detector iban +│ redacted │ {6}1\n/);
    assert.match(text, / {2}2 errors or notices came without the text that Postgres wrote/);
    assert.match(text, /\n email ▒ +│ id\n/);
  });

  it('obeys nothing that somebody wrote', () => {
    const evil = '\x1b[2J\u202eevil\nForged  line';
    const evidence = { rows: undefined, rowsAreEstimated: false, locks: [evil], problem: evil, explain: evil };
    const view = statementView({
      decision: { decision: 'deny', rules: [{ rule: evil, then: 'deny', via: evil }] },
      approvals: [
        approval([{ type: 'evidence', at: fixtureAt, ...evidence }, end('denied', [evil], evil)], { reason: evil }),
      ],
      masks: { columns: [{ column: 0, name: evil, rule: evil, action: 'null', values: 1 }], detected: [], withheld: 0 },
    });
    for (const text of [renderStatement(view, look), renderStatementLine(view, look)]) {
      assert.ok(!text.includes('\x1b') && !text.includes('\u202e'));
      assert.doesNotMatch(text, /^Forged/m);
    }
  });
});

describe('elsewhere', () => {
  it('a session says under which approval it could be opened', () => {
    const access = approval([end('approved', ['dora'])], { scope: 'session', n: undefined, connection: 'billing' });
    const text = renderSession(sessionView({ access }), look);
    assert.match(
      text,
      /\n {2}Approval {7}appr_0123456789ab, for access to billing, asked at 13:03:22 until 13:13:22\n/,
    );
    assert.match(text, /\n {2}Ended {10}approved by dora after 2 m 03 s, 13:05:25\n/);
    assert.doesNotMatch(renderSession(sessionView(), look), /Approval/);
  });

  it('a question among the events has a sign of its own', () => {
    const asked = eventView({ type: 'approval_requested', session: 's', summary: 'approval appr_1 requested' });
    assert.match(renderEventLine(asked, look), / ◷ approval appr_1 requested\n$/);
  });
});
