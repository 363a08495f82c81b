import type { Analysis, Command, Sources } from '../sql/analysis.ts';
import type { Catalog, CatalogFunction } from '../sql/catalog.ts';
import { functionsNamed } from '../sql/functions-named.ts';
import { isHarmlessExtension, traitsOfBuiltIn } from '../sql/lineage/built-ins.ts';
import type { ResolvedMasks } from './resolved-masks.ts';

/** Whether one of the sources is masked; `unknown` is not answered here. */
export function hasMasked(masks: ResolvedMasks, sources: ReadonlySet<`${number}.${number}`>): boolean {
  for (const source of sources) if (masks.columns.has(source)) return true;
  return false;
}

/** Whether sources are, or may be, masked; where they are unknown, whether the statement can get at a masked column at all. */
export function mayBeMasked(masks: ResolvedMasks, sources: Sources, analysis: Analysis | undefined): boolean {
  if (sources !== 'unknown') return hasMasked(masks, sources);
  return analysis === undefined || mayRead(masks, analysis);
}

/**
 * Whether a statement can get at a masked column. Where its lineage does not say (functions of users, mostly), it goes by
 * the relations and functions that it names: without a masked relation, and without code that could reach one unseen, what
 * it shows cannot be masked. Without a catalog it always can.
 */
export function mayRead(masks: ResolvedMasks, analysis: Analysis): boolean {
  if (analysis.isStale === true) return true;
  const { touches } = analysis.lineage;
  if (touches !== 'unknown') return hasMasked(masks, touches);
  const { catalog } = masks;
  if (catalog === undefined || analysis.unresolved.length > 0) return true;
  if (hearsOfMasked(masks, analysis)) return true;
  return analysis.commands.some((command) => !isTrusted(masks, command) && reaches(masks, catalog, analysis, command));
}

/** Whether code of the statement looks at what errors say, and those can be about rows of a masked relation. */
export function hearsOfMasked(masks: ResolvedMasks, { commands }: Pick<Analysis, 'commands'>): boolean {
  const isMasked = (name: string): boolean => masks.relations.has(name);
  return (
    commands.some((command) => command.hearsErrors === true && !isTrusted(masks, command)) &&
    commands.some((command) => {
      return command.reads.some(isMasked) || command.writes.some(isMasked) || conditionsReadMasked(masks, command);
    })
  );
}

/** Whether conditions of row security look at masked columns: an error can show those, and nothing else can. */
export function conditionsReadMasked(masks: ResolvedMasks, { conditionsRead = none }: Command): boolean {
  if (conditionsRead === 'unknown') return true;
  return conditionsRead.some((name) => masks.names.has(name) || masks.relations.has(name));
}

const none: readonly never[] = [];

/** Without any column that could be told, a masked relation counts as a whole. */
export function readsMasked(
  masks: ResolvedMasks,
  { readsColumns, reads }: Pick<Command, 'reads' | 'readsColumns'>,
): boolean {
  if (readsColumns.some((name) => masks.names.has(name))) return true;
  return readsColumns.length === 0 && reads.some((name) => masks.relations.has(name));
}

/**
 * Whether code reads masked columns in a statement that writes: a trigger can put one into the row that RETURNING shows.
 * Such a statement does not run; but code can become another while the statement waits.
 */
export function writesThroughCode(masks: ResolvedMasks, { commands }: Pick<Analysis, 'commands'>): boolean {
  if (!commands[0].isWrite) return false;
  return commands.some((command) => {
    const name = functionOf(command.via?.replace(/^trigger /, 'function '));
    return name !== undefined && !masks.active.trustedFunctions.has(name) && readsMasked(masks, command);
  });
}

function reaches(masks: ResolvedMasks, catalog: Catalog, analysis: Analysis, command: Command): boolean {
  if (command.isOutside || command.reads.some((name) => masks.relations.has(name))) return true;
  if (command.readsColumns.some((name) => masks.names.has(name))) return true;
  if (command.functions.some((name) => functionMayRead(masks, catalog, analysis, name))) return true;
  return command.isOpaque && !explainsOpaque(catalog, command);
}

/** What runs within a function that the rules trust. */
function isTrusted({ active }: ResolvedMasks, { via }: Command): boolean {
  const name = functionOf(via);
  return name !== undefined && active.trustedFunctions.has(name);
}

/** The function whose body a command is of; not of a trigger's. */
export function functionOf(via: string | undefined): string | undefined {
  return via?.startsWith('function ') ? via.slice('function '.length) : undefined;
}

/**
 * A function that can read what the statement does not name. Of functions in SQL and PL/pgSQL the bodies are commands of
 * their own.
 */
function functionMayRead(masks: ResolvedMasks, catalog: Catalog, analysis: Analysis, name: string): boolean {
  if (masks.active.trustedFunctions.has(name)) return false;
  const candidates = functionsNamed(catalog, name);
  if (candidates.length === 0) return true;
  return candidates.some((candidate) => {
    if (candidate.builtIn) return traitsOfBuiltIn(candidate.name, candidate.volatility).shows === 'anything';
    if (hasBody(analysis, candidate, name)) return false;
    return !isHarmless(candidate);
  });
}

function hasBody(analysis: Analysis, { language }: CatalogFunction, name: string): boolean {
  if (language !== 'sql' && language !== 'plpgsql') return false;
  return analysis.commands.some(({ via }) => functionOf(via) === name || via === `trigger ${name}`);
}

/** In C, by a superuser, and of arguments alone. An aggregate is `internal` and immutable whatever its functions do. */
function isHarmless({ kind, name, language, volatility }: CatalogFunction): boolean {
  return kind !== 'aggregate' && language === 'c' && isHarmlessExtension(name, language, volatility);
}

/** A command that is opaque only because of functions in C, which are asked about one by one. */
function explainsOpaque(catalog: Catalog, { functions, kind }: Command): boolean {
  if (kind === 'do' || kind === 'call') return false;
  return functions.some((name) => {
    const candidates = functionsNamed(catalog, name);
    return candidates.some(({ builtIn, language }) => !builtIn && language === 'c');
  });
}
