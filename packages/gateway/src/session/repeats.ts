import type { Variation } from '../policy/variations.ts';
import type { Analysis } from '../sql/analysis.ts';
import { type Catalog, firstNormalObjectId } from '../sql/catalog.ts';
import { Lru } from '../sql/lru.ts';
import type { Judged, ToJudge } from './guard.ts';
import type { MadeTables } from './made-tables.ts';
import type { SessionSettings } from './session-settings.ts';
import type { SharedDefinitions } from './shared-definitions.ts';
import type { Read } from './statement-reader.ts';

export interface RepeatsOptions {
  /** By what verdicts differ on the same text. */
  readonly variesBy: ReadonlySet<Variation>;
  /** The database's catalog as it is known now. */
  readonly catalog: () => Catalog | undefined;
  /** Of all sessions on the database. */
  readonly definitions: SharedDefinitions;
  readonly settings: SessionSettings;
  /** The time as rules ask for it, for a time of the session's own clock. */
  readonly timeOf: (us: number) => number;
}

/** What decides, besides the statement itself, what it means and what rules say of it. Compared by identity. */
export interface Circumstances {
  /** Settings of the session. */
  readonly settings: object;
  readonly catalog: Catalog;
  /** As rules ask for it. */
  readonly time: number;
}

/** What was judged of a statement. */
export interface Kept {
  readonly statement: ToJudge;
  readonly judged: Judged & { readonly analysis: Analysis };
  /** It changes nothing at all, of rows either. */
  readonly onlyReads: boolean;
}

/** Texts that one session sends again and again. */
const bounds = { maxEntries: 100, maxCharacters: 50_000 } as const;

/**
 * What was allowed before, under circumstances that still hold: the same text is allowed again without another look. Not
 * where more decides than is compared here: parameters, the very moment, definitions that no catalog has.
 */
export class Repeats {
  readonly #options: RepeatsOptions;
  readonly #byTransaction: boolean;
  #under: Circumstances | undefined;
  #kept: Lru<Kept> = new Lru<Kept>(bounds);

  constructor(options: RepeatsOptions) {
    this.#options = options;
    this.#byTransaction = options.variesBy.has('transaction');
  }

  /** The circumstances of now; undefined where there is more to them than can be compared. `made`: tables of the session's own. */
  circumstances(made: MadeTables, us: number): Circumstances | undefined {
    const { variesBy, definitions, settings, catalog, timeOf } = this.#options;
    if (variesBy.has('moment') || variesBy.has('parameters') || definitions.hasAny || !made.isEmpty) return undefined;
    const [known, names] = [settings.identity, catalog()];
    if (known === undefined || names === undefined) return undefined;
    return { settings: known, catalog: names, time: timeOf(us) };
  }

  /** What was judged of the statement, if it still holds. */
  find(statement: ToJudge, made: MadeTables, us: number): Kept | undefined {
    const under = this.#under;
    if (under === undefined || statement.text === undefined || this.#options.definitions.hasAny) return undefined;
    if (!this.#isHere(under, made) || under.time !== this.#options.timeOf(us)) return undefined;
    const kept = this.#kept.find(statement.text);
    return kept !== undefined && this.#isSame(kept.statement, statement) ? kept : undefined;
  }

  /** What a text means by itself, as far as that was found before; the time has no say in it. */
  meaning(text: string, made: MadeTables): Analysis | undefined {
    const under = this.#under;
    if (under === undefined || !this.#isHere(under, made)) return undefined;
    const kept = this.#kept.find(text);
    const analysis = kept?.judged.analysis;
    return kept?.statement.meant === analysis ? analysis : undefined;
  }

  /** Keeps what was judged, if it can be the same another time. Under other circumstances than before, what was kept is forgotten. */
  keep({ statement, behind, unprepared }: Read, judged: Judged, now: Circumstances): void {
    const { analysis, verdict } = judged;
    if (statement.text === undefined || verdict.decision !== 'allow' || analysis === undefined) return;
    // What it executes or fetches by a name can be something else the next time.
    if (behind.length + unprepared.length > 0 || !isSettled(analysis) || hasTypesOfUsers(statement)) return;
    const under = this.#under;
    if (under?.settings !== now.settings || under.catalog !== now.catalog || under.time !== now.time) {
      this.#kept = new Lru<Kept>(bounds);
      this.#under = now;
    }
    // Not its parameters: they are a view of the chunk that they came in.
    const onlyReads = analysis.effects.length === 0 && !analysis.commands.some(({ isWrite }) => isWrite);
    const kept = { statement: { ...statement, parameters: undefined }, judged: { ...judged, analysis }, onlyReads };
    this.#kept.keep(statement.text, kept);
  }

  #isHere({ settings, catalog }: Circumstances, made: MadeTables): boolean {
    const now = this.#options;
    return made.isEmpty && settings === now.settings.identity && catalog === now.catalog();
  }

  #isSame(kept: ToJudge, statement: ToJudge): boolean {
    return (
      kept.meant === statement.meant &&
      kept.textConforms === statement.textConforms &&
      kept.protocol === statement.protocol &&
      (!this.#byTransaction || kept.inTransaction === statement.inTransaction) &&
      !hasTypesOfUsers(statement)
    );
  }
}

/** Of what it leaves behind, nothing but its rows and the end of its transaction says what comes next. */
function isSettled({ effects, unresolved, names, later, isStale }: Analysis): boolean {
  if (unresolved.length > 0 || isStale === true || names !== undefined || later !== undefined) return false;
  return effects.every(({ type }) => type === 'transaction');
}

/** What a value of such a type does when it is bound is looked up each time. */
function hasTypesOfUsers({ parameterTypes }: ToJudge): boolean {
  return parameterTypes?.some((type) => type >= firstNormalObjectId) === true;
}
