import type { Refusal } from '../errors.ts';
import type { ActiveMasks } from '../masking/active-masks.ts';
import type { CopyMask, RowMask } from '../masking/mask.ts';
import type { Policy } from '../policy/policy.ts';
import type { Analysis, Analyze } from '../sql/analysis.ts';
import type { Catalog } from '../sql/catalog.ts';
import { quoteName } from '../sql/quote-name.ts';
import { clientText } from './client-text.ts';
import type { Definitions } from './definitions.ts';
import type { Guard, Judged, SessionNames, ToJudge } from './guard.ts';
import { GuardMasking } from './guard-masking.ts';
import { callUnderMask, tooFast, unknownFunction } from './guard-verdicts.ts';
import { KnownTexts } from './known-texts.ts';
import { OwnTables } from './own-tables.ts';
import { atExecution } from './portal-verdicts.ts';
import { RecentTexts } from './recent-texts.ts';
import { Repeats } from './repeats.ts';
import { ruleTime } from './rule-time.ts';
import type { SessionSettings } from './session-settings.ts';
import type { TextSettings } from './session-state.ts';
import type { SharedDefinitions } from './shared-definitions.ts';
import { ownedToJudge, StatementJudge } from './statement-judge.ts';
import { StatementRate } from './statement-rate.ts';
import { type Read, StatementReader } from './statement-reader.ts';

export interface PolicyGuardOptions {
  readonly policy: Policy | undefined;
  readonly masks: ActiveMasks | undefined;
  readonly rowLimit: number | undefined;
  /** Counts a statement against the rates that apply (statement-rate.ts); the microseconds until one is allowed, 0 when it is now. */
  readonly rate: ((us: number) => number) | undefined;
  readonly analyze: Analyze;
  /** The database's catalog as it is known now. */
  readonly catalog: () => Catalog | undefined;
  /** Of all sessions on the database, and this session's among them. */
  readonly definitions: { readonly all: SharedDefinitions; readonly own: Definitions };
  readonly settings: SessionSettings;
  /** HMAC-SHA-256 with the key of `hash` masks. */
  readonly hmac: (bytes: Uint8Array) => Uint8Array;
  /** Wall-clock microseconds for a time of the session's own clock. */
  readonly wallUs: (us: number) => number;
}

/**
 * The guard of a session: asks policy and masking about its statements, with names as the session and the catalog know
 * them now.
 */
export class PolicyGuard implements Guard {
  readonly rowLimit: number | undefined;
  readonly masks: boolean;
  readonly #options: PolicyGuardOptions;
  readonly #definitions: Definitions;
  readonly #ruleTime: ReturnType<typeof ruleTime>;
  readonly #repeats: Repeats;
  readonly #rate: StatementRate;
  readonly #judge: StatementJudge;
  /** The catalog must be read again before anything else is judged. */
  #stale = false;
  /** It was read again for what is judged next. */
  #hasJustRead = false;
  #forgetNames = false;
  /** What the session has defined is committed: the next reading of the catalog has it. */
  #isCommitted = false;
  #clientEncoding = 'UTF8';
  readonly #tables: OwnTables;
  readonly #reader: StatementReader;
  readonly #masking: GuardMasking | undefined;
  readonly #texts: KnownTexts = new KnownTexts();
  readonly #recent: RecentTexts = new RecentTexts();
  #wall: { readonly us: number; readonly wallUs: number } = { us: Number.NaN, wallUs: 0 };

  constructor(options: PolicyGuardOptions) {
    this.#options = options;
    const { masks, catalog, hmac, policy } = options;
    this.#rate = new StatementRate(options.rate);
    const variesBy = policy?.variesBy ?? new Set();
    const wallUs = (us: number): number => this.#wallUs(us);
    this.#ruleTime = ruleTime(variesBy);
    const timeOf = (us: number): number => this.timeOf(us);
    this.#repeats = new Repeats({ ...options, variesBy, timeOf, definitions: options.definitions.all });
    this.#definitions = options.definitions.own;
    this.#tables = new OwnTables(this.#definitions);
    const reader = new StatementReader({ ...options, answersLate: masks !== undefined && masks.columns.size > 0 });
    const readNow = (analysis: Analysis): Analysis | undefined => reader.readNow(analysis);
    this.#reader = reader;
    this.#masking = masks === undefined ? undefined : new GuardMasking({ masks, catalog, hmac, readNow });
    this.#judge = new StatementJudge({ ...options, masking: this.#masking, rate: this.#rate, reader, wallUs });
    this.rowLimit = options.rowLimit;
    this.masks = masks !== undefined;
  }

  get isStale(): boolean {
    return this.#stale;
  }

  timeOf(us: number): number {
    return this.#ruleTime(() => this.#wallUs(us));
  }

  get settings(): string {
    return this.#options.settings.fingerprint();
  }

  text(sql: Uint8Array, { clientEncoding }: TextSettings): string | undefined {
    this.#clientEncoding = clientEncoding;
    if (!this.#readsAsReported(sql)) return undefined;
    return this.#texts.read(sql, clientEncoding, clientText);
  }

  /** The last texts in front of the newest `behind` ones, the newest last. */
  recent(behind: number): readonly string[] {
    return this.#recent.before(behind);
  }

  /** The catalog has been read again, or cannot be. */
  catalogRead(): void {
    this.#stale = false;
    this.#hasJustRead = true;
    if (this.#isCommitted) this.#definitions.caughtUp();
    this.#isCommitted = false;
  }

  judge(statements: readonly ToJudge[], names: SessionNames, us: number): readonly Judged[] | undefined {
    if (this.#stale) return undefined;
    const isAlone = statements.length === 1 && !this.#hasJustRead;
    const again = isAlone ? this.#judgeAgain(statements[0], us) : undefined;
    if (again !== undefined) return [again];
    const now = isAlone ? this.#repeats.circumstances(this.#tables.made, us) : undefined;
    const read = this.#reader.readAll(statements, names, this.#tables.made);
    // Before anything is decided: what is asked again is decided, and counted, once.
    if (!this.#hasJustRead && read.some(({ analysis }) => this.#needsCatalog(analysis))) {
      this.#stale = true;
      return undefined;
    }
    this.#hasJustRead = false;
    const judged = read.map((one) => this.#decide(one, us));
    if (now !== undefined && read[0] !== undefined && judged[0] !== undefined)
      this.#repeats.keep(read[0], judged[0], now);
    return withStatements(judged, statements);
  }

  /** The verdict of the last time on a text that changes nothing but rows, if nothing has changed since. */
  #judgeAgain(statement: ToJudge | undefined, us: number): Judged | undefined {
    if (statement === undefined) return undefined;
    const kept = this.#repeats.find(statement, this.#tables.made, us);
    if (kept === undefined) return undefined;
    const { judged, onlyReads } = kept;
    if (statement.isAgain !== true) this.#recent.add(statement.text ?? '');
    const waitUs = this.#rate.waitUs(judged.analysis, statement, us);
    if (waitUs > 0) return { ...judged, verdict: tooFast(waitUs) };
    this.#reader.repeats(judged.analysis);
    if (!onlyReads) this.#begin(judged.analysis, statement);
    return judged;
  }

  /** What other sessions have committed is in the catalog when it is read again; their tables are not to be hidden until then. */
  #needsCatalog(analysis: Read['analysis']): boolean {
    if (analysis === undefined || 'why' in analysis) return false;
    const { all } = this.#options.definitions;
    return analysis.unresolved.length > 0 || all.cautiousOfOthers(analysis, this.#definitions) !== analysis;
  }

  #decide(read: Read, us: number): Judged {
    const { statement } = read;
    if (statement.text !== undefined && statement.isAgain !== true) this.#recent.add(statement.text);
    const judged = this.#judge.judge(read, us);
    if (judged.verdict.decision !== 'deny' && judged.analysis !== undefined) this.#begin(judged.analysis, statement);
    return judged;
  }

  /** Literals are read while a text is parsed, and the CHECK of a domain in them is code, which can copy. */
  parses(meant: Analysis | undefined): Refusal | undefined {
    if (meant === undefined || this.#masking?.hasColumns !== true) return undefined;
    return this.#masking.whyNotRead(meant, this.#tables.made);
  }

  means(text: string): Analysis | undefined {
    const { made } = this.#tables;
    return this.#repeats.meaning(text, made) ?? this.#reader.means(text, made);
  }

  atExecution(before: Judged, now: Judged | undefined): Judged {
    const judged = atExecution(before, now);
    if (now?.analysis === undefined || judged.analysis === undefined) return judged;
    return { ...judged, analysis: this.#reader.alsoReadAs(now.analysis, judged.analysis) };
  }

  judgeCall(functionOid: number, inTransaction: boolean, us: number): Judged | undefined {
    if (this.#stale) return undefined;
    const called = this.#options.catalog()?.function(functionOid);
    const settings = this.settings;
    if (this.#masking?.hasColumns === true) return { analysis: undefined, verdict: callUnderMask(), settings };
    if (called === undefined) {
      return { analysis: undefined, verdict: unknownFunction(functionOid), settings };
    }
    const text = `SELECT ${quoteName(called.schema)}.${quoteName(called.name)}()`;
    const statement: ToJudge = {
      text,
      protocol: 'function call',
      parameters: undefined,
      parameterTypes: undefined,
      inTransaction,
    };
    return this.judge([statement], noNames, us)?.[0];
  }

  completed(judged: Judged): void {
    const { analysis } = judged;
    if (analysis === undefined || (analysis.effects.length === 0 && this.#tables.made.isEmpty)) return;
    this.#tables.completed(analysis, judged, { isAsJudged: judged.settings === this.settings });
    for (const effect of analysis.effects) this.#options.settings.apply(effect);
    if (mayRename(analysis)) this.#forgetNames = true;
  }

  /** What code in the server did to prepared statements outlives its transaction. */
  failed(judged: Judged | undefined): void {
    const analysis = judged?.analysis;
    this.#tables.failed();
    this.#options.settings.failed(analysis?.effects);
    if (analysis !== undefined && mayRename(analysis)) this.#forgetNames = true;
  }

  changesWhatFollows({ analysis }: Judged): boolean {
    if (analysis === undefined || analysis.effects.length === 0) return false;
    return analysis.effects.some(({ type }) => type !== 'transaction') || endsTransaction(analysis);
  }

  ready(status: string): void {
    this.#rate.ready(status);
    this.#options.settings.ready(status);
    this.#definitions.ready(status);
    this.#tables.ready(status);
    if (status !== 'I' || !this.#definitions.changed) return;
    this.#stale = true;
    this.#isCommitted = true;
  }

  reported(name: string, value: string): void {
    this.#options.settings.reported(name, value);
  }

  takeNamesForgotten(): boolean {
    const forget = this.#forgetNames;
    this.#forgetNames = false;
    return forget;
  }

  maskRows(judged: Judged | undefined, columns: Uint8Array | undefined): RowMask | undefined {
    return this.#masking?.rows(judged, columns);
  }

  maskCopy(judged: Judged | undefined, columns: number): CopyMask | undefined {
    return this.#masking?.copy(judged, columns, this.#clientEncoding);
  }

  report(judged: Judged | undefined, body: Uint8Array): Uint8Array {
    return this.#masking?.report(judged, body) ?? body;
  }

  /** The same for one time, although the clock may be set meanwhile: what is kept of a verdict goes by the time of the verdict. */
  #wallUs(us: number): number {
    if (this.#wall.us !== us) this.#wall = { us, wallUs: this.#options.wallUs(us) };
    return this.#wall.wallUs;
  }

  /** It may run from now on. */
  #begin(analysis: Analysis, { inTransaction }: ToJudge): void {
    this.#tables.begin(analysis);
    this.#definitions.begin(analysis, { inBlock: inTransaction });
    if (analysis.effects.some(({ type }) => type === 'define' || type === 'anything')) this.#isCommitted = false;
  }

  /**
   * False when it is not certain how the server reads the text: it reports settings at the end of a pipeline, and one that
   * decides about the text has changed before.
   */
  #readsAsReported(sql: Uint8Array): boolean {
    const { settings } = this.#options;
    if (sql.includes(0x5c) && !settings.isAsReported('standard_conforming_strings')) return false;
    return settings.isAsReported('client_encoding') || sql.every((byte) => byte < 0x80);
  }
}

const noNames: SessionNames = { prepared: () => undefined, cursor: () => undefined };

/** What waits together is shown to people together, and approved together. */
function withStatements(judged: readonly Judged[], statements: readonly ToJudge[]): readonly Judged[] {
  if (judged.length < 2 || !judged.some(({ verdict }) => verdict.decision === 'approve')) return judged;
  return judged.map((one, at) => {
    const statement = statements[at];
    return one.statement !== undefined || statement === undefined
      ? one
      : { ...one, statement: ownedToJudge(statement) };
  });
}

/** Code that can change what prepared statements mean: dynamic SQL in the server. */
function mayRename(analysis: Analysis): boolean {
  return analysis.effects.some(({ type }) => type === 'anything');
}

function endsTransaction({ effects }: Analysis): boolean {
  return effects.some((effect) => effect.type === 'transaction' && effect.does !== 'begin');
}
