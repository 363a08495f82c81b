import assert from 'node:assert/strict';
import { test } from 'node:test';
import stringWidth from 'string-width';
import type { StatementView } from '../../store/views.ts';
import { renderStatementLine } from './statement-line.ts';
import { fixtureAt, messageView, statementView } from './views.fixture.ts';

const look = { width: 100, color: false, timeZone: 'Europe/Berlin' };

function timeline(views: readonly StatementView[], width = 100): string[] {
  return views
    .map((view, i) => renderStatementLine(view, { ...look, width }, views[i - 1]))
    .join('')
    .split('\n')
    .slice(0, -1);
}

test('a statement is one line under the day and who acted', () => {
  assert.deepEqual(timeline([statementView({ n: 7, sql: 'select id\n  from customers', rowCount: 12 })]), [
    'Tuesday 2026-11-17 Europe/Berlin (UTC+01:00)',
    '',
    'billing-agent → billing',
    ' 14:03:22.123 4hq8tz/7   ✓ select id from customers                                 12 rows  1.24 ms',
  ]);
});

test('what repeats is not repeated; another day, identity or connection is a heading', () => {
  const views = [
    statementView(),
    statementView({ n: 2 }),
    statementView({ session: '0k3d9x2v7m4hq900' }),
    statementView({ identity: 'reports-agent' }),
    statementView({ identity: 'reports-agent', connection: 'archive', at: fixtureAt + 36_000_000_000 }),
  ];
  const headings = timeline(views).filter((line) => !line.startsWith(' ') && line !== '');
  assert.deepEqual(headings, [
    'Tuesday 2026-11-17 Europe/Berlin (UTC+01:00)',
    'billing-agent → billing',
    'reports-agent → billing',
    'Wednesday 2026-11-18 Europe/Berlin (UTC+01:00)',
    'reports-agent → archive',
  ]);
});

test('somebody else on whose behalf it was done is a heading too, with how far that can be believed', () => {
  const views = [
    statementView({ onBehalfOf: { verified: 'alice' } }),
    statementView({ n: 2, onBehalfOf: { verified: 'alice' } }),
    statementView({ n: 3, onBehalfOf: { claimed: 'alice' } }),
    statementView({ n: 4, onBehalfOf: { claimed: 'alice (verified), bob' } }),
    statementView({ n: 5, onBehalfOf: { claimed: 'é'.repeat(256) } }),
    statementView({ n: 6 }),
  ];
  assert.deepEqual(
    timeline(views).filter((line) => line.startsWith('billing-agent')),
    [
      'billing-agent on behalf of alice (verified) → billing',
      'billing-agent on behalf of alice (claimed) → billing',
      'billing-agent on behalf of "alice (verified), bob" (claimed) → billing',
      `billing-agent on behalf of ${'é'.repeat(32)}… (claimed) → billing`,
      'billing-agent → billing',
    ],
  );
});

test('the day is that of the zone asked for', () => {
  const at = Date.UTC(2026, 10, 17, 23, 30) * 1000;
  assert.match(renderStatementLine(statementView({ at }), { ...look, timeZone: 'UTC' }), /^Tuesday 2026-11-17 UTC\n/);
  assert.match(renderStatementLine(statementView({ at }), look), /^Wednesday 2026-11-18 Europe\/Berlin/);
});

test('a change of the clock within a day is a heading too', () => {
  const before = Date.UTC(2026, 9, 25, 0, 59) * 1000;
  const lines = timeline([statementView({ at: before }), statementView({ at: before + 120_000_000, n: 2 })]);
  assert.equal(lines.filter((line) => line.startsWith('Sunday 2026-10-25')).length, 2);
});

test('a failure says why on a second line', () => {
  const lines = timeline([statementView({ outcome: 'failed', error: messageView(), commandTag: undefined })]);
  assert.match(lines.at(-2) ?? '', / ✗ select 1 /);
  assert.equal(lines.at(-1)?.trim(), '42703 column "totl" does not exist');
});

test('every outcome but the good ones says what it means', () => {
  for (const outcome of ['skipped', 'cancelled', 'refused', 'client gone', 'unknown'] as const) {
    assert.equal(timeline([statementView({ outcome })]).length, 5, outcome);
  }
  for (const outcome of ['completed', 'suspended', 'running'] as const) {
    assert.equal(timeline([statementView({ outcome })]).length, 4, outcome);
  }
});

test('rows changed are read from the command tag', () => {
  assert.match(timeline([statementView({ commandTag: 'UPDATE 1204' })]).at(-1) ?? '', / 1,204 rows +1.24 ms$/);
  assert.match(timeline([statementView({ commandTag: 'INSERT 0 1' })]).at(-1) ?? '', / 1 row +1.24 ms$/);
  assert.doesNotMatch(timeline([statementView({ commandTag: 'CREATE TABLE' })]).at(-1) ?? '', /row/);
});

test('no line is wider than asked, whatever the SQL', () => {
  const sql = `select '世界' /* \u202e \x1b[31m */, ${'x, '.repeat(5000)} 1`;
  for (const width of [60, 80, 140]) {
    for (const line of timeline(
      [statementView({ sql, rowCount: 1_000_000, outcome: 'failed', error: messageView({ message: sql }) })],
      width,
    )) {
      assert.ok(stringWidth(line) <= width, `${stringWidth(line)} > ${width}: ${line}`);
    }
  }
});

test('recorded text is never obeyed, in any field', () => {
  const evil = '\x1b[2J\u202e\x9b';
  const view = statementView({
    sql: evil,
    identity: evil,
    connection: evil,
    outcome: 'failed',
    error: messageView({ sqlstate: evil, message: evil }),
  });
  assert.doesNotMatch(renderStatementLine(view, look).replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
});
