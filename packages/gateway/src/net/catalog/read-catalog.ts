import { setImmediate } from 'node:timers/promises';
import type {
  Cascade,
  CatalogFunction,
  CatalogOperator,
  CodeType,
  Column,
  Relation,
  RelationKind,
} from '../../sql/catalog.ts';
import type { CatalogRows } from '../../sql/catalog-index.ts';
import type { OwnSession } from '../own-session.ts';
import {
  attachedQuery,
  beginQuery,
  cascadesQuery,
  codeTypesQuery,
  columnsQuery,
  emptyPathQuery,
  eventTriggersQuery,
  expressionsQuery,
  fingerprintQuery,
  functionsQuery,
  inheritanceQuery,
  openSchemasQuery,
  operatorsQuery,
  relationsQuery,
  rulesQuery,
  settingsQuery,
  triggersQuery,
} from './catalog-queries.ts';

type Row = readonly (string | null)[];

/** A session in which a catalog can be read. Its settings are its own. */
export interface CatalogSession {
  query(sql: string): Promise<(string | null)[][]>;
  /** One behind the other; the rows of each. */
  queryAll(texts: readonly string[]): Promise<(string | null)[][][]>;
  /** Asks for what `fingerprintQuery` says, again and again: the record has its text once. */
  fingerprint(): Promise<(string | null)[][]>;
  /** `server_version_num`. */
  readonly serverVersion: number;
}

/** Makes a session of the gateway's own ready for reading, once. */
export async function prepareCatalogSession(
  session: Pick<OwnSession, 'query' | 'queryAs' | 'queryAll'>,
): Promise<CatalogSession> {
  await session.query(emptyPathQuery);
  const settings = await session.query(settingsQuery);
  return {
    query: (sql) => session.query(sql),
    queryAll: (texts) => session.queryAll(texts),
    fingerprint: () => session.queryAs('fingerprint', fingerprintQuery),
    serverVersion: Number(settings[0]?.[0]),
  };
}

/** What `CatalogRows.version` would be of the catalog as it is now. */
export async function catalogFingerprint(session: Pick<CatalogSession, 'fingerprint'>): Promise<string> {
  return (await session.fingerprint())[0]?.[0] ?? '';
}

/** Columns, relations and functions of one database. With more, the gateway would not know what to do with its memory. */
const maxRows = 4_000_000;

/**
 * Reads the whole catalog of the session's database, in one transaction. What cannot be told at the moment, because
 * somebody has locked a relation against any use, has a stand-in (catalog-queries.ts); the version of such rows is one
 * that no fingerprint equals, so that they are read again. Throws an Error where Postgres would not answer.
 */
export async function readCatalog(session: CatalogSession): Promise<CatalogRows> {
  // Of before the reading: what changes in between is another version's, and read again.
  const fingerprint = await catalogFingerprint(session);
  const { queryAll, serverVersion } = session;
  const [
    ,
    schemas = [],
    columns = [],
    expressions = [],
    rules = [],
    attachments = [],
    triggers = [],
    cascades = [],
    parents = [],
    named = [],
    code = [],
    operators = [],
    types = [],
    eventTriggers = [],
  ] = (
    await queryAll([
      beginQuery,
      openSchemasQuery,
      limited(columnsQuery),
      limited(expressionsQuery),
      rulesQuery,
      attachedQuery,
      triggersQuery,
      cascadesQuery,
      inheritanceQuery,
      limited(relationsQuery),
      limited(functionsQuery(serverVersion)),
      operatorsQuery,
      codeTypesQuery,
      eventTriggersQuery,
      'COMMIT /* onrecord: the catalog */',
    ])
  ).map(bounded);
  const attached = numbersBy(attachments);
  const parts: RelationParts = {
    columns: await columnsByRelation(columns, expressions),
    rules: Map.groupBy(rules, first),
    triggers: numbersBy(triggers),
    attached,
    cascades: Map.groupBy(cascades, first),
    ...inheritance(parents),
  };
  const relations: Relation[] = [];
  for (const row of named) {
    relations.push(...relation(row, parts));
    if (relations.length % atOnce === 0) await setImmediate();
  }
  const unknown = [...expressions, ...rules].filter(([, , , standIn]) => standIn === 't').map(first);
  return {
    version: unknown.length === 0 ? fingerprint : `${fingerprint} without ${unknown.join()}`,
    openSchemas: schemas.map(([name]) => name ?? ''),
    relations,
    functions: code.map((row) => catalogFunction(row, attached)),
    operators: operators.map(operator),
    codeTypes: types.map(codeType),
    ...(eventTriggers.length === 0 ? {} : { eventTriggers: eventTriggers.map(first) }),
  };
}

function limited(sql: string): string {
  return `${sql}\nLIMIT ${maxRows + 1}`;
}

function bounded(rows: readonly Row[]): readonly Row[] {
  if (rows.length > maxRows) throw new Error(`the catalog has more than ${maxRows} rows of a kind`);
  return rows;
}

interface RelationParts {
  readonly columns: ReadonlyMap<number, readonly Column[]>;
  readonly rules: ReadonlyMap<number, readonly Row[]>;
  readonly triggers: ReadonlyMap<number, readonly number[]>;
  readonly attached: ReadonlyMap<number, readonly number[]>;
  readonly cascades: ReadonlyMap<number, readonly Row[]>;
  readonly parents: ReadonlyMap<number, readonly number[]>;
  readonly children: ReadonlyMap<number, readonly number[]>;
}

/** `pg_class.relkind`; what is not here is no relation that a statement could name. */
const relationKinds: { readonly [relkind: string]: RelationKind } = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
  S: 'sequence',
  i: 'index',
  I: 'index',
  t: 'toast table',
  c: 'composite type',
};

function relation([id, schema, name, relkind, rowType]: Row, parts: RelationParts): Relation[] {
  const oid = Number(id);
  const kind = relationKinds[relkind ?? ''];
  if (kind === undefined) return [];
  const rules = parts.rules.get(oid) ?? none;
  const definition = rules.find(([, select]) => select === 't')?.[2];
  const attached = parts.attached.get(oid);
  const cascades = parts.cascades.get(oid);
  return [
    {
      oid,
      schema: schema ?? '',
      name: name ?? '',
      kind,
      columns: kind === 'toast table' ? toastColumns : (parts.columns.get(oid) ?? none),
      ...(definition ? { definition } : {}),
      rules: rules.filter(([, select]) => select !== 't').map(([, , text]) => text ?? ''),
      triggers: parts.triggers.get(oid) ?? none,
      ...(attached === undefined ? {} : { attached }),
      ...(cascades === undefined ? {} : { cascades: cascades.map(cascade) }),
      ...(rowType === '0' ? {} : { rowType: Number(rowType) }),
      parents: parts.parents.get(oid) ?? none,
      children: parts.children.get(oid) ?? none,
    },
  ];
}

const none: readonly never[] = [];

/** Of TOAST tables (toasting.c). */
const toastColumns: readonly Column[] = [
  { number: 1, name: 'chunk_id', type: 26 },
  { number: 2, name: 'chunk_seq', type: 23 },
  { number: 3, name: 'chunk_data', type: 17 },
];

/** Relations after which sessions get their turn: reading must not hold them up. */
const atOnce = 500;

async function columnsByRelation(
  rows: readonly Row[],
  expressions: readonly Row[],
): Promise<ReadonlyMap<number, readonly Column[]>> {
  const expressionsOf = Map.groupBy(expressions, first);
  const columnsOf = new Map<number, readonly Column[]>();
  for (const [oid, numbers, columnNames, types] of rows) {
    const relation = Number(oid);
    const generated = new Map(expressionsOf.get(relation)?.map(([, number, text]) => [Number(number), text ?? '']));
    const parsedNames = JSON.parse(columnNames ?? '[]') as string[];
    const parsedTypes = JSON.parse(types ?? '[]') as number[];
    const columns = (JSON.parse(numbers ?? '[]') as number[]).map((number, at): Column => {
      const column = { number, name: parsedNames[at] ?? '', type: parsedTypes[at] ?? 0 };
      const expression = generated.get(number);
      return expression === undefined ? column : { ...column, generated: expression };
    });
    columnsOf.set(
      relation,
      columns.sort((a, b) => a.number - b.number),
    );
    if (columnsOf.size % atOnce === 0) await setImmediate();
  }
  return columnsOf;
}

function inheritance(rows: readonly Row[]): Pick<RelationParts, 'parents' | 'children'> {
  return { parents: numbersBy(rows), children: numbersBy(rows.map(([child, parent]) => [parent ?? '', child ?? ''])) };
}

/** The second number of pairs, by the first. */
function numbersBy(rows: readonly Row[]): ReadonlyMap<number, readonly number[]> {
  const numbers = new Map<number, number[]>();
  for (const [key, [...group]] of Map.groupBy(rows, first)) {
    numbers.set(key, [...new Set(group.map(([, value]) => Number(value)))]);
  }
  return numbers;
}

function first([oid]: Row): number {
  return Number(oid);
}

const functionKinds: { readonly [prokind: string]: CatalogFunction['kind'] } = {
  f: 'function',
  p: 'procedure',
  a: 'aggregate',
  w: 'window',
};
const volatilities: { readonly [provolatile: string]: CatalogFunction['volatility'] } = {
  i: 'immutable',
  s: 'stable',
  v: 'volatile',
};

function catalogFunction(row: Row, attachedTo: ReadonlyMap<number, readonly number[]>): CatalogFunction {
  const [
    oid,
    schema,
    name,
    kind,
    volatility,
    language,
    definer,
    returns,
    builtIn,
    body,
    modes,
    argumentNames,
    settings,
    defaults,
    parameters,
  ] = row;
  const attached = attachedTo.get(Number(oid));
  const outputs = outputNames(modes, argumentNames);
  return {
    oid: Number(oid),
    schema: schema ?? '',
    name: name ?? '',
    kind: functionKinds[kind ?? ''] ?? 'function',
    volatility: volatilities[volatility ?? ''] ?? 'volatile',
    language: language ?? '',
    securityDefiner: definer === 't',
    ...(body === null || body === undefined ? {} : { body }),
    builtIn: builtIn === 't',
    returns: Number(returns),
    ...(outputs.length === 0 ? {} : { outputs }),
    ...(settings === null || settings === undefined ? {} : { settings: JSON.parse(settings) as string[] }),
    ...(defaults === null || defaults === undefined
      ? {}
      : { defaults: { expressions: defaults, parameters: Number(parameters) } }),
    ...(attached === undefined ? {} : { attached }),
  };
}

const changes: { readonly [action: string]: 'delete' | 'update' } = { c: 'delete', n: 'update', d: 'update' };

function cascade([, relation, onDelete, onUpdate, columns]: Row): Cascade {
  const does = changes[onDelete ?? ''];
  return {
    relation: Number(relation),
    ...(does === undefined ? {} : { onDelete: does }),
    ...(changes[onUpdate ?? ''] === undefined ? {} : { onUpdate: 'update' as const }),
    columns: JSON.parse(columns ?? '[]') as string[],
  };
}

function codeType([oid, name, from, to]: Row): CodeType {
  const oids = (list: string | null | undefined): readonly number[] => JSON.parse(list ?? '[]') as number[];
  return { oid: Number(oid), name: name ?? '', from: oids(from), to: oids(to) };
}

/** Source: `proargmodes` (catalogs/pg_proc.h): `o` OUT, `b` INOUT, `t` TABLE. */
function outputNames(modes: string | null | undefined, names: string | null | undefined): readonly string[] {
  if (modes === null || modes === undefined) return none;
  const all = names === null || names === undefined ? [] : (JSON.parse(names) as string[]);
  return (JSON.parse(modes) as string[]).flatMap((mode, at) => ('obt'.includes(mode) ? [all[at] ?? ''] : []));
}

function operator([name, schema, code]: Row): CatalogOperator {
  return { name: name ?? '', schema: schema ?? '', function: Number(code) };
}
