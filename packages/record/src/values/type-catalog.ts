import type { LearnedType } from '../entry.ts';
import { builtInTypes } from './built-in-types.ts';

/** A type as far as reading its values asks for. */
export interface KnownType extends Omit<LearnedType, 'fields'> {
  /** Built in, or learned from a database's catalog: a name proves nothing of a learned one's bytes. */
  readonly builtIn: boolean;
}

const builtIn: ReadonlyMap<number, KnownType> = new Map(
  builtInTypes.map(([oid, name, kind, of]) => {
    const array = kind === 'a';
    return [oid, { oid, name, kind: array ? 'b' : kind, of, array, builtIn: true }];
  }),
);

/** The types of one database: Postgres's own, which are the same everywhere, and those that were learned. */
export class TypeCatalog {
  readonly #learned: ReadonlyMap<number, KnownType>;

  /** Of several learned types with one OID, the last counts. */
  constructor(learned: Iterable<LearnedType> = []) {
    this.#learned = new Map(Array.from(learned, (type) => [type.oid, { ...type, builtIn: false }]));
  }

  get(oid: number): KnownType | undefined {
    return builtIn.get(oid) ?? this.#learned.get(oid);
  }

  /** The type that is the range of a multirange, the element of an array …; and through domains, what they are made of. */
  base(oid: number): KnownType | undefined {
    let type = this.get(oid);
    // Domains over domains, as deep as anybody has them; a catalog that goes in circles ends here.
    for (let depth = 0; type?.kind === 'd' && depth < 32; depth += 1) type = this.get(type.of);
    return type;
  }

  /** For people: `int4`, `int4[]`; `unspecified` for 0; `type 16400` when it is not known. */
  nameOf(oid: number): string {
    if (oid === 0) return 'unspecified';
    const type = this.get(oid);
    if (type === undefined) return `type ${oid}`;
    const element = type.array ? this.get(type.of) : undefined;
    return element === undefined ? type.name : `${element.name}[]`;
  }
}
