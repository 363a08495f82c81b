import { limits } from '@onrecord/wire';
import { typeNames } from '../sql/analysis/simple-table.ts';
import type { Analysis, AnalysisContext, Analyze, Lineage, TableMade } from '../sql/analysis.ts';
import { type Catalog, firstNormalObjectId } from '../sql/catalog.ts';
import { withSchemas } from '../sql/catalog-with.ts';
import { quoteName } from '../sql/quote-name.ts';
import type { Definitions, ReadWith } from './definitions.ts';
import { eitherOf, eitherReading } from './either-reading.ts';
import type { PreparedText, SessionNames, ToJudge } from './guard.ts';
import { latin1 } from './latin1.ts';
import { leftBy, type MadeTable, type MadeTables, onlyMakes, undoes } from './made-tables.ts';
import { schemasToMakeIn } from './search-path.ts';
import type { SessionSettings } from './session-settings.ts';
import type { SharedDefinitions } from './shared-definitions.ts';

export interface StatementReaderOptions {
  readonly analyze: Analyze;
  /** The database's catalog as it is known now. */
  readonly catalog: () => Catalog | undefined;
  /** Of all sessions on the database, and this session's among them. */
  readonly definitions: { readonly all: SharedDefinitions; readonly own: Definitions };
  readonly settings: SessionSettings;
  /** What statements mean matters when they answer, too. */
  readonly answersLate: boolean;
}

/** A statement that was read and is to be decided on. */
export interface Read extends ReadWith {
  readonly statement: ToJudge;
  /** Undefined: it has no text that is known; `why`: it cannot be read. */
  readonly analysis: Analysis | { readonly why: string } | undefined;
  /** Settings that can change what it means, when it runs. */
  readonly settings: string;
  /** The table that it makes. */
  readonly makes?: MadeTable;
  /** The texts behind the names that it uses. */
  readonly behind: readonly string[];
  /** Names of prepared statements that it uses and nobody knows. */
  readonly unprepared: readonly string[];
}

const encoder = new TextEncoder();

/** Reads the statements of a session: with names as the session and the catalog know them now. */
export class StatementReader {
  readonly #options: StatementReaderOptions;
  /** The catalog that statements were read with, and how to read one again. */
  readonly #readWith = new WeakMap<Analysis, Reading>();

  constructor(options: StatementReaderOptions) {
    this.#options = options;
  }

  /** Reads statements that come together, each as if those in front of it had completed. */
  readAll(statements: readonly ToJudge[], names: SessionNames, madeBefore: MadeTables): readonly Read[] {
    const isAlone = statements.length === 1;
    const settings = isAlone ? this.#options.settings : this.#options.settings.fork();
    const own = isAlone ? this.#options.definitions.own : this.#options.definitions.own.fork();
    let made = madeBefore;
    // Postgres reads all of a Query before it runs any of it.
    const textConforms = settings.standardConformingStrings;
    const tentative: Tentative = { prepared: new Map(), declared: new Map() };
    let known = names;
    return statements.map((statement) => {
      const means = { settings, tentative, made, own, behind: [] as string[], unknown: [] as string[] };
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
      const analysis = this.#analyse({ ...statement, textConforms: conforms }, known, means);
      if (analysis === undefined || 'why' in analysis) return { ...about, analysis };
      const typed = this.alsoReadAs(analysis, this.#withTypes(analysis, statement.parameterTypes, means));
      const makes = this.#making(typed, means, own);
      const read = { ...about, analysis: typed, ...(makes === undefined ? {} : { makes }) };
      if (isAlone) return read;
      for (const effect of analysis.effects) settings.apply(effect);
      own.begin(typed);
      own.completed(typed);
      made = leftBy(made, typed);
      if (undoes(typed)) own.undone();
      if (makes !== undefined) made = made.with(makes);
      if (typed.effects.some(({ type }) => type === 'anything')) {
        // Code may have given names another meaning.
        known = noNames;
        tentative.prepared.clear();
        tentative.declared.clear();
      }
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
    const { all, own: session } = this.#options.definitions;
    const isDoubtful = all.cautiousOfOthers(analysis, session) !== analysis;
    if (isDoubtful || own.cautious(analysis, { made, path }) !== analysis || typeNames.some((name) => own.has(name)))
      return undefined;
    const schemas = schemasOf(making.made, settings, withSchemas(catalog, all.schemasFor(own)));
    return schemas === undefined ? undefined : made.make(making, { schemas, catalog, own });
  }

  /**
   * What a text means, by itself, that is prepared now; undefined when it cannot be told: what EXECUTE and FETCH name is
   * looked up when they run.
   */
  means(text: string, made: MadeTables): Analysis | undefined {
    const means = {
      settings: this.#options.settings,
      tentative: nothingTentative,
      made,
      behind: [] as string[],
      unknown: [],
    };
    const statement = { text, protocol: 'extended', parameters: undefined, parameterTypes: undefined } as const;
    const analysis = this.#analyse({ ...statement, inTransaction: false }, noNames, means);
    return analysis === undefined || 'why' in analysis || means.behind.length > 0 ? undefined : analysis;
  }

  /**
   * A statement as it must be read now that it answers: if it had to wait, for a lock or for those in front of it, Postgres
   * may have looked up its names after they were given another meaning.
   */
  readNow(analysis: Analysis): Analysis | undefined {
    const { definitions, catalog } = this.#options;
    const read = this.#readWith.get(analysis);
    const now = read === undefined || read.catalog === catalog() ? analysis : this.#readAgain(analysis, read);
    return now && definitions.all.cautiousOfOthers(now, definitions.own, read?.since);
  }

  /** Once for each catalog: an answer may come in many pieces. */
  #readAgain(analysis: Analysis, read: Reading): Analysis | undefined {
    const catalog = this.#options.catalog();
    if (read.last?.analysis !== analysis || read.last.catalog !== catalog) {
      const again = read.again();
      const now = again === undefined || again === analysis ? again : eitherOf(analysis, again);
      read.last = { analysis, catalog, now };
    }
    return read.last.now;
  }

  /** It is about to run once more, as it was read before. */
  repeats(analysis: Analysis): void {
    const read = this.#readWith.get(analysis);
    if (read !== undefined) read.since = this.#options.definitions.all.mark;
  }

  /** `other` stands for the first from now on. */
  alsoReadAs(analysis: Analysis, other: Analysis): Analysis {
    const read = this.#readWith.get(analysis);
    if (read !== undefined) this.#readWith.set(other, read);
    return other;
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

  #analyse(
    { text, textConforms, meant }: ToJudge,
    names: SessionNames,
    { settings, tentative, made, own = this.#options.definitions.own, behind, unknown }: Means,
  ): Analysis | { readonly why: string } | undefined {
    if (text === undefined) return undefined;
    const { catalog, definitions } = this.#options;
    const { all } = definitions;
    const contextOver = (current: Catalog | undefined): AnalysisContext => ({
      catalog: current && withSchemas(current, all.schemasFor(own)),
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
        return tentative.declared.get(name) ?? this.#ofCursor(judged?.analysis);
      },
    });
    const read = (): Analysis | { readonly why: string } => {
      const now = this.#options.analyze(text, contextOver(made.over(catalog())));
      return 'why' in now ? now : eitherReading(now, meant);
    };
    const analysis = read();
    if ('why' in analysis || !(this.#options.answersLate || analysis.names?.type === 'declare')) return analysis;
    const again = (): Analysis | undefined => {
      const now = read();
      return 'why' in now ? undefined : now;
    };
    const now = { catalog: catalog(), since: this.#options.definitions.all.mark };
    this.#readWith.set(analysis, { ...now, again });
    if (analysis.names?.type === 'declare')
      this.#readWith.set(analysis.names.analysis, { ...now, again: () => again()?.names?.analysis });
    return analysis;
  }

  /** What a cursor runs: its plan is that of before, the code that it calls is that of now. */
  #ofCursor(declared: Analysis | undefined): Analysis | undefined {
    const read = declared === undefined ? undefined : this.#readWith.get(declared);
    if (declared === undefined || read === undefined || read.catalog === this.#options.catalog()) return declared;
    const now = read.again();
    return now === undefined || now === declared ? now : eitherOf(declared, now);
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
}

/** What a statement is read with. */
interface Means {
  readonly settings: SessionSettings;
  readonly tentative: Tentative;
  /** Tables that the session has made and no catalog has. */
  readonly made: MadeTables;
  /** What is defined in front of it; absent: what the session has defined. */
  readonly own?: Definitions;
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

type ContextOver = (catalog: Catalog | undefined) => AnalysisContext;

interface Reading {
  /** The mark of when it was read last: what is defined later may be what it meets while it runs. */
  since: number;
  readonly catalog: Catalog | undefined;
  /** With the catalog of now; undefined when it cannot be read any more. */
  readonly again: () => Analysis | undefined;
  /** What came of it the last time. */
  last?: { readonly analysis: Analysis; readonly catalog: Catalog | undefined; readonly now: Analysis | undefined };
}

const noNames: SessionNames = { prepared: () => undefined, cursor: () => undefined };

/** A name as the session keeps it: what the server makes of it, cut and as a latin1 string. */
function key(name: string): string {
  return latin1(encoder.encode(name).subarray(0, limits.nameBytes));
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
  return schemasToMakeIn(searchPathSetting, { role, temporarySchema }, catalog);
}
