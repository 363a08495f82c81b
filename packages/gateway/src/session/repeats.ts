import type { Variation } from '../policy/policy.ts';
import type { Analysis } from '../sql/analysis.ts';
import { type Catalog, firstNormalObjectId } from '../sql/catalog.ts';
import { Lru } from '../sql/lru.ts';
import type { SharedDefinitions } from './definitions.ts';
import type { Judged, ToJudge } from './guard.ts';
import type { MadeTables } from './made-tables.ts';
import type { SessionSettings } from './session-settings.ts';
import type { Read } from './statement-reader.ts';

export interface RepeatsOptions {
  /** By what verdicts differ on the same text. */
  readonly variesBy: ReadonlySet<Variation>;
  /** The database's catalog as it is known now. */
  readonly catalog: () => Catalog | undefined;
  /** Of all sessions on the database. */
  readonly definitions: SharedDefinitions;
  readonly settings: SessionSettings;
  /** Wall-clock microseconds for a time of the session's own clock. */
  readonly wallUs: (us: number) => number;
}

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
const minuteUs = 60_000_000;

/**
 * What was allowed before, under circumstances that still hold: the same text is allowed again without another look. Not
 * where more decides than is compared here: parameters, the very moment, definitions that no catalog has.
 */
export class Repeats {
  readonly #options: RepeatsOptions;
  #under: Circumstances | undefined;
  #kept: Lru<Kept> = new Lru<Kept>(bounds);

  constructor(options: RepeatsOptions) {
    this.#options = options;
  }

  /** The circumstances of now; undefined where there is more to them than can be compared. `made`: tables of the session's own. */
  circumstances(made: MadeTables, us: number): Circumstances | undefined {
    const { definitions, variesBy, wallUs } = this.#options;
    if (definitions.hasAny || variesBy.has('moment') || variesBy.has('parameters')) return undefined;
    const here = this.#here(made);
    if (here === undefined) return undefined;
    const minute = variesBy.has('minute') ? Math.floor(wallUs(us) / minuteUs) : 0;
    return { settings: here.settings, catalog: here.catalog, minute };
  }

  /** What was judged of the statement; undefined: it has to be judged. */
  find(statement: ToJudge, now: Circumstances): Judged | undefined {
    if (statement.text === undefined || !this.#isUnder(now)) return undefined;
    const kept = this.#kept.find(statement.text);
    return kept !== undefined && this.#isSame(kept.statement, statement) ? kept.judged : undefined;
  }

  /** What a text means by itself, as far as that was found before; the time has no say in it. */
  meaning(text: string, made: MadeTables): Analysis | undefined {
    const under = this.#under;
    const here = under === undefined ? undefined : this.#here(made);
    if (here === undefined || under?.settings !== here.settings || under.catalog !== here.catalog) return undefined;
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
    if (!this.#isUnder(now)) {
      this.#kept = new Lru<Kept>(bounds);
      this.#under = now;
    }
    // Not its parameters: they are a view of the chunk that they came in.
    this.#kept.keep(statement.text, { statement: { ...statement, parameters: undefined }, judged });
  }

  #here(made: MadeTables): Pick<Circumstances, 'settings' | 'catalog'> | undefined {
    const settings = this.#options.settings.identity;
    if (!made.isEmpty || settings === undefined) return undefined;
    const catalog = this.#options.catalog();
    return catalog === undefined ? undefined : { settings, catalog };
  }

  #isUnder({ settings, catalog, minute }: Circumstances): boolean {
    const under = this.#under;
    return under?.settings === settings && under.catalog === catalog && under.minute === minute;
  }

  #isSame(kept: ToJudge, statement: ToJudge): boolean {
    return (
      kept.meant === statement.meant &&
      kept.textConforms === statement.textConforms &&
      kept.protocol === statement.protocol &&
      (kept.inTransaction === statement.inTransaction || !this.#options.variesBy.has('transaction')) &&
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
