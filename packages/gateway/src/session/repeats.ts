import type { Analysis } from '../sql/analysis.ts';
import type { Catalog } from '../sql/catalog.ts';
import { Lru } from '../sql/lru.ts';
import type { Judged, ToJudge } from './guard.ts';

/** What decides, besides the statement itself, what it means and what rules say of it. Compared by identity. */
export interface Circumstances {
  /** Settings of the session. */
  readonly settings: object;
  readonly catalog: Catalog;
  /** Of the wall clock, since 1970; 0 where no rule asks for the time. */
  readonly minute: number;
}

interface Kept {
  readonly statement: ToJudge;
  readonly judged: Judged;
}

/** Texts that one session sends again and again. */
const bounds = { maxEntries: 100, maxCharacters: 50_000 } as const;

/**
 * What was allowed before, under circumstances that still hold: the same text is allowed again without another look.
 * Parameters have no say in what is kept here.
 */
export class Repeats {
  /** True when rules ask whether there is a transaction block. */
  readonly #byTransaction: boolean;
  #under: Circumstances | undefined;
  #kept: Lru<Kept> = new Lru<Kept>(bounds);

  constructor({ byTransaction }: { readonly byTransaction: boolean }) {
    this.#byTransaction = byTransaction;
  }

  /** What was judged of the statement; undefined: it has to be judged. */
  find(statement: ToJudge, { settings, catalog, minute }: Circumstances): Judged | undefined {
    const under = this.#under;
    if (under === undefined || statement.text === undefined) return undefined;
    if (under.settings !== settings || under.catalog !== catalog || under.minute !== minute) return undefined;
    const kept = this.#kept.find(statement.text);
    return kept !== undefined && this.#isSame(kept.statement, statement) ? kept.judged : undefined;
  }

  /** What a text means by itself, as far as that was found before; the time has no say in it. */
  meaning(text: string, { settings, catalog }: Omit<Circumstances, 'minute'>): Analysis | undefined {
    const under = this.#under;
    if (under === undefined || under.settings !== settings || under.catalog !== catalog) return undefined;
    const kept = this.#kept.find(text);
    const analysis = kept?.judged.analysis;
    return kept?.statement.meant === analysis ? analysis : undefined;
  }

  /** Under other circumstances than before, all that was kept is forgotten. */
  keep(statement: ToJudge, judged: Judged, now: Circumstances): void {
    const under = this.#under;
    const isSame = under?.settings === now.settings && under.catalog === now.catalog && under.minute === now.minute;
    if (!isSame) this.#kept = new Lru<Kept>(bounds);
    if (!isSame) this.#under = now;
    if (statement.text === undefined) return;
    // Not what its parameters are: they are a view of the chunk that they came in.
    this.#kept.keep(statement.text, { statement: { ...statement, parameters: undefined }, judged });
  }

  #isSame(kept: ToJudge, statement: ToJudge): boolean {
    return (
      kept.meant === statement.meant &&
      kept.textConforms === statement.textConforms &&
      kept.protocol === statement.protocol &&
      (!this.#byTransaction || kept.inTransaction === statement.inTransaction)
    );
  }
}
