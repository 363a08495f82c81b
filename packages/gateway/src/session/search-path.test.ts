import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { schemasOf, schemasToMakeIn, splitIdentifiers } from './search-path.ts';

describe('a list of names', () => {
  it('folds what is not quoted, and keeps what is', () => {
    assert.deepEqual(splitIdentifiers('Public, "My Schema" ,\t"a""b","x,y"'), ['public', 'My Schema', 'a"b', 'x,y']);
    assert.deepEqual(splitIdentifiers('ÄB, a"B'), ['Äb', 'a"b']);
  });

  it('may be empty', () => {
    assert.deepEqual(splitIdentifiers(''), []);
    assert.deepEqual(splitIdentifiers(' \n'), []);
    assert.deepEqual(splitIdentifiers('""'), ['']);
  });

  it('is none where Postgres would not take it for one', () => {
    for (const list of ['a,', ',a', 'a b', '"a', '"a" b', 'a,,b'])
      assert.equal(splitIdentifiers(list), undefined, list);
  });

  it('has names of at most 63 bytes, cut at a whole character', () => {
    assert.deepEqual(splitIdentifiers('x'.repeat(70)), ['x'.repeat(63)]);
    assert.deepEqual(splitIdentifiers(`"${'é'.repeat(40)}"`), ['é'.repeat(31)]);
    assert.deepEqual(splitIdentifiers('é'.repeat(30)), ['é'.repeat(30)]);
  });
});

describe('the schemas of a search_path', () => {
  const owner = { role: 'Agent', temporarySchema: 'pg_temp_7' };

  it('begin with temporary tables and pg_catalog, unless it names them', () => {
    assert.deepEqual(schemasOf('"$user", public', owner), ['pg_temp_7', 'pg_catalog', 'Agent', 'public']);
    assert.deepEqual(schemasOf('public, pg_catalog', owner), ['pg_temp_7', 'public', 'pg_catalog']);
    assert.deepEqual(schemasOf('public, pg_temp', owner), ['pg_catalog', 'public', 'pg_temp_7']);
    assert.deepEqual(schemasOf('', owner), ['pg_temp_7', 'pg_catalog']);
  });

  it('are not known when they depend on a role that is not', () => {
    const unknown = { ...owner, role: undefined };
    assert.equal(schemasOf('"$user", public', unknown), undefined);
    assert.deepEqual(schemasOf('public', unknown), ['pg_temp_7', 'pg_catalog', 'public']);
  });

  it('may have a new table in the first of them, and in those in front that may not be there', () => {
    const isOpen = (schema: string): boolean => schema === 'public' || schema === 'pg_catalog';
    const open = { isOpen, hasSchema: (schema: string): boolean => schema !== 'nowhere' };
    assert.deepEqual(schemasToMakeIn('"$user", nowhere, a', { ...owner, role: 'nowhere' }, open), ['a']);
    assert.deepEqual(schemasToMakeIn('"$user", public, other', owner, open), ['Agent', 'public']);
    assert.deepEqual(schemasToMakeIn('a, pg_temp, public', owner, open), ['a', 'pg_temp_7']);
    assert.deepEqual(schemasToMakeIn('a, b, a', owner, open), ['a', 'b']);
    assert.deepEqual(schemasToMakeIn('', owner, open), []);
    assert.equal(schemasToMakeIn('"$user"', { ...owner, role: undefined }, open), undefined);
  });
});
