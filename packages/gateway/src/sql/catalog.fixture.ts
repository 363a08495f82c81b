import type { Catalog, CatalogFunction, CatalogOperator, Column, Relation } from './catalog.ts';

/** What a test says of a database; what it leaves out is as CREATE would have it. Objects are in `public` unless `schema` says so. */
export interface CatalogSpec {
  readonly version?: string;
  readonly relations?: readonly RelationSpec[];
  readonly functions?: readonly FunctionSpec[];
  readonly operators?: readonly { readonly name: string; readonly schema?: string; readonly function: string }[];
  /** Names of types that run somebody's code. */
  readonly codeTypes?: readonly string[];
  /** `schema.name` of the functions of event triggers. */
  readonly eventTriggers?: readonly string[];
  /** Schemas that are not there; all others are. */
  readonly missingSchemas?: readonly string[];
  /** Schemas that not everybody may look into. */
  readonly closedSchemas?: readonly string[];
}

/** A relation. `oid` counts from 20000 in the order of the list. */
export interface RelationSpec
  extends Partial<
    Omit<Relation, 'columns' | 'rules' | 'triggers' | 'beforeUpdate' | 'attached' | 'parents' | 'children'>
  > {
  readonly name: string;
  /** `name type` or `name type = expression` (a default or generated column); `-` is a dropped column: its number is left out. */
  readonly columns?: readonly string[];
  readonly rules?: readonly string[];
  /** `schema.name` of the functions. */
  readonly triggers?: readonly string[];
  readonly beforeUpdate?: readonly string[];
  readonly attached?: readonly string[];
  /** `schema.name`; children follow from it. */
  readonly parents?: readonly string[];
}

/** A function. `oid` counts from 30000 in the order of the list; volatile, in SQL and not built in unless it says so. */
export interface FunctionSpec extends Partial<Omit<CatalogFunction, 'returns' | 'madeOf'>> {
  readonly name: string;
  /** A type's name as in `fixtureTypes`, or `schema.name` of a relation in the list for its row type. */
  readonly returns?: string;
  /** `schema.name` of the functions that an aggregate is made of. */
  readonly madeOf?: readonly string[];
}

/** OIDs of types that columns and functions name. The row type of a relation has its OID plus 100000. */
export const fixtureTypes: { readonly [name: string]: number } = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  json: 114,
  xml: 142,
  float8: 701,
  varchar: 1043,
  date: 1082,
  timestamptz: 1184,
  numeric: 1700,
  record: 2249,
  void: 2278,
  trigger: 2279,
  uuid: 2950,
  jsonb: 3802,
};

/** Functions of pg_catalog that every fixture has, with what they return. */
const builtIns: { readonly [volatility in CatalogFunction['volatility']]: readonly string[] } = {
  immutable: [
    'lower:text',
    'upper:text',
    'length:int4',
    'substr:text',
    'substring:text',
    'concat:text',
    'abs:int4',
    'md5:text',
    'generate_series:int4',
    'unnest:text',
    'coalesce:text',
    'date_part:float8',
    'extract:numeric',
    'array_length:int4',
    'int4:int4',
    'text:text',
  ],
  stable: [
    'now:timestamptz',
    'to_char:text',
    'format:text',
    'row_to_json:json',
    'to_json:json',
    'to_jsonb:jsonb',
    'query_to_xml:xml',
    'table_to_xml:xml',
    'cursor_to_xml:xml',
    'ts_stat:record',
    'current_setting:text',
    'pg_get_viewdef:text',
    'has_table_privilege:bool',
    'timezone:timestamptz',
  ],
  volatile: [
    'random:float8',
    'clock_timestamp:timestamptz',
    'gen_random_uuid:uuid',
    'nextval:int8',
    'setval:int8',
    'currval:int8',
    'lastval:int8',
    'set_config:text',
    'pg_notify:void',
    'pg_advisory_lock:void',
    'pg_advisory_xact_lock:void',
    'pg_try_advisory_lock:bool',
    'pg_read_file:text',
    'pg_ls_dir:text',
    'pg_sleep:void',
    'pg_terminate_backend:bool',
    'pg_cancel_backend:bool',
    'pg_reload_conf:bool',
    'pg_switch_wal:text',
    'lo_import:int4',
    'lo_export:int4',
    'lo_create:int4',
    'lo_unlink:int4',
    'lo_get:bytea',
    'lo_put:void',
    'lo_from_bytea:int4',
    'lowrite:int4',
    'loread:bytea',
    'pg_stat_reset:void',
  ],
};
const aggregates = [
  'count:int8',
  'sum:int8',
  'max:text',
  'min:text',
  'avg:numeric',
  'string_agg:text',
  'array_agg:text',
];
const windows = ['row_number:int8', 'rank:int8', 'lag:text', 'lead:text', 'first_value:text'];

/** A small catalog for tests, with some of Postgres's own functions, and no system catalogs but those that the list has. */
export function catalogFixture(spec: CatalogSpec = {}): Catalog {
  const { version = 'fixture', codeTypes = [] } = spec;
  const specs = spec.relations ?? [];
  const plain = [
    ...builtInFunctions(),
    ...(spec.functions ?? []).map((given, index) => toFunction(given, index, specs)),
  ];
  const oids = new Map(specs.map((given, index) => [qualified(given), given.oid ?? 20_000 + index]));
  const functionOid = (name: string): number =>
    defined(
      plain.find((candidate) => qualified(candidate) === name),
      name,
    ).oid;
  const aggregates = new Map((spec.functions ?? []).map((given) => [qualified(given), given.madeOf]));
  const functions = plain.map((entry): CatalogFunction => {
    const madeOf = aggregates.get(qualified(entry))?.map(functionOid);
    return madeOf === undefined ? entry : { ...entry, madeOf };
  });
  const relations = specs.map((given) => toRelation(given, specs, oids, functionOid));
  const operators: CatalogOperator[] = (spec.operators ?? []).map(({ name, schema = 'public', function: called }) => ({
    name,
    schema,
    function: functionOid(called),
  }));
  const hasSchema = (schema: string): boolean => !(spec.missingSchemas ?? []).includes(schema);
  return {
    version,
    relations,
    relation: (oid) => relations.find((relation) => relation.oid === oid),
    find: (schema, name) => relations.find((relation) => relation.schema === schema && relation.name === name),
    named: (name) => relations.filter((relation) => relation.name === name),
    isOpen: (schema) => hasSchema(schema) && !(spec.closedSchemas ?? []).includes(schema),
    hasSchema,
    functions: (name) => functions.filter((candidate) => candidate.name === name),
    function: (oid) => functions.find((candidate) => candidate.oid === oid),
    operators: (name) => operators.filter((operator) => operator.name === name),
    typeRunsCode: (name) => codeTypes.includes(name),
    codeTypes: (name) => (codeTypes.includes(name) ? [{ oid: 0, name, from: [0], to: [0] }] : []),
    codeType: () => undefined,
    eventTriggers: (spec.eventTriggers ?? []).map(functionOid),
  };
}

function qualified({ schema = 'public', name }: { readonly schema?: string; readonly name: string }): string {
  return `${schema}.${name}`;
}

function defined<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new Error(`the fixture has no ${name}`);
  return value;
}

function typeOid(name: string, specs: readonly RelationSpec[]): number {
  const row = specs.findIndex((candidate) => qualified(candidate) === name || candidate.name === name);
  if (row !== -1) return (specs[row]?.oid ?? 20_000 + row) + 100_000;
  return fixtureTypes[name] ?? 90_000 + name.length;
}

function toRelation(
  given: RelationSpec,
  specs: readonly RelationSpec[],
  oids: ReadonlyMap<string, number>,
  functionOid: (name: string) => number,
): Relation {
  const {
    columns = [],
    rules = [],
    triggers = [],
    beforeUpdate,
    attached,
    referredBy,
    constraints,
    policies,
    parents = [],
    definition,
    rowType,
  } = given;
  const name = qualified(given);
  const oidOf = (other: string): number => defined(oids.get(other), other);
  const children = specs
    .filter((other) => other.parents?.includes(name) === true)
    .map((other) => oidOf(qualified(other)));
  return {
    oid: oidOf(name),
    schema: given.schema ?? 'public',
    name: given.name,
    kind: given.kind ?? (definition === undefined ? 'table' : 'view'),
    columns: columns.flatMap((column, index) => (column === '-' ? [] : [toColumn(column, index + 1, specs)])),
    ...(definition === undefined ? {} : { definition }),
    rules,
    triggers: triggers.map(functionOid),
    ...(beforeUpdate === undefined ? {} : { beforeUpdate: beforeUpdate.map(functionOid) }),
    ...(attached === undefined ? {} : { attached: attached.map(functionOid) }),
    ...(referredBy === undefined ? {} : { referredBy }),
    ...(constraints === undefined ? {} : { constraints }),
    ...(policies === undefined ? {} : { policies }),
    ...(rowType === undefined ? {} : { rowType }),
    parents: parents.map(oidOf),
    children,
  };
}

function toColumn(column: string, number: number, specs: readonly RelationSpec[]): Column {
  const [, name = '', type = '', generated] = /^(\S+) (.*?)(?: = (.*))?$/.exec(column) ?? [];
  return { number, name, type: typeOid(type, specs), ...(generated === undefined ? {} : { generated }) };
}

function toFunction(
  { madeOf: _, ...given }: FunctionSpec,
  index: number,
  specs: readonly RelationSpec[],
): CatalogFunction {
  return {
    oid: 30_000 + index,
    schema: 'public',
    kind: 'function',
    volatility: 'volatile',
    language: 'sql',
    securityDefiner: false,
    builtIn: false,
    ...given,
    returns: typeOid(given.returns ?? 'text', specs),
  };
}

function builtInFunctions(): CatalogFunction[] {
  const made: CatalogFunction[] = [];
  const add = (names: readonly string[], more: Pick<CatalogFunction, 'kind' | 'volatility'>): void => {
    for (const entry of names) {
      const [name = '', type = ''] = entry.split(':');
      const returns = fixtureTypes[type] ?? 0;
      made.push({
        oid: 1_000 + made.length,
        schema: 'pg_catalog',
        name,
        language: 'internal',
        securityDefiner: false,
        builtIn: true,
        returns,
        ...more,
      });
    }
  };
  for (const volatility of ['immutable', 'stable', 'volatile'] as const)
    add(builtIns[volatility], { kind: 'function', volatility });
  add(aggregates, { kind: 'aggregate', volatility: 'immutable' });
  add(windows, { kind: 'window', volatility: 'immutable' });
  return made;
}
