import type { Catalog, CatalogFunction } from './catalog.ts';

/** Functions by `schema.name`, either of which may hold a dot; by a name alone, those of any schema. */
export function functionsNamed(catalog: Catalog, qualified: string): readonly CatalogFunction[] {
  for (let dot = qualified.indexOf('.'); dot !== -1; dot = qualified.indexOf('.', dot + 1)) {
    const schema = qualified.slice(0, dot);
    const found = catalog.functions(qualified.slice(dot + 1)).filter((candidate) => candidate.schema === schema);
    if (found.length > 0) return found;
  }
  return qualified.includes('.') ? [] : catalog.functions(qualified);
}
