import type { Analysis } from '../analysis.ts';
import type { Catalog, Relation } from '../catalog.ts';
import type { RawStatement } from '../parser.ts';
import { type QualifiedName, resolveRelation, type SearchPath } from '../resolve.ts';
import type { Knowledge } from './knowledge.ts';

/** What the names and texts of a statement mean where it runs. */
export interface Surroundings {
  readonly catalog: Catalog | undefined;
  readonly path: SearchPath;
  /** What follows from the catalog; there is one where there is a catalog. */
  readonly knowledge: Knowledge | undefined;
  readonly prepared: (name: string) => Analysis | undefined;
  readonly cursor: (name: string) => Analysis | undefined;
  /** Undefined when the text cannot be parsed. */
  readonly parse: (sql: string) => readonly RawStatement[] | undefined;
  /** True for what is planned and not run: only functions that are not volatile may be called. */
  readonly isPlanOnly: boolean;
  /** True when the literals of the text were taken out of it: what they said is not known. */
  readonly isCondensed: boolean;
  /** `standard_conforming_strings` is off: a body with a backslash in it reads in another way than it does here. */
  readonly isEscaping: boolean;
}

/** What a name stands for: the relations that it may be, and how it is listed when it is none that the catalog has. */
export interface Named {
  readonly relations: readonly Relation[];
  readonly listed: string;
}

/** Looks a relation up by name. */
export function named(around: Surroundings, name: QualifiedName): Named {
  const relations = around.catalog === undefined ? [] : resolveRelation(around.catalog, around.path, name);
  return { relations, listed: listedName(around, name) };
}

/** `schema.name`; of a name without a schema, with the one that CREATE would take, as far as the catalog knows. */
export function listedName(around: Surroundings, name: QualifiedName): string {
  return listedNames(around, name)[0];
}

/**
 * The same, with all that CREATE may take: the first schema of the path that is there and that the role may look into. Which
 * there are is not known without a catalog, nor where none of the path is in it.
 */
export function listedNames({ path, catalog }: Surroundings, name: QualifiedName): readonly [string, ...string[]] {
  if (name.schema !== '') return [fullName(name)];
  const searched = searchedIn(path);
  const present = searched.filter((schema) => catalog?.hasSchema(schema) === true);
  const schemas = upToOpen(present.length === 0 ? searched : present, catalog);
  const [first = name.name, ...others] = schemas.map((schema) => fullName({ schema, name: name.name }));
  return [first, ...others];
}

/** The same, and in schemas of the path of which the catalog knows nothing. */
export function possibleNames({ path, catalog }: Surroundings, { schema, name }: QualifiedName): readonly string[] {
  const schemas = schema === '' ? upToOpen(searchedIn(path), catalog) : [schema];
  return schemas.map((one) => fullName({ schema: one, name }));
}

function searchedIn(path: SearchPath): readonly string[] {
  return path?.filter((schema) => schema !== 'pg_catalog' && !/^pg_temp(_|$)/.test(schema)) ?? [];
}

/** Up to the first that everybody may look into. */
function upToOpen(schemas: readonly string[], catalog: Catalog | undefined): readonly string[] {
  const certain = schemas.findIndex((schema) => catalog?.isOpen(schema) === true);
  return certain === -1 ? schemas : schemas.slice(0, certain + 1);
}

/** `schema.name` of what the catalog has. */
export function fullName({ schema, name }: QualifiedName): string {
  return `${schema}.${name}`;
}
