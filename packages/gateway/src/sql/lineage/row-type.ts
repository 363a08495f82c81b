import { type Catalog, columnKey, type Relation } from '../catalog.ts';
import { closed, type Shape, unknown } from './flow.ts';

const shapes: WeakMap<Catalog, Map<number, Shape>> = new WeakMap();

/**
 * The columns of a table as they stand in it: each is its own source, but where a cast of somebody's can come between
 * without being written. One shape for each relation of a catalog.
 */
export function baseShape(catalog: Catalog, relation: Relation): Shape {
  let ofCatalog = shapes.get(catalog);
  if (ofCatalog === undefined) {
    ofCatalog = new Map();
    shapes.set(catalog, ofCatalog);
  }
  let shape = ofCatalog.get(relation.oid);
  if (shape === undefined) {
    shape = closed(
      relation.columns.map(({ name, number, type }) => ({
        name,
        flow: hasHiddenCasts(catalog, type)
          ? unknown
          : { sources: new Set([columnKey(relation.oid, number)]), plain: true, type },
      })),
    );
    ofCatalog.set(relation.oid, shape);
  }
  return shape;
}

function hasHiddenCasts(catalog: Catalog, type: number): boolean {
  return (catalog.codeType(type)?.from.length ?? 0) > 0;
}

const rowTypes: WeakMap<Catalog, ReadonlyMap<number, Relation>> = new WeakMap();

/** The fields of a row type; their flows are of no use. Undefined for a type that is none, or not known to be one. */
export function rowTypeShape(catalog: Catalog, type: number): Shape | undefined {
  let relations = rowTypes.get(catalog);
  if (relations === undefined) {
    const found = new Map<number, Relation>();
    for (const relation of catalog.relations) {
      if (relation.rowType !== undefined && relation.rowType !== 0) found.set(relation.rowType, relation);
    }
    relations = found;
    rowTypes.set(catalog, relations);
  }
  const relation = relations.get(type);
  return relation === undefined ? undefined : baseShape(catalog, relation);
}
