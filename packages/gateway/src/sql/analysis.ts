import type { Catalog, Column, ColumnKey } from './catalog.ts';
import type { StatementKind } from './kind.ts';

/**
 * What is known of one SQL statement before it runs: what it does (`commands`), where what it shows comes from
 * (`lineage`), what it changes for statements behind it (`effects`). Made by `analyze` from the statement's tree, the
 * catalog, and what the session's names mean. Where something cannot be told, it says so; it never guesses in
 * somebody's favour.
 */
export interface Analysis {
  /** The first is the statement itself, the others run inside it. */
  readonly commands: readonly [Command, ...Command[]];
  readonly lineage: Lineage;
  readonly effects: readonly Effect[];
  /**
   * Relations as the text names them that the catalog does not have, `schema.name` or `name`. Postgres will refuse the
   * statement, or they were made since the catalog was read.
   */
  readonly unresolved: readonly string[];
  /** PREPARE and DECLARE: what runs by that name from now on. */
  readonly names?: { readonly type: 'prepare' | 'declare'; readonly name: string; readonly analysis: Analysis };
  /** What can run by what it defines, from then on until the catalog tells: when it is used, and when something is written. */
  readonly later?: { readonly use: readonly Command[]; readonly write: readonly Command[] };
  /** COPY: how its data reads. */
  readonly copy?: CopyForm;
  /** What it names has been defined anew since the catalog was read, in a transaction that only its session sees: anything may be behind it. */
  readonly isStale?: true;
}

/** The options of a COPY, with the defaults of its format filled in. */
export interface CopyForm {
  readonly direction: 'in' | 'out';
  /** The other end is the client (STDIN, STDOUT), not a file or a program. */
  readonly withClient: boolean;
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  /** What stands for NULL. */
  readonly nullText: string;
  readonly header: boolean;
  readonly quote: string;
  readonly escape: string;
}

/** One command: rules are asked about each. A CTE that writes, what EXPLAIN ANALYZE or EXECUTE runs, the body of a function. */
export interface Command {
  readonly kind: StatementKind;
  /** How the statement comes to run it; absent for the statement itself. `WITH d`, `EXPLAIN ANALYZE`, `EXECUTE p`, `function public.f`. */
  readonly via?: string;
  /**
   * `schema.name` of every relation that it reads or changes, views and what is under them alike; sorted, each once. A
   * name that the catalog does not have is as the text has it, with the first schema of the search path.
   * What changes a definition (DDL, TRUNCATE, LOCK, GRANT, COMMENT …) writes its relations; a view's own definition is
   * not that of the tables under it.
   */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Those of `reads` and `writes` that are partitions or children of others, with their parents; absent: none is. */
  readonly partOf?: ReadonlyMap<string, readonly string[]>;
  /** `schema.table.column` of columns that are read, or given a value, where it can be told; a whole row is all of its columns. */
  readonly readsColumns: readonly string[];
  readonly writesColumns: readonly string[];
  /** `schema.name` of every function called, operators and casts of users and triggers' functions included; what the catalog does not have is as the text has it. */
  readonly functions: readonly string[];
  /** Those among them that are volatile, as far as the catalog knows; one it does not know is. */
  readonly volatileFunctions: readonly string[];
  /** UPDATE, DELETE, MERGE and SELECT: it has a condition that is not a constant truth (`WHERE true`, `WHERE 1=1` are none). True for all else. */
  readonly hasWhere: boolean;
  /** It changes data or definitions, or may: writes hidden in functions that are called count. */
  readonly isWrite: boolean;
  /** Changes definitions, roles or privileges. */
  readonly isDdl: boolean;
  /** BEGIN, COMMIT, ROLLBACK, SAVEPOINT and so on. */
  readonly isTransactionControl: boolean;
  /**
   * It runs code that the gateway cannot read: a function in a language other than SQL and PL/pgSQL, dynamic SQL, `DO` in
   * such a language, COPY … PROGRAM. Then `reads` and `writes` may be less than what it does.
   */
  readonly isOpaque: boolean;
  /** It reads or writes files or programs of the server, or reaches another server: COPY … FROM/TO file or PROGRAM, pg_read_file, lo_import, dblink … */
  readonly isOutside: boolean;
  /**
   * Code that looks at what errors say, and those say what rows hold: DETAIL of a CHECK that fails has the whole row. Absent:
   * it does not.
   */
  readonly hearsErrors?: true;
  /**
   * `schema.table.column`, or `schema.table` where columns cannot be told, of what conditions of row security look at beyond
   * their own table: it shows in nothing but errors. Absent: nothing.
   */
  readonly conditionsRead?: readonly string[] | 'unknown';
}

/** Where the values that a statement shows, compares and stores come from. */
export interface Lineage {
  /** One for each column of its result, in order; `unknown`: not even how many. Empty: it has no result. */
  readonly outputs: readonly Output[] | 'unknown';
  /** What conditions, joins, orderings, groupings, limits, and counts depend on. */
  readonly probes: Sources;
  /** What is stored: INSERT … SELECT, UPDATE … SET, MERGE, CREATE TABLE AS, a sequence's or setting's value (set_config, SET). */
  readonly stores: Sources;
  /** Everything that the statement touches: also what it writes to, and what functions in it may read. */
  readonly touches: Sources;
  /** Columns that are given something computed from themselves of which other parts may show than before. Absent: none. */
  readonly rewrites?: Sources;
  /** What code of somebody's (functions, operators, casts, aggregates) is given. Absent: nothing. */
  readonly given?: Sources;
  /** What expressions compute with, those of outputs too: errors and time can tell of it. Absent: it may be anything. */
  readonly computes?: Sources;
}

export interface Output {
  readonly name: string;
  readonly sources: Sources;
  /** The value is a column's, unchanged: through aliases, views, subqueries, CTEs, set operations of such; no expression, no cast that may cut it. */
  readonly plain: boolean;
}

/** Columns of base tables (also of system catalogs); `unknown` can be anything. Views are followed down to their tables. */
export type Sources = 'unknown' | ReadonlySet<ColumnKey>;

/** What a statement changes for those behind it, once it has completed. Names of prepared statements are followed elsewhere. */
export type Effect =
  /** SET name = value; `value` undefined: it cannot be told (DEFAULT, RESET, set_config with an expression). `name` in lower case. */
  | { readonly type: 'set'; readonly name: string; readonly value: string | undefined; readonly local: boolean }
  /** RESET ALL, DISCARD ALL */
  | { readonly type: 'reset all' }
  /** Code that may change any setting: DO, CALL, functions that the gateway cannot read. */
  | { readonly type: 'anything' }
  | {
      readonly type: 'transaction';
      readonly does: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback to' | 'prepare';
    }
  /**
   * It changes definitions. `names`: relations and functions, `schema.name`; undefined: it cannot be told which. `makes`: it
   * makes this table, if it is all that the statement does. `drops`: it takes relations away; `surely`: the one that is named.
   * `functions`: there are some among the names. `behind`: relations that it changes instead, where what stands in front of
   * them on the path is gone. `plain`: it runs no code and computes nothing over rows; what it tells of those it tells by keys
   * and indexes of plain columns, and of no others than these.
   */
  | {
      readonly type: 'define';
      readonly names: readonly string[] | undefined;
      readonly makes?: ListedTable;
      readonly drops?: 'surely' | 'perhaps';
      readonly functions?: true;
      readonly behind?: readonly string[];
      readonly plain?: Sources;
    };

/** A table that holds nothing but what is stored in it, and runs no code of anybody's. */
export interface TableMade {
  /** As the text has it; `pg_temp` of a temporary one, '' where the search path decides. */
  readonly schema: string;
  readonly name: string;
  /** All of them, in order. A type that cannot be told is 0: none of a row, nor one that runs code. */
  readonly columns: readonly Column[];
}

/** One by the name that a definition gives it. */
export interface ListedTable extends TableMade {
  /** As it stands among the names of the effect. */
  readonly listed: string;
}

/** What the meaning of a statement's names depends on. */
export interface AnalysisContext {
  /** Undefined: nothing is known of the database, every name is unresolved. */
  readonly catalog: Catalog | undefined;
  /** Schemas in which unqualified names are looked up, in order, pg_temp and pg_catalog included where they are implicit; undefined: not known, a name may be in any. */
  readonly searchPath: readonly string[] | undefined;
  readonly standardConformingStrings: boolean;
  /** What it was when Postgres read the text, where that was earlier: a tree outlives the setting, code in functions is read anew. */
  readonly textConforms?: boolean | undefined;
  /** What PREPARE or Parse gave that name; undefined: nothing that the gateway knows. */
  readonly prepared: (name: string) => Analysis | undefined;
  /** What the cursor of that name runs. */
  readonly cursor: (name: string) => Analysis | undefined;
}

/** Analyses one statement. `why`: a sentence for the client that says why it cannot be (`syntax error`, `too deep` …). */
export type Analyze = (sql: string, context: AnalysisContext) => Analysis | { readonly why: string };
