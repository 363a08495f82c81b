import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { traceparentOf } from './traceparent.ts';

const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('traceparentOf', () => {
  test('reads what sqlcommenter writes', () => {
    for (const sql of [
      `select 1 /*action='a',traceparent='${valid}',tracestate='x%3D1'*/`,
      `/* traceparent='${valid}' */ select 1`,
      `select 1 -- traceparent='${valid}'`,
      `select ';' /*traceparent=${valid}*/`,
      `select 1 /*traceparent='nonsense'*/ /*traceparent='${valid}'*/`,
    ]) {
      assert.equal(traceparentOf(sql), valid, sql);
    }
  });

  test('takes no trace from a literal, and none that is not valid', () => {
    for (const sql of [
      'select 1',
      `select 'traceparent=${valid}'`,
      `select '/*traceparent=''${valid}''*/'`,
      `select $$/*traceparent='${valid}'*/$$`,
      `select 1 /*traceparent='${valid}0'*/`,
      `select 1 /*traceparent='${valid.toUpperCase()}'*/`,
      `select 1 /*traceparent='ff${valid.slice(2)}'*/`,
      `select 1 /*traceparent='00-${'0'.repeat(32)}-b7ad6b7169203331-01'*/`,
      `select 1 /*traceparent='00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01'*/`,
    ]) {
      assert.equal(traceparentOf(sql), undefined, sql);
    }
  });
});
