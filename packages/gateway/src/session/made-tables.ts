import { fullName } from '../sql/analysis/surroundings.ts';
import type { Analysis, Effect, TableMade } from '../sql/analysis.ts';
import type { Catalog, Relation } from '../sql/catalog.ts';
import { type AddedTable, catalogWith } from '../sql/catalog-with.ts';

/** A table that a session has made and not committed. */
export interface MadeTable {
  /** How the statement that made it has it in its effects, `schema.name`. */
  readonly defined: string;
  /** One for each schema that it may be in. */
  readonly places: readonly AddedTable[];
}

/** Above every OID of Postgres: they are of 32 bits. */
const firstMadeUp = 2 ** 33;

/**
 * Tables that a session has made in the transaction that is open: the catalog does not have them, and the session uses them.
 * A value. They can hold only what was allowed to be stored, as they can once they are committed.
 */
export class MadeTables {
  readonly #tables: readonly MadeTable[];
  /** OIDs: none is given twice in a session, since cursors outlive what they show. */
  readonly #count: { next: number };
  readonly #catalogs = new WeakMap<Catalog, Catalog>();

  constructor(tables: readonly MadeTable[] = [], count: { next: number } = { next: firstMadeUp }) {
    this.#tables = tables;
    this.#count = count;
  }

  get isEmpty(): boolean {
    return this.#tables.length === 0;
  }

  get relations(): readonly Relation[] {
    return this.#tables.flatMap(({ places }) => places.map(({ relation }) => relation));
  }

  /** With one more. */
  with(made: MadeTable): MadeTables {
    return new MadeTables([...this.#tables, made], this.#count);
  }

  /** Without those of these names, in whatever schema: something of the name is defined anew. */
  without(names: readonly string[]): MadeTables {
    const stays = ({ places }: MadeTable): boolean =>
      !places.some(({ relation: { name } }) => names.some((one) => one === name || one.endsWith(`.${name}`)));
    const left = this.#tables.filter(stays);
    return left.length === this.#tables.length ? this : new MadeTables(left, this.#count);
  }

  /** Without any. */
  cleared(): MadeTables {
    return this.isEmpty ? this : new MadeTables([], this.#count);
  }

  /** One of them is, or was defined as, `schema.name`. */
  has(name: string): boolean {
    return this.#tables.some(
      ({ defined, places }) => defined === name || places.some(({ relation }) => fullName(relation) === name),
    );
  }

  /** The statement reads or changes one of them. */
  isUsedBy({ commands }: Analysis): boolean {
    if (this.isEmpty) return false;
    return commands.some(({ reads, writes }) => [...reads, ...writes].some((name) => this.has(name)));
  }

  /** The catalog as the session sees it: always the same for one catalog. */
  over(catalog: Catalog | undefined): Catalog | undefined {
    if (catalog === undefined || this.isEmpty) return catalog;
    const known = this.#catalogs.get(catalog);
    if (known !== undefined) return known;
    const added = this.#tables.flatMap(({ places }) => places);
    const oids = added.map(({ relation }) => relation.oid).join(' ');
    const made = catalogWith(catalog, added, `${catalog.version} and ${oids}`);
    this.#catalogs.set(catalog, made);
    return made;
  }

  /**
   * The table that a statement makes, where `schemas` are those that it may be in. Undefined when it can be in none: where
   * the catalog has one of the name that the session has not dropped, CREATE TABLE fails.
   */
  make({ made: { name, columns }, defined }: Making, { schemas, catalog, own }: MakeOptions): MadeTable | undefined {
    const isCertain = schemas.length === 1;
    const places: AddedTable[] = [];
    for (const schema of schemas) {
      const replaces = isCertain || own.isDropped(`${schema}.${name}`);
      if (!replaces && catalog.find(schema, name) !== undefined) {
        // What the session has done to it may have freed the name.
        if (own.has(`${schema}.${name}`)) return undefined;
        continue;
      }
      const oid = this.#count.next++;
      const nothing = { rules: [], triggers: [], parents: [], children: [] };
      places.push({ relation: { oid, schema, name, kind: 'table', columns, ...nothing }, replaces });
    }
    return places.length === 0 ? undefined : { defined, places };
  }
}

/** A table that a statement makes, and the name that it has in the statement's effects. */
export interface Making {
  readonly made: TableMade;
  readonly defined: string;
}

export interface MakeOptions {
  readonly schemas: readonly string[];
  readonly catalog: Catalog;
  /** What the session has defined before. */
  readonly own: {
    has(name: string): boolean;
    /** It has surely dropped that relation, and made nothing of its name since. */
    isDropped(name: string): boolean;
  };
}

/** The same tables as far as a statement leaves them what they are: from before it runs. */
export function leftBy(made: MadeTables, { effects, commands }: Analysis): MadeTables {
  if (made.isEmpty) return made;
  if (effects.some(isUnsettling) || commands.some(({ kind }) => kind === 'discard')) return made.cleared();
  return made.without(effects.flatMap((effect) => (effect.type === 'define' ? (effect.names ?? []) : [])));
}

/** It goes back in the transaction: what was dropped may be there again. */
export function undoes({ effects }: Analysis): boolean {
  return effects.some((effect) => effect.type === 'transaction' && effect.does.startsWith('rollback'));
}

/** It ends the transaction or goes back in it, or may change whatever there is. */
function isUnsettling(effect: Effect): boolean {
  if (effect.type === 'define') return effect.names === undefined || effect.names.length === 0;
  if (effect.type === 'transaction') return !['begin', 'savepoint', 'release'].includes(effect.does);
  return effect.type === 'anything';
}

/** The table that a statement makes, if that is all that it does. */
export function onlyMakes({ commands, effects, unresolved, later, isStale }: Analysis): Making | undefined {
  const [{ kind, via, isOpaque, isOutside }, ...others] = commands;
  const [effect, ...more] = effects;
  if (effect?.type !== 'define' || effect.makes === undefined) return undefined;
  if (kind !== 'ddl' || via !== undefined || isOpaque || isOutside) return undefined;
  if (others.length + more.length + unresolved.length > 0 || later !== undefined || isStale === true) return undefined;
  return { made: effect.makes, defined: effect.makes.listed };
}
