import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { latin1 } from '../session/latin1.ts';
import { sessionEffect } from './sql-session-effects.ts';

const bytes = (text: string): string => latin1(new TextEncoder().encode(text));

describe('sessionEffect', () => {
  test('names what PREPARE makes, as Postgres keeps names', () => {
    const names: readonly (readonly [string, string])[] = [
      ['prepare A as select 1', 'a'],
      ['  PREPARE plan_1(int, text) AS select $1', 'plan_1'],
      ['prepare "My ""plan""" as select 1', 'My "plan"'],
      ['/* x */ -- y\n prepare/**/b/**/as select 1', 'b'],
      ['; prepare b as select 1', 'b'],
      ['prepare transaction as select 1', 'transaction'],
      ['prepare Ünïx as select 1', bytes('Ünïx')],
      ['prepare U&"d\\0061t\\00e9" as select 1', bytes('daté')],
      [`prepare ${'x'.repeat(70)} as select 1`, 'x'.repeat(63)],
      [`prepare "${'x'.repeat(62)}é" as select 1`, 'x'.repeat(62)],
    ];
    for (const [sql, name] of names) assert.deepEqual(sessionEffect(bytes(sql)), { type: 'prepare', name }, sql);
  });

  test('does not take PREPARE TRANSACTION for a statement', () => {
    for (const sql of ["prepare transaction 'x'", "PREPARE TRANSACTION E'x'", 'prepare transaction $$x$$']) {
      assert.equal(sessionEffect(sql), undefined);
    }
  });

  test('tells DEALLOCATE of one from DEALLOCATE of all', () => {
    const cases: readonly (readonly [string, string | undefined])[] = [
      ['deallocate A', 'a'],
      ['deallocate prepare a', 'a'],
      ['deallocate prepare', 'prepare'],
      ['deallocate prepare;', 'prepare'],
      ['DEALLOCATE ALL', undefined],
      ['deallocate prepare all', undefined],
      ['deallocate "all"', 'all'],
      ['deallocate prepare "all"', 'all'],
    ];
    for (const [sql, name] of cases) assert.deepEqual(sessionEffect(sql), { type: 'deallocate', name }, sql);
  });

  test('sees DISCARD ALL, DECLARE and CLOSE', () => {
    assert.deepEqual(sessionEffect('Discard All'), { type: 'discard all' });
    for (const what of ['plans', 'sequences', 'temp', 'temporary'])
      assert.equal(sessionEffect(`discard ${what}`), undefined);
    assert.deepEqual(sessionEffect('declare C cursor for select 1'), {
      type: 'declare',
      name: 'c',
      held: false,
    });
    for (const [options, held] of [
      ['scroll cursor with hold', true],
      ['binary insensitive no scroll cursor /* with hold */ WITH -- x\n HOLD', true],
      ['cursor without hold', false],
      ['cursor', false],
    ] as const) {
      const sql = `declare c ${options} for select 1 as with, 2 as hold`;
      assert.deepEqual(sessionEffect(sql), { type: 'declare', name: 'c', held }, sql);
    }
    assert.deepEqual(sessionEffect('close "C"'), { type: 'close', name: 'C' });
    assert.deepEqual(sessionEffect('close all'), { type: 'close', name: undefined });
  });

  test('sees no effect in anything else, whole or broken', () => {
    for (const sql of [
      '',
      ' ',
      'select 1',
      'insert into t values (1)',
      'delete from t',
      'create table close (a int)',
      'commit',
    ]) {
      assert.equal(sessionEffect(sql), undefined);
    }
    for (const sql of [
      'prepare',
      'deallocate',
      'close',
      'discard',
      'declare',
      'close 1',
      'prepare "x',
      'preparea',
      '/* x',
      '--',
    ]) {
      assert.equal(sessionEffect(sql), undefined, sql);
    }
  });

  test('never throws', () => {
    const start = fc.constantFrom('prepare ', 'close ', 'deallocate ', 'discard ', 'declare ', '/*', '--', '');
    fc.assert(
      fc.property(start, fc.string({ unit: 'binary', maxLength: 12 }), (keyword, rest) => {
        sessionEffect(keyword + bytes(rest));
      }),
      { numRuns: 2_000 },
    );
  });
});
