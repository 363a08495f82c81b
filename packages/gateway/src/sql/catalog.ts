/**
 * What a database's catalog says that decides what a name means and where a value comes from. A value: it is read in one
 * go (net/catalog/), never changed, and replaced by another when the catalog has changed. Names are Unicode strings as
 * Postgres keeps them (unquoted).
 */
export interface Catalog {
  /** Another catalog of the same database has another one. */
  readonly version: string;
  /** `server_version_num` of the server; absent: that of the parser. It decides how texts are read. */
  readonly serverVersion?: number;
  relation(oid: number): Relation | undefined;
  /** The relation of that name in that schema. */
  find(schema: string, name: string): Relation | undefined;
  /** Relations of that name in any schema. */
  named(name: string): readonly Relation[];
  /** Every relation, system ones too. */
  readonly relations: Iterable<Relation>;
  /**
   * Everybody may look into the schema. One that the current role may not look into is passed over on the search path, and
   * whose role that is can change.
   */
  isOpen(schema: string): boolean;
  /** The schema is there: names that are made without a schema go into the first of the search path that is. */
  hasSchema(schema: string): boolean;
  /** Functions, procedures and aggregates of that name in any schema. */
  functions(name: string): readonly CatalogFunction[];
  function(oid: number): CatalogFunction | undefined;
  /** Operators of that name that are not Postgres's own: each calls a function. */
  operators(name: string): readonly CatalogOperator[];
  /** True when a type of that name runs code of somebody's when a value is cast to or from it (pg_cast, CHECK of a domain, a type's own input function). */
  typeRunsCode(name: string): boolean;
  /** Types of that name that run code of somebody's. */
  codeTypes(name: string): readonly CodeType[];
  /** The same by OID; undefined for one that runs none. */
  codeType(oid: number): CodeType | undefined;
  /** OIDs of the functions of event triggers that are on: they run with whatever changes definitions. */
  readonly eventTriggers: readonly number[];
}

export type RelationKind =
  | 'table'
  | 'partitioned table'
  | 'view'
  | 'materialized view'
  | 'foreign table'
  | 'sequence'
  | 'index'
  | 'toast table'
  | 'composite type';

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  /** In order of their numbers; dropped ones are left out. */
  readonly columns: readonly Column[];
  /**
   * The query of a view or materialized view, every name in it qualified. While that cannot be told (somebody has locked the
   * view, or a table of it), a query without columns that reads what the view does.
   */
  readonly definition?: string;
  /** Actions of rules other than a view's own SELECT rule: definitions as pg_get_ruledef gives them; no SQL while they cannot be told. */
  readonly rules: readonly string[];
  /**
   * Conditions of its row security where that is on: expressions as pg_get_expr gives them, every name qualified; '' while
   * one cannot be told; absent: none.
   */
  readonly policies?: readonly string[];
  /** OIDs of the functions that its triggers call. */
  readonly triggers: readonly number[];
  /** Which transactions wrote those triggers, in one text: another one when one of them is changed. Absent: there are none. */
  readonly triggersBy?: string;
  /**
   * OIDs of functions of somebody's that its policies, CHECK constraints, indexes and statistics call, and those that the
   * types of its columns do; absent: none.
   */
  readonly attached?: readonly number[];
  /** Those among `triggers` that run before a row of it is updated, each by itself: they can change the row. Absent: none. */
  readonly beforeUpdate?: readonly number[];
  /** Foreign keys that refer to it; absent: none. */
  readonly referredBy?: readonly ForeignKey[];
  /** Its unique and exclusion constraints, primary key included, that go by columns alone; absent: none. */
  readonly constraints?: readonly Constraint[];
  /** `pg_class.reltype`: the type of its rows. Without it, what `(f(x)).*` expands to cannot be told for such a type. */
  readonly rowType?: number;
  /** Inheritance and partitions, both ways, one step. */
  readonly parents: readonly number[];
  readonly children: readonly number[];
}

/** What rows of a table may not have in common, as `ON CONFLICT ON CONSTRAINT` names it. */
export interface Constraint {
  readonly name: string;
  /** Numbers of columns. */
  readonly columns: readonly number[];
}

/** A foreign key, as seen from the table that it refers to. */
export interface ForeignKey {
  /** The OID of the table that has it; of a partitioned one, its partitions do not count by themselves. */
  readonly relation: number;
  /** Columns there, and those here that they refer to. */
  readonly referring: readonly string[];
  readonly columns: readonly string[];
  /** What a DELETE does there, and an UPDATE of `columns` here: CASCADE, SET NULL, SET DEFAULT. Absent: it refuses. */
  readonly onDelete?: 'delete' | 'update';
  readonly onUpdate?: 'update';
  /** One of both is SET DEFAULT: expressions of defaults are computed. */
  readonly setsDefault?: true;
}

export interface Column {
  /** `attnum`. */
  readonly number: number;
  readonly name: string;
  readonly type: number;
  /** The expression of a generated column, or of a default, as SQL with qualified names; '' while a default cannot be told. */
  readonly generated?: string;
}

export interface CatalogFunction {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window';
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  /** `internal`, `c`, `sql`, `plpgsql` … */
  readonly language: string;
  readonly securityDefiner: boolean;
  /** The source, for `sql` (either form) and `plpgsql`. */
  readonly body?: string;
  /** Comes with Postgres (schema pg_catalog, OID below FirstNormalObjectId) or information_schema. */
  readonly builtIn: boolean;
  /** The OID of the type it returns; of a set, of one of them. */
  readonly returns: number;
  /** Names of its OUT, INOUT and TABLE parameters, in order (`pg_proc.proargnames`, '' for one without a name); absent when it has none. */
  readonly outputs?: readonly string[];
  /** Settings in force while it runs (`proconfig`): `search_path=a, "B"`; absent: none. Names in its body are looked up by them. */
  readonly settings?: readonly string[];
  /**
   * Expressions that stand for arguments that a call leaves out, as SQL with qualified names and commas between them, and
   * how many parameters there are in all; absent: every argument has to be given, or the function is Postgres's own.
   */
  readonly defaults?: { readonly expressions: string; readonly parameters: number };
  /** OIDs of functions of somebody's that the types of its parameters and result call; absent: none. */
  readonly attached?: readonly number[];
  /** OIDs of the functions that an aggregate of somebody's is made of, Postgres's own among them; absent: it is none. */
  readonly madeOf?: readonly number[];
  /** Which transaction wrote its definition; absent: it is Postgres's own. */
  readonly writtenBy?: string;
}

/** What an operator calls: its function, or one that sorts in its place. */
export interface CatalogOperator {
  readonly name: string;
  readonly schema: string;
  readonly function: number;
}

/** A type that runs code of somebody's: OIDs of functions, 0 for code that cannot be told. */
export interface CodeType {
  readonly oid: number;
  readonly name: string;
  /** When a value of it is cast to another type, compared or sorted. */
  readonly from: readonly number[];
  /** When a value becomes one of it: casts to it, the CHECK of a domain, the canonical form of a range. */
  readonly to: readonly number[];
}

/** FirstNormalObjectId (include/access/transam.h): what has a smaller OID was made by initdb. */
export const firstNormalObjectId = 16_384;

/** A column of the catalog, as a key of sets: `OID.attnum`. */
export type ColumnKey = `${number}.${number}`;

export function columnKey(relation: number, column: number): ColumnKey {
  return `${relation}.${column}`;
}
