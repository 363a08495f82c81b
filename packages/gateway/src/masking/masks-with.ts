import { type Catalog, columnKey, type Relation } from '../sql/catalog.ts';
import type { ColumnMask } from './mask.ts';
import type { ResolvedMasks } from './resolved-masks.ts';

/**
 * The same masks, and those of rules that name columns of tables which `catalog` has besides. Nothing that is masked without
 * them stops to be.
 */
export function masksWith(
  masks: ResolvedMasks,
  catalog: Catalog | undefined,
  tables: Iterable<Relation>,
): ResolvedMasks {
  const columns = new Map(masks.columns);
  const names = new Set(masks.names);
  const relations = new Set(masks.relations);
  for (const { oid, schema, name, columns: own } of tables) {
    for (const column of own) {
      const rule = `${schema}.${name}.${column.name}`;
      const action = masks.active.columns.get(rule);
      if (action === undefined) continue;
      columns.set(columnKey(oid, column.number), { rule, action } satisfies ColumnMask);
      names.add(rule);
      relations.add(`${schema}.${name}`);
    }
  }
  return { ...masks, catalog, columns, names, relations };
}
