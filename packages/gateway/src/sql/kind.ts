import type { RawStatement } from './parser.ts';

/** What a statement does, as people say it. `ddl` is what changes definitions and privileges. */
export type StatementKind =
  | 'select'
  | 'insert'
  | 'update'
  | 'delete'
  | 'merge'
  | 'copy'
  | 'truncate'
  | 'ddl'
  | 'transaction'
  | 'set'
  | 'show'
  | 'discard'
  | 'prepare'
  | 'execute'
  | 'deallocate'
  | 'declare'
  | 'fetch'
  | 'close'
  | 'explain'
  | 'call'
  | 'do'
  | 'lock'
  | 'listen'
  | 'notify'
  | 'maintenance'
  /** Nothing but blanks and comments, which Postgres answers with EmptyQueryResponse. */
  | 'empty';

/** By the parser's node; what is not named here defines something. */
const kinds: { readonly [node: string]: StatementKind } = {
  SelectStmt: 'select',
  InsertStmt: 'insert',
  UpdateStmt: 'update',
  DeleteStmt: 'delete',
  MergeStmt: 'merge',
  CopyStmt: 'copy',
  TruncateStmt: 'truncate',
  TransactionStmt: 'transaction',
  VariableSetStmt: 'set',
  ConstraintsSetStmt: 'set',
  VariableShowStmt: 'show',
  DiscardStmt: 'discard',
  PrepareStmt: 'prepare',
  ExecuteStmt: 'execute',
  DeallocateStmt: 'deallocate',
  DeclareCursorStmt: 'declare',
  FetchStmt: 'fetch',
  ClosePortalStmt: 'close',
  ExplainStmt: 'explain',
  CallStmt: 'call',
  DoStmt: 'do',
  LockStmt: 'lock',
  ListenStmt: 'listen',
  UnlistenStmt: 'listen',
  NotifyStmt: 'notify',
  CheckPointStmt: 'maintenance',
  ClusterStmt: 'maintenance',
  LoadStmt: 'maintenance',
  ReindexStmt: 'maintenance',
  RefreshMatViewStmt: 'maintenance',
  VacuumStmt: 'maintenance',
};

/** The kind of a parsed statement. SELECT … INTO creates a table, and CREATE TABLE AS EXECUTE does as well. */
export function kindOf({ node }: RawStatement): StatementKind {
  const type = Object.keys(node)[0] ?? '';
  const body = node[type] as { readonly intoClause?: unknown } | undefined;
  if (type === 'SelectStmt' && body?.intoClause !== undefined) return 'ddl';
  return kinds[type] ?? 'ddl';
}
