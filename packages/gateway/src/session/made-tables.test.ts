import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Analysis } from '../sql/analysis.ts';
import { catalogFixture } from '../sql/catalog.fixture.ts';
import { leftBy, type MadeTable, MadeTables, onlyMakes } from './made-tables.ts';

const catalog = catalogFixture({ relations: [{ name: 'there', columns: ['id int4'] }] });
const none = { has: () => false, isDropped: () => false };

function make(
  tables: MadeTables,
  name: string,
  {
    schemas = ['app', 'public'],
    own = none,
  }: { readonly schemas?: readonly string[]; readonly own?: typeof none } = {},
): MadeTable | undefined {
  const made = { schema: '', name, columns: [{ number: 1, name: 'id', type: 23 }] };
  return tables.make({ made, defined: `app.${name}` }, { schemas, catalog, own });
}

const schemasOf = (made: MadeTable | undefined): unknown => made?.places.map(({ relation }) => relation.schema);
const does = (...effects: Analysis['effects']): Analysis => ({ effects, commands: [] }) as unknown as Analysis;

describe('tables that a session has made', () => {
  it('may be in every schema where the catalog has none of the name', () => {
    const tables = new MadeTables();
    assert.deepEqual(schemasOf(make(tables, 'new')), ['app', 'public']);
    assert.deepEqual(schemasOf(make(tables, 'there')), ['app']);
    assert.deepEqual(
      schemasOf(make(tables, 'there', { schemas: ['public'] })),
      ['public'],
      'it was made, so it is there',
    );
    const dropped = { has: () => true, isDropped: () => true };
    assert.deepEqual(schemasOf(make(tables, 'there', { own: dropped })), ['app', 'public']);
    assert.equal(make(tables, 'there', { own: { ...dropped, isDropped: () => false } }), undefined);
    assert.equal(make(tables, 'there', { schemas: [] }), undefined);
  });

  it('are plain ones, with the indexes and sequences that come along', () => {
    const columns = [{ number: 1, name: 'id', type: 20 }];
    const makes = { schema: '', name: 't', columns, listed: 'app.t' };
    const commands = [{ kind: 'ddl' }];
    const names = ['app.t', 'app.t_id_seq', 'app.t_pkey'];
    const statement = { commands, effects: [{ type: 'define', names, makes }], unresolved: [] } as unknown as Analysis;
    assert.equal(onlyMakes(statement)?.defined, 'app.t');
    assert.equal(onlyMakes({ ...statement, effects: [...statement.effects, { type: 'anything' }] }), undefined);
    assert.equal(onlyMakes({ ...statement, effects: [{ type: 'define', names }] }), undefined);
  });

  it('are in a catalog that stays the same as long as they do', () => {
    const empty = new MadeTables();
    assert.equal(empty.over(catalog), catalog);
    const one = empty.with(make(empty, 'one', { schemas: ['public'] }) as MadeTable);
    assert.equal(one.over(catalog), one.over(catalog));
    const two = one.with(make(one, 'two', { schemas: ['public'] }) as MadeTable);
    const oids = ['one', 'two'].map((name) => two.over(catalog)?.find('public', name)?.oid);
    assert.equal(new Set(oids).size, 2);
    assert.notEqual(two.over(catalog)?.version, one.over(catalog)?.version);
    assert.equal(two.without(['public.three']), two);
    assert.equal(two.without(['other.one']).over(catalog)?.find('public', 'one'), undefined);
    assert.deepEqual([two.has('app.one'), two.has('public.one'), two.has('other.one')], [true, true, false]);
  });

  it('are left by what has nothing to do with them, and by nothing that may undo them', () => {
    const empty = new MadeTables();
    const made = empty.with(make(empty, 'one') as MadeTable);
    const kept: readonly Analysis[] = [
      does(),
      does({ type: 'set', name: 'search_path', value: 'a', local: false }),
      does({ type: 'transaction', does: 'savepoint' }),
      does({ type: 'transaction', does: 'release' }),
      does({ type: 'define', names: ['public.two', 'one.three'] }),
    ];
    for (const each of kept) assert.equal(leftBy(made, each), made);
    const lost: readonly Analysis[] = [
      does({ type: 'anything' }),
      does({ type: 'define', names: undefined }),
      does({ type: 'define', names: ['one'] }),
      does({ type: 'define', names: ['other.one'] }),
      does({ type: 'transaction', does: 'rollback to' }),
      does({ type: 'transaction', does: 'commit' }),
      { ...does(), commands: [{ kind: 'discard' }] } as unknown as Analysis,
    ];
    for (const each of lost) assert.equal(leftBy(made, each).isEmpty, true);
  });
});
