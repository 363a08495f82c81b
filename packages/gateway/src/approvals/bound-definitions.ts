import type { Analysis } from '../sql/analysis.ts';
import type { Catalog, Relation } from '../sql/catalog.ts';

/**
 * What the catalog says of everything that statements touch, as a text: bodies of functions, definitions of views, rules,
 * triggers, columns. An approval binds to it, so that what was approved is not given another meaning behind its name. What
 * code puts together when it runs cannot be told.
 */
export function boundDefinitions(analyses: readonly Analysis[], catalog: Catalog | undefined): string {
  const commands = analyses.flatMap((analysis) => analysis.commands);
  const relations = new Set(commands.flatMap(({ reads, writes }) => [...reads, ...writes]));
  const functions = new Set(commands.flatMap((command) => command.functions));
  const found: string[] = [];
  for (const name of relations) {
    for (const [schema, bare] of splits(name)) {
      const relation = catalog?.find(schema, bare);
      // System catalogs are what they are.
      if (relation !== undefined && schema !== 'pg_catalog') found.push(`${name} ${relationText(relation)}`);
    }
  }
  for (const name of functions) {
    for (const [schema, bare] of splits(name)) {
      for (const one of catalog?.functions(bare) ?? [])
        if (one.schema === schema && !one.builtIn) found.push(`${name} ${JSON.stringify(one)}`);
    }
  }
  return JSON.stringify(found.sort());
}

/** Partitions come and go with the months; those that are touched are among what is touched. */
function relationText(relation: Relation): string {
  return JSON.stringify({ ...relation, children: [] });
}

/** `a.b` as schema and name; either may have a dot in it. */
function splits(name: string): readonly (readonly [schema: string, bare: string])[] {
  const found: [string, string][] = [];
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1))
    found.push([name.slice(0, dot), name.slice(dot + 1)]);
  return found;
}
