import type { Catalog, CatalogFunction } from '../catalog.ts';
import { functionsNamed } from '../functions-named.ts';
import { isHarmlessExtension, traitsOfBuiltIn } from '../lineage/built-ins.ts';
import type { Draft } from './draft.ts';
import type { Knowledge } from './knowledge.ts';

/** Functions that one may call, all the way down. */
const maxCalled = 200;

/**
 * Functions in SQL and PL/pgSQL that have nothing to show but their arguments, as far as their code can be read: it reads
 * no relation and no cursor, writes and sets nothing, and calls only what is like it.
 */
export class PureFunctions {
  readonly #catalog: Catalog;
  readonly #knowledge: Knowledge;
  readonly #known = new Map<number, boolean>();

  constructor(catalog: Catalog, knowledge: Knowledge) {
    this.#catalog = catalog;
    this.#knowledge = knowledge;
  }

  has(oid: number): boolean {
    const known = this.#known.get(oid);
    if (known !== undefined) return known;
    const isPure = this.#isPureAllTheWay(oid);
    this.#known.set(oid, isPure);
    return isPure;
  }

  #isPureAllTheWay(oid: number): boolean {
    const called = new Set([oid]);
    // It grows while it is gone through.
    for (const one of called) {
      const calls = this.#callsOf(this.#catalog.function(one));
      if (calls === undefined || called.size > maxCalled) return false;
      for (const callee of calls) called.add(callee);
    }
    return true;
  }

  /** OIDs of the functions that it calls; undefined when it may show more than its arguments by itself. */
  #callsOf(called: CatalogFunction | undefined): readonly number[] | undefined {
    if (called === undefined || called.attached !== undefined) return undefined;
    const { oid, name, kind, builtIn, language, volatility, body, defaults } = called;
    if (builtIn) {
      const { shows, keeps } = traitsOfBuiltIn(name, volatility);
      return shows === 'anything' || keeps ? undefined : [];
    }
    if (kind !== 'function') return undefined;
    if (isHarmlessExtension(name, language, volatility)) return [];
    if (body === undefined || (language !== 'sql' && language !== 'plpgsql')) return undefined;
    const { drafts, known, effects, noted, named, copy, unresolved } = this.#knowledge.code({ type: 'function', oid });
    const isPlain = known.length + effects.length + unresolved.size === 0 && (noted ?? named ?? copy) === undefined;
    const all = defaults === undefined ? drafts : [...drafts, this.#knowledge.expression(defaults.expressions)];
    return isPlain && all.every(readsNothing) ? all.flatMap((draft) => this.#namedBy(draft)) : undefined;
  }

  /** A name that nothing answers to is a function that does not exist. */
  #namedBy({ functions, code }: Draft): readonly number[] {
    const byName = Array.from(functions).flatMap((name) => {
      const found = functionsNamed(this.#catalog, name);
      return found.length === 0 ? [0] : found.map(({ oid }) => oid);
    });
    return [...byName, ...Array.from(code.values(), ({ oid }) => oid)];
  }
}

function readsNothing(draft: Draft): boolean {
  const { kind, reads, writes, code, isWrite, isOpaque, isOutside, isDdl, changesSession } = draft;
  if (kind !== 'select' || reads.size + writes.size > 0) return false;
  if (isWrite || isOpaque || isOutside || isDdl || changesSession) return false;
  return Array.from(code.values()).every(({ type }) => type === 'function');
}
