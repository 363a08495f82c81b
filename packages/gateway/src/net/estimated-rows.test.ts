import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { estimatedRows } from './estimated-rows.ts';

const plan = (node: object): string => JSON.stringify([{ Plan: node }]);
const scan = (rows: number, relationship = 'Outer'): object => ({
  'Node Type': 'Seq Scan',
  'Parent Relationship': relationship,
  'Plan Rows': rows,
});

describe('rows that a plan would change', () => {
  it('are those that come to its ModifyTable, from every table', () => {
    assert.equal(estimatedRows(plan({ 'Node Type': 'ModifyTable', 'Plan Rows': 0, Plans: [scan(7)] })), 7);
    const members = [scan(7, 'Member'), scan(5, 'Member'), scan(100, 'InitPlan')];
    assert.equal(estimatedRows(plan({ 'Node Type': 'ModifyTable', Plans: members })), 12);
  });

  it('are found under a SELECT', () => {
    const writes = { 'Node Type': 'ModifyTable', 'Parent Relationship': 'InitPlan', Plans: [scan(3)] };
    assert.equal(estimatedRows(plan({ 'Node Type': 'CTE Scan', 'Plan Rows': 3, Plans: [writes] })), 3);
  });

  it('are none where nothing is changed', () => {
    assert.equal(estimatedRows(plan(scan(1_000))), undefined);
    assert.equal(estimatedRows('[]'), undefined);
  });
});
