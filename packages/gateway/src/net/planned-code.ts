import type { Analysis } from '../sql/analysis.ts';
import type { Catalog } from '../sql/catalog.ts';

/**
 * Functions of somebody's that planning the statements may run, as the analysis names them, sorted: those that are
 * called, and those that policies, constraints and indexes of their tables bring along. One that the catalog does not
 * have is somebody's.
 */
export function plannedCode(analyses: readonly Analysis[], catalog: Catalog | undefined): readonly string[] {
  const commands = analyses.flatMap((analysis) => analysis.commands);
  const called = commands.flatMap(({ functions }) => functions).filter((name) => !isBuiltIn(name, catalog));
  const tables = new Set(commands.flatMap(({ reads, writes }) => [...reads, ...writes]));
  const attached = Array.from(tables).flatMap((name) => attachedTo(name, catalog));
  return Array.from(new Set([...called, ...attached])).sort();
}

function isBuiltIn(qualified: string, catalog: Catalog | undefined): boolean {
  const meant = splits(qualified).flatMap(({ schema, name }) =>
    (catalog?.functions(name) ?? []).filter((candidate) => candidate.schema === schema),
  );
  return meant.length > 0 && meant.every(({ builtIn }) => builtIn);
}

function attachedTo(qualified: string, catalog: Catalog | undefined): readonly string[] {
  const tables = splits(qualified).flatMap(({ schema, name }) => catalog?.find(schema, name) ?? []);
  return tables.flatMap(({ attached = [] }) =>
    attached.map((oid) => {
      const code = catalog?.function(oid);
      return code === undefined ? `function ${oid}` : `${code.schema}.${code.name}`;
    }),
  );
}

/** `schema.name` taken apart; at each point, since names may have some in them. */
function splits(qualified: string): readonly { readonly schema: string; readonly name: string }[] {
  const points = Array.from(qualified.matchAll(/\./g), ({ index }) => index);
  return points.map((at) => ({ schema: qualified.slice(0, at), name: qualified.slice(at + 1) }));
}
