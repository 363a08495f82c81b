import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureAt, statementView } from '../present/views.fixture.ts';
import { jsonLine, statementJson } from './statement-json.ts';

test('scripts read decisions, approvals and masks, and nothing where there are none', () => {
  const plain = JSON.parse(jsonLine(statementJson(statementView())));
  for (const field of ['decision', 'rules', 'approvals', 'masked']) assert.ok(!(field in plain), field);
  const vote = { type: 'vote', at: fixtureAt, by: 'alice', vote: 'approve', reason: '' } as const;
  const end = { type: 'end', at: fixtureAt, result: 'approved', by: ['alice'], reason: undefined } as const;
  const approval = {
    approval: 'appr_1',
    requestedAt: fixtureAt,
    session: 's',
    n: 1,
    scope: 'statement',
    hash: 'ab',
    asks: [{ rule: 'r', group: 'finance', count: 1 }],
    expiresAt: fixtureAt + 1,
    reason: undefined,
    connection: undefined,
    steps: [vote, { ...end, usableUntil: fixtureAt + 2 }],
  } as const;
  const column = { column: 0, name: 'email', rule: 'c.email', action: 'null', values: 3 } as const;
  const view = statementView({
    decision: { decision: 'approve', rules: [{ rule: 'r', then: 'approve', via: undefined }] },
    approvals: [approval],
    masks: { columns: [column], detected: [], withheld: 1 },
  });
  const at = '2026-11-17T13:03:22.123456Z';
  const { decision, rules, approvals, masked } = JSON.parse(jsonLine(statementJson(view)));
  assert.deepEqual(
    { decision, rules, approvals, masked },
    {
      decision: 'approve',
      rules: [{ rule: 'r', then: 'approve' }],
      approvals: [
        {
          approval: 'appr_1',
          scope: 'statement',
          session: 's',
          n: 1,
          connection: null,
          requestedAt: at,
          expiresAt: '2026-11-17T13:03:22.123457Z',
          asks: approval.asks,
          reason: null,
          hash: 'ab',
          steps: [
            { ...vote, at },
            { type: 'end', at, result: 'approved', by: ['alice'], usableUntil: '2026-11-17T13:03:22.123458Z' },
          ],
        },
      ],
      masked: { columns: [column], detected: [], withheld: 1 },
    },
  );
});
