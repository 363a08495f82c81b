import type { TableMade } from '../analysis.ts';
import { type Column, columnKey } from '../catalog.ts';
import { lineageOf } from '../lineage/lineage.ts';
import { type Draft, Findings } from './draft.ts';
import { levelWithin } from './level.ts';
import type { Surroundings } from './surroundings.ts';
import { rangeName } from './touch.ts';
import { fieldsOf, isNode, list, type Node, text, unwrap, words } from './tree.ts';
import { Walk } from './walk.ts';

/**
 * The table that CREATE TABLE makes, where it is a plain one: nothing of it runs code of anybody's, hangs together with
 * another table, or depends on one of that name not being there. Undefined for all others.
 */
export function simpleTable(fields: Node, around: Surroundings): TableMade | undefined {
  if (!hasOnly(fields, plainTable) || !isTelling(around)) return undefined;
  const columns: Column[] = [];
  for (const element of list(fields['tableElts'])) {
    const [type, body] = unwrap(element);
    if (type === 'Constraint') {
      if (!isPlainConstraint(body, around)) return undefined;
      continue;
    }
    const column = type === 'ColumnDef' ? columnMade(body, around) : undefined;
    if (column === undefined) return undefined;
    columns.push({ number: columns.length + 1, ...column });
  }
  return madeAs(fields['relation'], columns);
}

/**
 * The table that CREATE TABLE AS or SELECT INTO makes, where what its query reads and calls is Postgres's own; `draft`: all
 * that the statement does.
 */
export function simpleTableOf(
  { query, into, objtype, if_not_exists: maybe }: Node,
  draft: Draft,
  around: Surroundings,
): TableMade | undefined {
  if (objtype === 'OBJECT_MATVIEW' || maybe === true || fieldsOf(query, 'SelectStmt') === undefined) return undefined;
  if (!isNode(into) || !hasOnly(into, plainInto) || !isTelling(around) || !isPostgres(draft, around)) return undefined;
  const { catalog, path, prepared, cursor, isEscaping } = around;
  const context = { catalog, searchPath: path, prepared, cursor, standardConformingStrings: !isEscaping };
  const { outputs } = lineageOf(withoutInto(query as Node), context, around.knowledge?.pure);
  const names = words(into['colNames']);
  if (outputs === 'unknown' || names.length > outputs.length) return undefined;
  const columns = outputs.map(({ name, sources, plain }, index): Column => {
    const type = plain && sources !== 'unknown' ? typeOf(sources, around) : 0;
    return { number: index + 1, name: names[index] ?? name, type };
  });
  return madeAs(into['rel'], columns);
}

/** The same query, that shows its rows. INTO stands in the first SELECT of a UNION. */
function withoutInto(query: Node): Node {
  const [type, { intoClause: _, ...fields }] = unwrap(query);
  const { larg } = fields;
  return { [type]: isNode(larg) ? { ...fields, larg: withoutInto({ larg })['larg'] } : fields };
}

const plainTable = new Set(['relation', 'tableElts', 'oncommit']);
const plainInto = new Set(['rel', 'colNames', 'onCommit', 'skipData']);
const plainColumn = new Set(['colname', 'typeName', 'is_local', 'constraints', 'collClause', 'location']);

/** Kinds of constraints, and what may be said of each. */
const plainConstraints: { readonly [type: string]: true } = {
  CONSTR_NULL: true,
  CONSTR_NOTNULL: true,
  CONSTR_DEFAULT: true,
  CONSTR_IDENTITY: true,
  CONSTR_CHECK: true,
  CONSTR_PRIMARY: true,
  CONSTR_UNIQUE: true,
};

/** A node has none but those of its fields. */
export function hasOnly(fields: Node, allowed: ReadonlySet<string>): boolean {
  return Object.keys(fields).every((field) => allowed.has(field));
}

/** Names mean one thing, and no code runs with definitions. */
export function isTelling({ catalog, path, isCondensed }: Surroundings): boolean {
  if (catalog === undefined || path === undefined || isCondensed || catalog.eventTriggers.length > 0) return false;
  // Types and functions are Postgres's own where no schema but that of temporary tables is searched before pg_catalog.
  return path.find((schema) => !schema.startsWith('pg_temp')) === 'pg_catalog';
}

function madeAs(range: unknown, columns: readonly Column[]): TableMade | undefined {
  if (!isNode(range) || range['catalogname'] !== undefined) return undefined;
  const { schema, name } = rangeName(range);
  const isTemporary = range['relpersistence'] === 't' || schema === 'pg_temp';
  return { schema: isTemporary ? 'pg_temp' : schema, name, columns };
}

function columnMade(definition: Node, around: Surroundings): Omit<Column, 'number'> | undefined {
  const type = typeMade(definition['typeName'], around);
  if (!hasOnly(definition, plainColumn) || type === undefined) return undefined;
  let generated: string | undefined;
  for (const item of list(definition['constraints'])) {
    const constraint = fieldsOf(item, 'Constraint');
    if (constraint === undefined || !isPlainConstraint(constraint, around)) return undefined;
    if (constraint['contype'] === 'CONSTR_DEFAULT') generated = defaultMade(constraint['raw_expr'], around);
  }
  const name = text(definition['colname']);
  return generated === undefined || generated === '' ? { name, type } : { name, type, generated };
}

/** A constraint of one table, by what is Postgres's own. */
export function isPlainConstraint(constraint: Node, around: Surroundings): boolean {
  if (plainConstraints[text(constraint['contype'])] === undefined || constraint['indexspace'] !== undefined)
    return false;
  if (constraint['contype'] === 'CONSTR_DEFAULT') return defaultMade(constraint['raw_expr'], around) !== undefined;
  const { raw_expr: expression } = constraint;
  return expression === undefined || functionsIn(expression, around) !== undefined;
}

/** What a default may call: without arguments, so that it can be said again. */
const inDefaults = new Set(
  'now clock_timestamp statement_timestamp transaction_timestamp timeofday gen_random_uuid uuidv4 uuidv7 random'
    .split(' ')
    .map((name) => `pg_catalog.${name}`),
);

/** The functions that a default calls, as SQL; '' for a constant. Undefined: it does more. */
function defaultMade(expression: unknown, around: Surroundings): string | undefined {
  const called = functionsIn(expression, around);
  if (called === undefined || !called.every((name) => inDefaults.has(name))) return undefined;
  return called.map((name) => `${name}()`).join(', ');
}

/** What an expression calls, if that is Postgres's own and does nothing; undefined otherwise. */
function functionsIn(expression: unknown, around: Surroundings): readonly string[] | undefined {
  const findings = new Findings();
  const draft = findings.draft('select');
  new Walk(around, draft, findings).read({ expression }, levelWithin(undefined));
  const { effects, drafts } = findings;
  const isQuiet = !draft.isWrite && draft.reads.size + draft.writes.size + effects.length === 0;
  return isQuiet && drafts.length === 1 && isPostgres(draft, around) ? Array.from(draft.functions) : undefined;
}

/** It calls Postgres's own functions alone, and does nothing that cannot be seen. */
function isPostgres(
  { functions, code, isOpaque, isOutside, changesSession }: Draft,
  { catalog }: Surroundings,
): boolean {
  if (catalog === undefined || isOpaque || isOutside || changesSession || code.size > 0) return false;
  return Array.from(functions).every((name) => {
    const simple = name.slice('pg_catalog.'.length);
    return name.startsWith('pg_catalog.') && catalog.functions(simple).some(({ builtIn }) => builtIn);
  });
}

/** Types of Postgres by the names that a parse tree has for them; those of auto-incremented columns are what those hold. */
const types: { readonly [name: string]: number } = {
  bool: 16,
  bytea: 17,
  name: 19,
  int8: 20,
  bigserial: 20,
  serial8: 20,
  int2: 21,
  smallserial: 21,
  serial2: 21,
  int4: 23,
  serial: 23,
  serial4: 23,
  text: 25,
  oid: 26,
  json: 114,
  xml: 142,
  point: 600,
  cidr: 650,
  float4: 700,
  float8: 701,
  money: 790,
  macaddr: 829,
  inet: 869,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  uuid: 2950,
  tsvector: 3614,
  tsquery: 3615,
  jsonb: 3802,
  int4range: 3904,
  numrange: 3906,
  tsrange: 3908,
  tstzrange: 3910,
  daterange: 3912,
  int8range: 3926,
};

/** Names that stand for a type of Postgres, unless somebody has given one to something else. */
export const typeNames: readonly string[] = Object.keys(types);

/** The OID of a type of Postgres, 0 for an array of one; undefined for all others. */
export function typeMade(given: unknown, { catalog }: Surroundings): number | undefined {
  if (!isNode(given) || given['setof'] === true || given['pct_type'] === true) return undefined;
  const [first = '', second, ...more] = words(given['names']);
  if (more.length > 0 || (second !== undefined && first !== 'pg_catalog')) return undefined;
  const name = second ?? first;
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  // A table gives its rows a type of its name, and the schema of temporary ones is searched first.
  const isTaken = second === undefined && (catalog?.named(name).length !== 0 || catalog.typeRunsCode(name));
  if (type === undefined || isTaken) return undefined;
  return list(given['arrayBounds']).length === 0 ? type : 0;
}

/** The type that all of those columns have; 0 when it cannot be told. */
function typeOf(sources: ReadonlySet<string>, { catalog }: Surroundings): number {
  const found = new Set<number>();
  for (const source of sources) {
    const [oid = 0, attribute = 0] = source.split('.').map(Number);
    const column = catalog
      ?.relation(oid)
      ?.columns.find(({ number }) => columnKey(oid, number) === columnKey(oid, attribute));
    found.add(column?.type ?? 0);
  }
  const [type = 0, ...others] = found;
  return others.length === 0 ? type : 0;
}
