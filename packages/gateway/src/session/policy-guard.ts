import { decodeColumns } from '@onrecord/record';
import { limits } from '@onrecord/wire';
import { Refusal } from '../errors.ts';
import type { ActiveMasks } from '../masking/active-masks.ts';
import { HiddenRows } from '../masking/hidden.ts';
import type { CopyMask, ResultColumn, RowMask } from '../masking/mask.ts';
import { masksWith } from '../masking/masks-with.ts';
import { planCopy } from '../masking/plan-copy.ts';
import { planResult } from '../masking/plan-result.ts';
import { maskRefusal } from '../masking/refusal.ts';
import { type ResolvedMasks, resolveMasks } from '../masking/resolved-masks.ts';
import { functionsNamed } from '../masking/touches-masked.ts';
import { detectInError, withheldError, withholds } from '../masking/withhold.ts';
import { denial, unreadable } from '../policy/denial.ts';
import type { Policy } from '../policy/policy.ts';
import type { RuleMatch, Verdict } from '../policy/verdict.ts';
import { typeNames } from '../sql/analysis/simple-table.ts';
import type { Analysis, AnalysisContext, Analyze, Effect, Lineage, Sources, TableMade } from '../sql/analysis.ts';
import { type Catalog, firstNormalObjectId } from '../sql/catalog.ts';
import { quoteName } from '../sql/quote-name.ts';
import { clientText } from './client-text.ts';
import type { Definitions, SharedDefinitions } from './definitions.ts';
import type { Guard, Judged, PreparedText, SessionNames, ToJudge } from './guard.ts';
import { latin1 } from './latin1.ts';
import { leftBy, type MadeTable, MadeTables, onlyMakes } from './made-tables.ts';
import { boundValues, parameterTexts } from './parameter-texts.ts';
import { schemasToMakeIn } from './search-path.ts';
import type { SessionSettings } from './session-settings.ts';
import type { TextSettings } from './session-state.ts';

export interface PolicyGuardOptions {
  readonly policy: Policy | undefined;
  readonly masks: ActiveMasks | undefined;
  readonly rowLimit: number | undefined;
  /** Counts a statement against the rates that apply; the microseconds until one is allowed, 0 when it is now. */
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

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Texts that are kept for people who are asked about the next one. */
const maxRecent = 20;
const maxRecentCharacters = 2_000;

/**
 * The guard of a session: asks policy and masking about its statements, with names as the session and the catalog know
 * them now.
 */
export class PolicyGuard implements Guard {
  readonly rowLimit: number | undefined;
  readonly masks: boolean;
  readonly #options: PolicyGuardOptions;
  readonly #definitions: Definitions;
  readonly #verdicts = new WeakMap<Analysis, Verdict>();
  /** The catalog must be read again before anything else is judged. */
  #stale = false;
  /** It was read again for what is judged next. */
  #hasJustRead = false;
  #forgetNames = false;
  /** What the session has defined is committed: the next reading of the catalog has it. */
  #isCommitted = false;
  #clientEncoding = 'UTF8';
  /** The catalog that statements were read with, and how to read one again: kept where columns are masked. */
  readonly #readWith = new WeakMap<Analysis, ReadWith>();
  /** Texts that were judged last, the newest last. */
  readonly #recent: string[] = [];
  #made = new MadeTables();
  /** A transaction block is open that nobody has asked to end. */
  #inBlock = false;

  constructor(options: PolicyGuardOptions) {
    this.#options = options;
    this.#definitions = options.definitions.own;
    this.rowLimit = options.rowLimit;
    this.masks = options.masks !== undefined;
  }

  get isStale(): boolean {
    return this.#stale;
  }

  get settings(): string {
    return this.#options.settings.fingerprint();
  }

  text(sql: Uint8Array, { clientEncoding }: TextSettings): string | undefined {
    this.#clientEncoding = clientEncoding;
    if (!this.#readsAsReported(sql)) return undefined;
    return clientText(sql, clientEncoding);
  }

  /** The last texts in front of the newest `behind` ones, the newest last. */
  recent(behind: number): readonly string[] {
    return this.#recent.slice(0, Math.max(0, this.#recent.length - behind));
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
    const read = this.#readAll(statements, names);
    // Before anything is decided: what is asked again is decided, and counted, once.
    if (!this.#hasJustRead && read.some(({ analysis }) => this.#needsCatalog(analysis))) {
      this.#stale = true;
      return undefined;
    }
    this.#hasJustRead = false;
    return withStatements(
      read.map((one) => this.#decide(one, us)),
      statements,
    );
  }

  /** Reads statements that come together, each as if those in front of it had completed. */
  #readAll(statements: readonly ToJudge[], names: SessionNames): readonly Read[] {
    const isAlone = statements.length === 1;
    const settings = isAlone ? this.#options.settings : this.#options.settings.fork();
    const own = isAlone ? this.#definitions : this.#definitions.fork();
    let made = this.#made;
    // Postgres reads all of a Query before it runs any of it.
    const textConforms = settings.standardConformingStrings;
    const tentative: Tentative = { prepared: new Map(), declared: new Map() };
    return statements.map((statement) => {
      const means = { settings, tentative, made, behind: [] as string[], unknown: [] as string[] };
      const { behind, unknown: unprepared } = means;
      const about = {
        statement,
        settings: settings.fingerprint(),
        path: settings.searchPath,
        made,
        behind,
        unprepared,
      };
      const conforms = statement.textConforms ?? textConforms;
      const analysis = this.#analyse({ ...statement, textConforms: conforms }, names, means);
      if (analysis === undefined || 'why' in analysis) return { ...about, analysis };
      const typed = this.#withTypes(analysis, statement.parameterTypes, means);
      const makes = this.#making(typed, means, own);
      const read = { ...about, analysis: typed, ...(makes === undefined ? {} : { makes }) };
      if (isAlone) return read;
      for (const effect of analysis.effects) settings.apply(effect);
      own.begin(typed);
      own.completed(typed);
      made = leftBy(made, typed);
      if (undoes(typed)) own.undone();
      if (makes !== undefined) made = made.with(makes);
      const { names: named } = analysis;
      if (named?.type === 'declare') tentative.declared.set(named.name, named.analysis);
      if (named?.type === 'prepare' && statement.text !== undefined) {
        const { text } = statement;
        tentative.prepared.set(named.name, { text, inSql: true, textConforms: conforms, meant: named.analysis });
      }
      return read;
    });
  }

  /** The table that the statement makes, where it is certain that it is what it seems to be. `own`: what is defined in front of it. */
  #making(analysis: Analysis, { settings, made }: Means, own: Definitions): MadeTable | undefined {
    const making = onlyMakes(analysis);
    const catalog = made.over(this.#options.catalog());
    if (making === undefined || catalog === undefined) return undefined;
    const path = settings.searchPath;
    const { all } = this.#options.definitions;
    const isDoubtful = all.cautiousOfOthers(analysis, this.#definitions) !== analysis;
    if (isDoubtful || own.cautious(analysis, { made, path }) !== analysis || typeNames.some((name) => own.has(name)))
      return undefined;
    const schemas = schemasOf(making.made, settings, catalog);
    return schemas === undefined ? undefined : made.make(making, { schemas, catalog, own });
  }

  /** What other sessions have committed is in the catalog when it is read again; their tables are not to be hidden until then. */
  #needsCatalog(analysis: Read['analysis']): boolean {
    if (analysis === undefined || 'why' in analysis) return false;
    const { all } = this.#options.definitions;
    return analysis.unresolved.length > 0 || all.cautiousOfOthers(analysis, this.#definitions) !== analysis;
  }

  #decide(read: Read, us: number): Judged {
    const { statement, analysis, settings, behind, unprepared, made, makes } = read;
    const refused = (verdict: Verdict): Judged => ({ analysis: undefined, verdict, settings });
    if (analysis === undefined) return refused(unknownName(statement));
    if ('why' in analysis) return refused(unreadable(analysis.why));
    const [name] = unprepared;
    if (name !== undefined) return refused(unknownStatement(name));
    const unknown = this.#unknownOf(analysis);
    if (unknown.length > 0) return refused(unknownRelation(unknown));
    this.#remember(statement.text ?? '');
    const seen = this.#options.definitions.all.cautious(analysis, this.#definitions, read);
    const verdict = this.#verdictOn(seen, read, us);
    if (verdict.decision !== 'deny') this.#begin(seen, statement);
    const about = { verdict, settings, ...(made.isEmpty ? {} : { tables: made }), ...(makes && { makes }) };
    if (verdict.decision === 'approve') {
      const asked = { ...about, statement: owned({ ...statement, behind }) };
      // What the session alone can see is nothing that was approved before.
      return { ...asked, analysis: made.isUsedBy(seen) ? this.#alsoReadAs(seen, { ...seen, isStale: true }) : seen };
    }
    // A function that nobody knows is misspelled, most probably, and Postgres says so better.
    const known = verdict.decision === 'deny' && this.#namesNoFunction(seen) ? undefined : seen;
    return { ...about, analysis: known };
  }

  /** The second stands for the first from now on. */
  #alsoReadAs(analysis: Analysis, other: Analysis): Analysis {
    const read = this.#readWith.get(analysis);
    if (read !== undefined) this.#readWith.set(other, read);
    return other;
  }

  #verdictOn(analysis: Analysis, { statement, made }: Read, us: number): Verdict {
    if (this.#leavesDefinitions(analysis)) return definedLater();
    const error = analysis.names === undefined ? undefined : this.#whyNotRead(analysis.names.analysis, made);
    return error === undefined
      ? this.#verdict(analysis, { statement, made }, us)
      : withMasks(allowed, { rule: 'masking', message: error.message });
  }

  /**
   * Relations of which nobody can tell what rules say: the catalog does not have them, and the session has not made them.
   * Postgres is asked about such a statement (a Query is parsed, and runs no further), so that a misspelled name is its error.
   */
  #unknownOf({ unresolved }: Analysis): readonly string[] {
    if (this.#options.policy === undefined) return [];
    return unresolved.filter((name) => !this.#definitions.has(name));
  }

  /** True when it calls a function that neither the catalog has nor the session has made. */
  #namesNoFunction({ commands: [{ functions }] }: Analysis): boolean {
    const catalog = this.#options.catalog();
    if (catalog === undefined) return false;
    return functions.some((name) => functionsNamed(catalog, name).length === 0 && !this.#definitions.has(name));
  }

  /** PREPARE TRANSACTION: what is defined takes effect when anybody commits it, and nothing tells the gateway of that. */
  #leavesDefinitions({ effects }: Analysis): boolean {
    return (
      this.#definitions.changed && effects.some((effect) => effect.type === 'transaction' && effect.does === 'prepare')
    );
  }

  /** Literals are read while a text is parsed, and the CHECK of a domain in them is code, which can copy. */
  parses(text: string): Refusal | undefined {
    if (!this.#masksColumns) return undefined;
    const made = this.#made;
    const analysis = this.means(text);
    return analysis === undefined ? undefined : this.#whyNotRead(analysis, made);
  }

  means(text: string): Analysis | undefined {
    const made = this.#made;
    const means = { settings: this.#options.settings, tentative: nothingTentative, made, behind: [], unknown: [] };
    const statement = { text, protocol: 'extended', parameters: undefined, parameterTypes: undefined } as const;
    const analysis = this.#analyse({ ...statement, inTransaction: false }, noNames, means);
    return analysis === undefined || 'why' in analysis ? undefined : analysis;
  }

  /** Why a text with a name for later (PREPARE) may not be read, if so: for what code in its literals could do. */
  #whyNotRead(analysis: Analysis, made: MadeTables): Refusal | undefined {
    const masks = this.#masksOver(made);
    if (masks === undefined || analysis.commands.length === 1) return undefined;
    const refused = maskRefusal(masks, analysis);
    return refused === undefined ? undefined : refusalOf(refused);
  }

  /** A type that a Parse gives a parameter does not stand in its text; a value of it can run code when it is bound. */
  #withTypes(analysis: Analysis, types: readonly number[] | undefined, context: Means): Analysis {
    const { catalog } = this.#options;
    const names = (types ?? []).flatMap((oid) => {
      const type = oid < firstNormalObjectId ? undefined : catalog()?.codeType(oid);
      return type === undefined || type.to.length === 0 ? [] : [`NULL::${quoteName(type.name)}`];
    });
    if (names.length === 0) return analysis;
    const text = `SELECT ${names.join(', ')}`;
    const statement = { text, protocol: 'extended', parameters: undefined, parameterTypes: undefined } as const;
    const read = this.#analyse({ ...statement, inTransaction: false }, noNames, context);
    if (read === undefined || 'why' in read) return { ...analysis, isStale: true };
    const commands: Analysis['commands'] = [...analysis.commands, ...read.commands];
    const lineage: Lineage = { ...analysis.lineage, touches: 'unknown' };
    return { ...analysis, commands, lineage, effects: [...analysis.effects, ...read.effects] };
  }

  judgeCall(functionOid: number, inTransaction: boolean, us: number): Judged | undefined {
    if (this.#stale) return undefined;
    const called = this.#options.catalog()?.function(functionOid);
    const settings = this.settings;
    if (this.#options.masks !== undefined && this.#options.masks.columns.size > 0)
      return { analysis: undefined, verdict: callUnderMask(), settings };
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

  completed({ analysis, makes, settings }: Judged): void {
    if (analysis === undefined) return;
    this.#made = leftBy(this.#made, analysis);
    this.#definitions.completed(analysis);
    if (undoes(analysis)) this.#definitions.undone();
    // Outside of a block it is committed with the end of its Query, or its pipeline.
    if (makes !== undefined && this.#inBlock && settings === this.settings) this.#made = this.#made.with(makes);
    for (const effect of analysis.effects) {
      if (effect.type === 'transaction') this.#inBlock = opensBlock(effect.does, this.#inBlock);
      this.#options.settings.apply(effect);
    }
    if (mayRename(analysis)) this.#forgetNames = true;
  }

  /** What code in the server did to prepared statements outlives its transaction. */
  failed(judged: Judged | undefined): void {
    const analysis = judged?.analysis;
    this.#made = this.#made.cleared();
    this.#definitions.undone();
    this.#options.settings.failed(analysis?.effects);
    if (analysis !== undefined && mayRename(analysis)) this.#forgetNames = true;
  }

  changesWhatFollows({ analysis }: Judged): boolean {
    return analysis?.effects.some(({ type }) => type !== 'transaction') === true || endsTransaction(analysis);
  }

  ready(status: string): void {
    this.#options.settings.ready(status);
    this.#definitions.ready();
    this.#inBlock = status === 'T';
    if (!this.#inBlock) this.#made = this.#made.cleared();
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
    const masks = this.#masksOver(judged?.tables);
    if (masks === undefined) return undefined;
    const { hmac } = this.#options;
    const described = resultColumns(columns);
    if (described === undefined) return new HiddenRows();
    return planResult(masks, { ...knownOf(this.#readNow(judged)), columns: described, hmac });
  }

  maskCopy(judged: Judged | undefined, columns: number): CopyMask | undefined {
    const masks = this.#masksOver(judged?.tables);
    if (masks === undefined) return undefined;
    const { hmac } = this.#options;
    const clientEncoding = this.#clientEncoding;
    return planCopy(masks, {
      ...knownOf(this.#readNow(judged)),
      form: judged?.analysis?.copy,
      columns,
      hmac,
      clientEncoding,
    });
  }

  report(judged: Judged | undefined, body: Uint8Array): Uint8Array {
    const masks = this.#masksOver(judged?.tables);
    if (masks === undefined) return body;
    if (withholds(masks, this.#readNow(judged)?.analysis, body)) return withheldError(body);
    const { detectors } = masks.active;
    return detectors.length === 0 ? body : detectInError(body, { detectors, hmac: this.#options.hmac });
  }

  /**
   * A statement as it must be read now that it answers: if it had to wait, for a lock or for those in front of it, Postgres
   * may have looked up its names after they were given another meaning.
   */
  #readNow(judged: Judged | undefined): Judged | undefined {
    const analysis = judged?.analysis;
    if (judged === undefined || analysis === undefined || !this.#masksColumns) return judged;
    const { definitions, catalog } = this.#options;
    const read = this.#readWith.get(analysis);
    const again = read === undefined || read.catalog === catalog() ? analysis : read.again();
    const either = again === undefined ? undefined : again === analysis ? analysis : eitherOf(analysis, again);
    const seen = either === undefined ? undefined : definitions.all.cautiousOfOthers(either, this.#definitions);
    return seen === analysis ? judged : { ...judged, analysis: seen };
  }

  get #masksColumns(): boolean {
    const { masks } = this.#options;
    return masks !== undefined && masks.columns.size > 0;
  }

  /** It may run from now on. */
  #begin(analysis: Analysis, { inTransaction }: ToJudge): void {
    this.#made = leftBy(this.#made, analysis);
    this.#definitions.begin(analysis, { inBlock: inTransaction });
    if (analysis.effects.some(({ type }) => type === 'define' || type === 'anything')) this.#isCommitted = false;
  }

  #remember(text: string): void {
    this.#recent.push(text.slice(0, maxRecentCharacters));
    if (this.#recent.length > maxRecent) this.#recent.shift();
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

  /** The masks on columns, those of tables that the session has made among them. */
  #masksOver(made: MadeTables | undefined): ResolvedMasks | undefined {
    const { masks, catalog } = this.#options;
    if (masks === undefined) return undefined;
    const current = catalog();
    const resolved = resolveMasks(masks, current);
    return made === undefined || made.isEmpty ? resolved : masksWith(resolved, made.over(current), made.relations);
  }

  #analyse(
    { text, textConforms, protocol, meant }: ToJudge,
    names: SessionNames,
    { settings, tentative, made, behind, unknown }: Means,
  ): Analysis | { readonly why: string } | undefined {
    if (text === undefined) return undefined;
    const { catalog } = this.#options;
    const contextOver = (current: Catalog | undefined): AnalysisContext => ({
      catalog: current,
      searchPath: settings.searchPath,
      standardConformingStrings: settings.codeConforms,
      textConforms,
      prepared: (name) => {
        const known = tentative.prepared.get(name) ?? names.prepared(key(name));
        behind.push(known?.text ?? '');
        const means = this.#prepared(known, { made, contextOver });
        if (means === undefined) unknown.push(name);
        return means;
      },
      cursor: (name) => {
        const judged = names.cursor(key(name));
        behind.push(judged?.statement?.text ?? '');
        return tentative.declared.get(name) ?? judged?.analysis;
      },
    });
    const isPrepared = protocol === 'extended' && textConforms !== undefined;
    const read = (): Analysis | { readonly why: string } => {
      const now = this.#options.analyze(text, contextOver(made.over(catalog())));
      return 'why' in now || !isPrepared ? now : eitherReading(now, meant);
    };
    const analysis = read();
    if ('why' in analysis || !this.#masksColumns) return analysis;
    const again = (): Analysis | undefined => {
      const now = read();
      return 'why' in now ? undefined : now;
    };
    this.#readWith.set(analysis, { catalog: catalog(), again });
    return analysis;
  }

  /** What a prepared statement means now, or may still mean. */
  #prepared(
    known: PreparedText | undefined,
    { made, contextOver }: { readonly made: MadeTables; readonly contextOver: ContextOver },
  ): Analysis | undefined {
    if (known === undefined) return undefined;
    const context = contextOver(made.over(this.#options.catalog()));
    const { text, inSql, meant, textConforms = context.textConforms } = known;
    // It cannot be what it executes itself.
    const analysis = this.#options.analyze(text, { ...context, textConforms, prepared: () => undefined });
    if ('why' in analysis) return undefined;
    const now = inSql ? analysis.names?.analysis : analysis;
    return now === undefined ? undefined : eitherReading(now, meant);
  }

  #verdict(analysis: Analysis, { statement, made }: Pick<Read, 'statement' | 'made'>, us: number): Verdict {
    const waitUs = this.#options.rate?.(us) ?? 0;
    if (waitUs > 0) return tooFast(waitUs);
    const { policy } = this.#options;
    const varies = policy?.varies === true;
    const known = varies ? undefined : this.#verdicts.get(analysis);
    if (known !== undefined) return known;
    const masks = this.#masksOver(made);
    const refused = masks === undefined ? undefined : maskRefusal(masks, analysis);
    const verdict = withMasks(
      policy?.judge(
        {
          analysis,
          sql: statement.text ?? '',
          protocol: statement.protocol,
          parameters: textsOf(statement),
          inTransaction: statement.inTransaction,
        },
        this.#options.wallUs(us),
      ) ?? allowed,
      refused,
    );
    if (!varies) this.#verdicts.set(analysis, verdict);
    return verdict;
  }
}

/** What a statement is read with. */
interface Means {
  readonly settings: SessionSettings;
  readonly tentative: Tentative;
  /** Tables that the session has made and no catalog has. */
  readonly made: MadeTables;
  /** Gets the texts behind the names that it uses. */
  readonly behind: string[];
  /** Gets the names of prepared statements that nobody knows. */
  readonly unknown: string[];
}

/** What statements in front of one in the same Query give names to. */
interface Tentative {
  readonly prepared: Map<string, PreparedText>;
  readonly declared: Map<string, Analysis>;
}

const nothingTentative: Tentative = { prepared: new Map(), declared: new Map() };

/** A statement that was read and is to be decided on. */
interface Read {
  readonly statement: ToJudge;
  /** Undefined: it has no text that is known; `why`: it cannot be read. */
  readonly analysis: Analysis | { readonly why: string } | undefined;
  /** Settings that can change what it means, when it runs. */
  readonly settings: string;
  readonly path: readonly string[] | undefined;
  readonly made: MadeTables;
  readonly makes?: MadeTable;
  readonly behind: readonly string[];
  readonly unprepared: readonly string[];
}

type ContextOver = (catalog: Catalog | undefined) => AnalysisContext;

interface ReadWith {
  readonly catalog: Catalog | undefined;
  /** With the catalog of now; undefined when it cannot be read any more. */
  readonly again: () => Analysis | undefined;
}

/**
 * What a text may mean that was prepared before. Postgres looks its names up again when something has changed of what they
 * meant, or the search path; not when there is a table in front of that which was not there.
 */
function eitherReading(now: Analysis, meant: Analysis | undefined): Analysis {
  if (meant === undefined || meant === now || meant.unresolved.length > 0 || relationsOf(meant) === relationsOf(now))
    return now;
  return eitherOf(now, meant);
}

const relations = new WeakMap<Analysis, string>();

function relationsOf(analysis: Analysis): string {
  const known = relations.get(analysis);
  if (known !== undefined) return known;
  const names = new Set(analysis.commands.flatMap(({ reads, writes }) => [...reads, ...writes]));
  const text = JSON.stringify(Array.from(names).sort());
  relations.set(analysis, text);
  return text;
}

/** A statement that was read with one catalog or with another. */
function eitherOf(one: Analysis, other: Analysis): Analysis {
  const commands: Analysis['commands'] = [...one.commands, ...other.commands];
  const outputsOfOther = other.lineage.outputs;
  const { outputs } = one.lineage;
  const isAlike = outputs !== 'unknown' && outputsOfOther !== 'unknown' && outputs.length === outputsOfOther.length;
  const either = (part: 'rewrites' | 'given' | 'computes', absent: Sources): Sources =>
    union(one.lineage[part] ?? absent, other.lineage[part] ?? absent);
  return {
    ...one,
    commands,
    effects: [...one.effects, ...other.effects],
    lineage: {
      probes: union(one.lineage.probes, other.lineage.probes),
      stores: union(one.lineage.stores, other.lineage.stores),
      touches: union(one.lineage.touches, other.lineage.touches),
      rewrites: either('rewrites', nothing),
      given: either('given', nothing),
      computes: either('computes', 'unknown'),
      outputs: isAlike
        ? outputs.map((output, index) => {
            const { sources, plain } = outputsOfOther[index] ?? { sources: 'unknown', plain: false };
            return { ...output, sources: union(output.sources, sources), plain: output.plain && plain };
          })
        : 'unknown',
    },
  };
}

const nothing: Sources = new Set();

function union(one: Sources, other: Sources): Sources {
  return one === 'unknown' || other === 'unknown' ? 'unknown' : new Set([...one, ...other]);
}

function definedLater(): Verdict {
  const error = new Refusal('42501', 'definitions cannot be left to a prepared transaction', {
    detail: 'Rules and masks apply to the session, and it cannot be told from when on they would have to go by them.',
    hint: 'COMMIT them.',
  });
  return { decision: 'deny', matches: [{ rule: 'definitions', then: 'deny' }], error };
}

const allowed: Verdict = { decision: 'allow', matches: [] };
const noNames: SessionNames = { prepared: () => undefined, cursor: () => undefined };

/** A name as the session keeps it: what the server makes of it, cut and as a latin1 string. */
function key(name: string): string {
  return latin1(encoder.encode(name).subarray(0, limits.nameBytes));
}

/** Of a Bind in pieces nothing is known of its parameters, not even how many: a rule that asks for them cannot be evaluated. */
function textsOf({ protocol, parameters, parameterTypes }: ToJudge): readonly (string | null | undefined)[] {
  if (protocol === 'extended' && parameters === undefined) return [undefined];
  return parameterTexts(boundValues(parameters, parameterTypes));
}

/** What waits together is shown to people together, and approved together. */
function withStatements(judged: readonly Judged[], statements: readonly ToJudge[]): readonly Judged[] {
  if (judged.length < 2 || !judged.some(({ verdict }) => verdict.decision === 'approve')) return judged;
  return judged.map((one, at) => {
    const statement = statements[at];
    return one.statement !== undefined || statement === undefined ? one : { ...one, statement: owned(statement) };
  });
}

/** Parameters are a view of the chunk that they came in. */
function owned(statement: ToJudge): ToJudge {
  const { parameters } = statement;
  return parameters === undefined ? statement : { ...statement, parameters: parameters.slice() };
}

function knownOf(judged: Judged | undefined): { lineage: Lineage | undefined; analysis: Analysis | undefined } {
  return { lineage: judged?.analysis?.lineage, analysis: judged?.analysis };
}

/** The schemas that a table may be in that is made now; undefined when it cannot be told. */
function schemasOf(
  { schema }: TableMade,
  { searchPathSetting, role, temporarySchema }: SessionSettings,
  catalog: Catalog,
): readonly string[] | undefined {
  if (schema === 'pg_temp') return [temporarySchema];
  if (schema !== '') return [schema];
  if (searchPathSetting === undefined) return undefined;
  return schemasToMakeIn(searchPathSetting, { role, temporarySchema }, (name) => catalog.isOpen(name));
}

/** What was dropped may be there again. */
function undoes({ effects }: Analysis): boolean {
  return effects.some((effect) => effect.type === 'transaction' && effect.does.startsWith('rollback'));
}

/** Behind COMMIT AND CHAIN there is one as well; the server says so. */
function opensBlock(does: Extract<Effect, { type: 'transaction' }>['does'], wasOpen: boolean): boolean {
  return does === 'begin' || (wasOpen && !['commit', 'rollback', 'prepare'].includes(does));
}

/** Code that can change what prepared statements mean: dynamic SQL in the server. */
function mayRename(analysis: Analysis): boolean {
  return analysis.effects.some(({ type }) => type === 'anything');
}

function endsTransaction(analysis: Analysis | undefined): boolean {
  return analysis?.effects.some((effect) => effect.type === 'transaction' && effect.does !== 'begin') === true;
}

function withMasks(
  verdict: Verdict,
  refused: { readonly rule: string; readonly message: string; readonly hint?: string } | undefined,
): Verdict {
  if (refused === undefined) return verdict;
  const match: RuleMatch = { rule: refused.rule, then: 'deny' };
  const error = verdict.error ?? refusalOf(refused);
  return { decision: 'deny', matches: [match, ...verdict.matches], error };
}

function refusalOf({ message, hint }: { readonly message: string; readonly hint?: string }): Refusal {
  return new Refusal('42501', message, hint === undefined ? {} : { hint });
}

function tooFast(waitUs: number): Verdict {
  const seconds = Math.max(0.1, Math.ceil(waitUs / 100_000) / 10);
  const error = new Refusal('53400', 'the rate of statements is above the limit for this session', {
    hint: `Wait ${seconds} s.`,
  });
  return { decision: 'deny', matches: [{ rule: 'rate', then: 'deny' }], error };
}

/** A name that the gateway does not know, or does not trust any more; drivers prepare again when they hear of it. */
function unknownName({ protocol }: ToJudge): Verdict {
  if (protocol === 'simple')
    return unreadable('its bytes are not text in the client_encoding, or that is not one that the gateway reads');
  return unknownStatement();
}

function unknownStatement(name?: string): Verdict {
  const message =
    name === undefined
      ? 'the gateway does not know what this prepared statement is'
      : `prepared statement "${name}" does not exist, as far as the gateway can tell`;
  const error = new Refusal('26000', message, {
    detail: 'Rules apply to what it would run, and code in the server may have changed what its name means.',
    hint: 'Prepare it again.',
  });
  return { decision: 'deny', matches: [{ rule: 'unreadable', then: 'deny' }], error };
}

function unknownRelation(names: readonly string[]): Verdict {
  const error = new Refusal('42P01', `relation "${names[0]}" does not exist, as far as the gateway can tell`, {
    detail: `Rules apply to the statement, and the catalog does not have ${names.map((name) => `"${name}"`).join(', ')}.`,
    hint: 'If it was made in this transaction, commit first; if it is new, try again.',
  });
  return { decision: 'deny', matches: [{ rule: 'unreadable', then: 'deny' }], error };
}

function unknownFunction(oid: number): Verdict {
  const error = new Refusal('42883', `function with OID ${oid} does not exist, as far as the gateway can tell`, {
    detail: 'Rules apply to the call, and the catalog does not have the function.',
  });
  return { decision: 'deny', matches: [{ rule: 'unreadable', then: 'deny' }], error };
}

function callUnderMask(): Verdict {
  const { match, error } = denial({ rule: 'masking', then: 'deny' }, 'masking', {
    detail: 'What a function-call message returns cannot be traced to its columns.',
    hint: 'Call the function with SELECT.',
  });
  return { decision: 'deny', matches: [match], error };
}

/** Of the body of a RowDescription; none when it is not known. */
function resultColumns(body: Uint8Array | undefined): readonly ResultColumn[] | undefined {
  const columns = body === undefined ? undefined : decodeColumns(body);
  return columns?.map((column) => ({ ...column, name: decoder.decode(column.name) }));
}
