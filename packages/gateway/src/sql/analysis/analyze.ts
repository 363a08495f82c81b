import type { Analysis, AnalysisContext, Analyze, Command, Effect, Lineage } from '../analysis.ts';
import type { Catalog } from '../catalog.ts';
import { lineageOf } from '../lineage/lineage.ts';
import { Lru } from '../lru.ts';
import { parserFor } from '../older-server.ts';
import type { Parser, RawStatement } from '../parser.ts';
import { Draft, Findings } from './draft.ts';
import { expand } from './expand.ts';
import { Knowledge } from './knowledge.ts';
import { readStatement } from './statement.ts';
import { parseText, parseWhole } from './statement-text.ts';
import type { Surroundings } from './surroundings.ts';
import { Walk } from './walk.ts';

/** Texts that sessions send again and again, for one search path. */
const cacheBounds = { maxEntries: 1_000, maxCharacters: 1_000_000 } as const;
/** Search paths of the sessions of one database. */
const pathBounds = { maxEntries: 16, maxCharacters: 100_000 } as const;

type Answer = Analysis | { readonly why: string };

/** An answer, and what it was found under: the prepared statements and cursors that it looked at. */
interface Kept {
  answer: Answer;
  uses: readonly Use[];
}

interface Use {
  readonly of: 'prepared' | 'cursor';
  readonly name: string;
  readonly meant: Analysis | undefined;
}

/** What is kept of one catalog, as long as it is in use. */
interface OfCatalog {
  /** Reads as its server does. */
  readonly parser: Parser;
  readonly knowledge: Knowledge | undefined;
  readonly paths: Lru<Lru<Kept>>;
  /** The same by the array of a path: a session asks under the same one again. */
  readonly sessions: WeakMap<readonly string[], Lru<Kept>>;
}

/**
 * Analyses statements with Postgres's parser. A text that was seen before, under the same catalog and search path,
 * costs a lookup, unless a prepared statement or cursor that it refers to means something else by now.
 *
 * BUG: not seen: functions by which types of users are sent and received in binary, which only superusers make; views, and
 * columns of a type, that go with what DROP … CASCADE drops (it is said to be opaque).
 */
export function createAnalyzer(parser: Parser): Analyze {
  const standard = new WeakMap<object, OfCatalog>();
  const escaping = new WeakMap<object, OfCatalog>();
  const withoutCatalog = {};
  const open = (catalog: Catalog | undefined, isEscaping: boolean): OfCatalog => {
    const catalogs = isEscaping ? escaping : standard;
    const key = catalog ?? withoutCatalog;
    const kept = catalogs.get(key);
    if (kept !== undefined) return kept;
    const asServer = parserFor(parser, catalog);
    const parse = (sql: string): readonly RawStatement[] | undefined => parseWhole(asServer, sql);
    const knowledge = catalog === undefined ? undefined : new Knowledge(catalog, { parse, isEscaping });
    const made: OfCatalog = { parser: asServer, knowledge, paths: new Lru(pathBounds), sessions: new WeakMap() };
    catalogs.set(key, made);
    return made;
  };
  const textsFor = ({ paths, sessions }: OfCatalog, context: AnalysisContext): Lru<Kept> => {
    const { searchPath } = context;
    const isOtherwise = textConforms(context) !== context.standardConformingStrings;
    const known = searchPath === undefined || isOtherwise ? undefined : sessions.get(searchPath);
    if (known !== undefined) return known;
    const reads = isOtherwise ? 'read otherwise\0' : '';
    const path = searchPath === undefined ? reads : `${reads}\0${searchPath.join('\0')}`;
    const texts = paths.get(path, () => new Lru<Kept>(cacheBounds));
    if (searchPath !== undefined && !isOtherwise) sessions.set(searchPath, texts);
    return texts;
  };
  return (sql, context) => {
    const ofCatalog = open(context.catalog, !context.standardConformingStrings);
    const fresh = (): Kept => analyzeFresh(sql, context, ofCatalog);
    const kept = textsFor(ofCatalog, context).get(sql, fresh);
    if (kept.uses.length > 0 && !kept.uses.every(({ of, name, meant }) => context[of](name) === meant)) {
      Object.assign(kept, fresh());
    }
    return kept.answer;
  };
}

function textConforms({ textConforms, standardConformingStrings }: AnalysisContext): boolean {
  return textConforms ?? standardConformingStrings;
}

function analyzeFresh(
  sql: string,
  context: AnalysisContext,
  { parser, knowledge }: Pick<OfCatalog, 'parser' | 'knowledge'>,
): Kept {
  const uses: Use[] = [];
  const look = (of: Use['of']) => (name: string) => {
    const meant = context[of](name);
    uses.push({ of, name, meant });
    return meant;
  };
  const watched: AnalysisContext = { ...context, prepared: look('prepared'), cursor: look('cursor') };
  const parsed = parseText(parser, sql, textConforms(context));
  if ('why' in parsed) return { answer: parsed, uses };
  const { statements, isCondensed } = parsed;
  if (statements.length > 1) return { answer: { why: 'There is more than one statement.' }, uses };
  const node = statements[0]?.node;
  if (node === undefined) return { answer: emptyAnalysis(), uses };
  const { catalog, searchPath: path } = context;
  const { prepared, cursor } = watched;
  const isEscaping = !context.standardConformingStrings;
  const around: Surroundings = {
    catalog,
    path,
    knowledge,
    prepared,
    cursor,
    // A query within a literal, which has had its own escapes.
    parse: (text) => (isEscaping && text.includes('\\') ? undefined : parseWhole(parser, text)),
    isPlanOnly: false,
    isCondensed,
    isEscaping,
  };
  try {
    return { answer: analysisOf(node, around, watched), uses };
  } catch (error) {
    // The stack of the JavaScript engine is exhausted: the parser is trusted with more than what walks its trees may be.
    if (error instanceof RangeError)
      return { answer: { why: 'The statement is nested too deeply to be analysed.' }, uses };
    throw error;
  }
}

interface Parameters {
  /** Types that PREPARE gives to parameters: values of them are made when it is executed. */
  readonly types?: unknown;
}

function analysisOf(
  node: RawStatement['node'],
  around: Surroundings,
  context: AnalysisContext,
  { types }: Parameters = {},
): Analysis {
  const findings = new Findings();
  readStatement(node, around, findings);
  const [first] = findings.drafts;
  if (first !== undefined) new Walk(around, first, findings).parsed(types);
  const { commands, effects, later } = expand(findings, around.knowledge);
  const { named, copy } = findings;
  return {
    commands,
    lineage: lineageOf(node, context, around.knowledge?.pure),
    effects: distinct(effects),
    unresolved: Array.from(findings.unresolved).sort(),
    ...(named === undefined
      ? {}
      : { names: { type: named.type, name: named.name, analysis: analysisOf(named.node, around, context, named) } }),
    ...(later === undefined ? {} : { later }),
    ...(copy === undefined ? {} : { copy }),
  };
}

/** Once is enough to say that anything may have changed. */
function distinct(effects: readonly Effect[]): readonly Effect[] {
  const first = effects.findIndex(({ type }) => type === 'anything');
  return effects.filter(({ type }, index) => type !== 'anything' || index === first);
}

const noLineage: Lineage = { outputs: [], probes: new Set(), stores: new Set(), touches: new Set() };

function emptyAnalysis(): Analysis {
  const command: Command = new Draft('empty').toCommand(undefined, {
    isWrite: false,
    isOpaque: false,
    isOutside: false,
  });
  return { commands: [command], lineage: noLineage, effects: [], unresolved: [] };
}
