import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Body } from '@onrecord/record';
import { guarded, noon, recordControls } from '../../store/controlled-day.fixture.ts';
import { JournalFixture, utf8 } from '../../store/journal.fixture.ts';
import { opened, recordDay } from '../../store/recorded-day.fixture.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

describe('commands that read a recording, of decisions, approvals and masks', () => {
  let cwd: string;

  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'onrecord-controls-'));
    const journal = new JournalFixture({ data: join(cwd, 'data') });
    recordDay(journal);
    recordControls(journal);
  });
  after(() => rmSync(cwd, { recursive: true }));

  const onrecord = (...args: string[]): Promise<Ran> => runCommand([...args, '--data', 'data', '--tz', 'UTC'], { cwd });
  const numbers = async (...args: string[]): Promise<unknown[]> =>
    objects((await onrecord('log', '--json', ...args)).stdout).map(({ n }) => n);
  const objects = (text: string): Record<string, unknown>[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  it('log filters by decision, rule, mask and approval', async () => {
    assert.deepEqual(await numbers('--decision', 'deny'), [1]);
    assert.deepEqual(
      await numbers('--rule', 'money moves need a second pair of eyes', '--outcome', 'refused'),
      [3, 4, 8, 9],
    );
    assert.deepEqual(await numbers('--masked'), [6, 7]);
    assert.deepEqual(await numbers('--approval', 'appr_paidtwice000'), [2, 5]);
  });

  it('log refuses a rule that never matched, with the one that was meant', async () => {
    const { stderr, stdout, code } = await onrecord('log', '--rule', 'no blind delete');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /there is no rule "no blind delete" on the record; did you mean "no blind deletes"\?/);
    assert.equal((await onrecord('log', '--decision', 'maybe')).code, 2);
  });

  it('log has them below the statement', async () => {
    const { stdout } = await onrecord('log', '--identity', guarded.identity);
    assert.match(stdout, / ⊗ DELETE FROM customers .*\n +denied by no blind deletes · 42501 Add a WHERE clause\.\n/);
    assert.match(stdout, / ✓ UPDATE payments .* 1 row .*\n +◷ approved by alice, bob after 4\.00 s\n/);
    assert.match(stdout, / ⊗ SELECT 9 .*\n +◷ .* · the gateway died while it waited for approval\n/);
  });

  it('show and replay have an approval with its statement, and not once more between statements', async () => {
    for (const command of ['show', 'replay']) {
      const { stdout } = await onrecord(command, '000007');
      assert.equal(stdout.match(/seen the invoice/g)?.length, 2, command);
      assert.doesNotMatch(stdout, /approval appr_paidtwice000 requested/);
    }
    const [whole] = objects((await onrecord('show', '000007/6', '--json')).stdout);
    assert.deepEqual([whole?.['decision'], inside(whole, 'masked', 'withheld')], ['allow', 0]);
  });

  it('sessions and show say under which approval somebody was let in', async () => {
    const listed = objects((await onrecord('sessions', '--json', '--identity', 'audit-agent')).stdout);
    assert.equal(inside(listed[0], 'access', 'approval'), 'appr_accessgranted');
    assert.match(
      (await onrecord('show', '000008')).stdout,
      /\n {2}Approval {7}appr_accessgranted, for access to payments/,
    );
  });

  it('events have approvals of access, and no others', async () => {
    const { stdout } = await onrecord('events', '--type', 'approval_requested', '--type', 'approval_ended', '--json');
    const found = objects(stdout).map(({ type, details }) => [type, inside(details, 'approval')]);
    assert.deepEqual(found, [
      ['approval_requested', 'appr_accessgranted'],
      ['approval_ended', 'appr_accessgranted'],
    ]);
    const [, ended] = objects(stdout);
    assert.equal(inside(ended, 'details', 'usableUntil'), '2024-11-19T14:00:02.000000Z');
  });

  it('export has them in every format', async () => {
    const sql = (await onrecord('export', '000007', '--format', 'sql')).stdout;
    assert.match(sql, /^-- 1: .* refused, .*denied by no blind deletes, ERROR 42501: Add a WHERE clause\.$/m);
    assert.match(sql, /^-- DELETE FROM customers;$/m);
    const lines = objects((await onrecord('export', '000007', '--format', 'jsonl')).stdout);
    assert.equal(inside(lines[1], 'approvals', '0', 'steps', 'length'), 6);
    const html = (await onrecord('export', '000007', '--format', 'html')).stdout;
    assert.match(html, /"text":"alice approved after 2\.00 s, 13:00:12: seen the invoice"/);
    assert.match(html, /"name":"email","typeName":"text","right":false,"masked":"in part"/);
  });

  it('tail shows a statement when people are asked for it, and again when it has ended', async () => {
    const data = join(cwd, 'live');
    const live = new JournalFixture({ data });
    const append = (body: Body): number => live.append({ at: noon, ...guarded, body });
    append(opened());
    const interrupt = new AbortController();
    const of = 2;
    const question = { approval: 'appr_1', of, hash: 'h', asks: [{ rule: 'r', group: 'finance', count: 1 }] };
    const ask = (): void => {
      clearInterval(calling);
      append({ type: 'statement', n: of, kind: 'simple', sql: utf8('UPDATE t SET a = 1'), transactionBefore: 'I' });
      append({ type: 'approval_requested', scope: 'statement', expiresAt: noon, ...question });
    };
    const end = (): void => {
      append({ type: 'approval_ended', approval: 'appr_1', of, result: 'approved', by: ['alice'] });
      append({ type: 'approval_used', approval: 'appr_1', of });
      append({ type: 'outcome', of, outcome: 'completed', tag: 'UPDATE 1', rowCount: 0, rowBytes: 0 });
    };
    // Until something shows up, nobody knows that the tail has begun.
    const calling = setInterval(() => append({ type: 'cancel_requested', client: 'c' }), 20);
    let seen = '';
    const steps: [RegExp, () => void][] = [
      [/cancel requested/, ask],
      [/◷ waits for approval by 1 of finance \(appr_1\)\n.* ◷ approval appr_1 requested for statement 2/, end],
      [
        / ◷ approval appr_1 for statement 2 ended: approved by alice\n(?:.*\n)*.*◷ approved by alice/,
        () => interrupt.abort(),
      ],
    ];
    try {
      const { code } = await runCommand(['tail', '--data', data, '--tz', 'UTC'], {
        cwd,
        interrupt: interrupt.signal,
        onOutput: (text) => {
          seen += text;
          if (steps[0]?.[0].test(seen)) steps.shift()?.[1]();
        },
      });
      assert.equal(code, 0);
      assert.equal(steps.length, 0, seen);
    } finally {
      clearInterval(calling);
      live.remove();
    }
  });
});

/** What stands at a path within an object; undefined when nothing does. */
function inside(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((within, name) => (within as Record<string, unknown> | undefined)?.[name], value);
}
