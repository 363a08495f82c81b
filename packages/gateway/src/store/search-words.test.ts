import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { searchExpression } from './search-words.ts';

describe('searchExpression', () => {
  it('asks for each word, phrases as they stand, beginnings as such', () => {
    assert.equal(searchExpression('update Paid'), '"update" AND "Paid"');
    assert.equal(searchExpression('"id = 7" invo*'), '"id = 7" AND "invo*"*');
    assert.equal(searchExpression('"open phrase'), '"open phrase"');
  });

  it('passes over what has no word in it', () => {
    assert.equal(searchExpression('= paid ;'), '"paid"');
    for (const nothing of ['', '  ', '*', '"', '""', '= ( & ) --']) assert.equal(searchExpression(nothing), undefined);
  });

  it('is understood by the engine, whatever was typed', () => {
    const database = new DatabaseSync('');
    database.exec('CREATE VIRTUAL TABLE t USING fts5(sql)');
    const match = database.prepare('SELECT rowid FROM t WHERE t MATCH ?');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom(...'ab"*()-+^:{}NEAR AND OR NOT\0\n') }),
        ),
        (typed) => {
          const expression = searchExpression(typed);
          if (expression !== undefined) assert.deepEqual(match.all(expression), []);
        },
      ),
    );
    database.close();
  });
});
