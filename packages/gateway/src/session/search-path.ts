import { limits } from '@onrecord/wire';

/** Whose names a `search_path` is about. */
export interface PathOwner {
  /** What `"$user"` stands for: the current role. Undefined: not known. */
  readonly role: string | undefined;
  /** The schema of the session's temporary tables, whether it has any or not: `pg_temp_7`. */
  readonly temporarySchema: string;
}

/**
 * The schemas in which unqualified names are looked up, in order, as a value of `search_path` says; with those in front
 * that Postgres adds (recomputeNamespacePath in catalog/namespace.c). Schemas that do not exist are in it. Undefined
 * when it cannot be told.
 */
export function schemasOf(setting: string, { role, temporarySchema }: PathOwner): readonly string[] | undefined {
  const named = splitIdentifiers(setting);
  if (named === undefined || (role === undefined && named.includes('$user'))) return undefined;
  const meant = named.map((name) => {
    if (name === '$user') return role ?? '';
    return name === 'pg_temp' ? temporarySchema : name;
  });
  const implied = [temporarySchema, 'pg_catalog'].filter((schema) => !meant.includes(schema));
  return Array.from(new Set([...implied, ...meant]));
}

/** Which schemas there are, or may be, and into which everybody may look. */
export interface SchemasThere {
  readonly isOpen: (schema: string) => boolean;
  readonly hasSchema: (schema: string) => boolean;
}

/**
 * The schemas in which a table without a schema may be made, by a value of `search_path`: the first that is there and that
 * the role may look into. Undefined when it cannot be told.
 */
export function schemasToMakeIn(
  setting: string,
  { role, temporarySchema }: PathOwner,
  { isOpen, hasSchema }: SchemasThere,
): readonly string[] | undefined {
  const named = splitIdentifiers(setting);
  if (named === undefined || (role === undefined && named.includes('$user'))) return undefined;
  const meant = named.map((name) => (name === '$user' ? (role ?? '') : name === 'pg_temp' ? temporarySchema : name));
  const there = meant.filter((schema) => schema === temporarySchema || hasSchema(schema));
  const certain = there.findIndex((schema) => schema === temporarySchema || isOpen(schema));
  return Array.from(new Set(certain === -1 ? there : there.slice(0, certain + 1)));
}

/** One name of a list: quoted, or up to a comma or blank. Blanks are those of scanner_isspace. */
const identifier = /[ \t\n\r\v\f]*(?:"((?:[^"]|"")*)"|([^", \t\n\r\v\f][^, \t\n\r\v\f]*))[ \t\n\r\v\f]*(,|$)/y;

/** Takes a list of names apart as SplitIdentifierString (utils/adt/varlena.c) does. Undefined: Postgres would not take it. */
export function splitIdentifiers(list: string): readonly string[] | undefined {
  if (/^[ \t\n\r\v\f]*$/.test(list)) return [];
  const names: string[] = [];
  identifier.lastIndex = 0;
  for (;;) {
    const match = identifier.exec(list);
    if (match === null) return undefined;
    const [, quoted, bare = '', next] = match;
    const name = quoted?.replaceAll('""', '"') ?? bare.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
    names.push(cut(name));
    if (next === '') return names;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Postgres cuts names at a whole character. */
function cut(name: string): string {
  if (name.length * 3 <= limits.nameBytes) return name;
  const bytes = encoder.encode(name);
  if (bytes.length <= limits.nameBytes) return name;
  let end = limits.nameBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return decoder.decode(bytes.subarray(0, end));
}
