import { TypeCatalog } from '@onrecord/record';

/** What types have in common for masks: what a masked value of them may look like, and where detectors look. */
export type ValueFamily =
  /** The bytes are the text, in both formats. */
  | 'text'
  /** The same, with blanks at its end that do not count. */
  | 'bpchar'
  | 'json'
  /** JSON behind a version byte in binary. */
  | 'jsonb'
  | 'uuid'
  | 'bytea'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'numeric'
  | 'array'
  | 'record'
  /** May hold texts in a form that is not known here: types of users, tsvector. */
  | 'container'
  /** Everything else: a masked one is NULL, and detectors have nothing to find. */
  | 'other';

const byOid: ReadonlyMap<number, ValueFamily> = new Map<number, ValueFamily>([
  [17, 'bytea'],
  [19, 'text'], // name
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [25, 'text'],
  [114, 'json'],
  [142, 'text'], // xml: a text alone is well-formed content
  [705, 'text'], // unknown
  [1042, 'bpchar'],
  [1043, 'text'], // varchar
  [1700, 'numeric'],
  [1790, 'text'], // refcursor
  [2249, 'record'],
  [2275, 'text'], // cstring
  [2950, 'uuid'],
  [3614, 'container'], // tsvector
  [3615, 'container'], // tsquery
  [3802, 'jsonb'],
  [4072, 'container'], // jsonpath
]);

const builtIn = new TypeCatalog();

/** The family of a type. Types of users are containers: of an enum, a composite type or an extension's type nothing is known. */
export function familyOf(type: number): ValueFamily {
  const family = byOid.get(type);
  if (family !== undefined) return family;
  const known = builtIn.get(type);
  if (known === undefined) return 'container';
  if (known.array) return 'array';
  // anyarray is what statistics are.
  return known.name === 'anyarray' ? 'array' : known.kind === 'c' ? 'record' : 'other';
}
