import type { OutcomeKind, Statement } from '@onrecord/record';
import type { DecodeText } from './client-encoding.ts';
import { outcomeOf } from './codes.ts';
import { copyBytes, isCopyOutResponse, isRowData } from './copy-messages.ts';
import { errorFieldsOf } from './message-view.ts';
import type { Execution, Result, StatementEntries } from './statement-entries.ts';
import { type DecodedColumn, decodeColumns, decodeParameters, decodeRows } from './values.ts';
import type { ColumnView, CopyView, FetchView, StatementView, ValueView } from './views.ts';

/**
 * Joins and decodes what the journal holds on a statement. Pure. Rows, columns and COPY data are decoded when they are
 * looked at, once: a long timeline does not look.
 */
export function statementView(entries: StatementEntries): StatementView {
  const { indexed, executions, decode } = entries;
  const [first] = executions;
  const { entry, statement } = first;
  const results = executions.flatMap((execution) => execution.results);
  const outcomes = results.flatMap(({ outcome }) => outcome ?? []);
  const last = outcomes.at(-1);
  const copyOut = results.some(isCopyOut);
  const sum = (field: 'rowCount' | 'rowBytes' | 'noticesDropped'): number =>
    outcomes.reduce((total, outcome) => total + (outcome[field] ?? 0), 0);
  const rowCount = copyOut ? 0 : sum('rowCount');
  const error = outcomes.find((outcome) => outcome.error !== undefined)?.error;
  const reason = outcomes.findLast((outcome) => outcome.reason !== undefined)?.reason;
  const tags = outcomes.flatMap(({ tag }) => tag ?? []);
  const columns = lazy(() => (copyOut ? [] : columnsOf(entries, results)));
  const rows = lazy(() => (copyOut ? [] : rowsOf(entries, results)));
  const copy = lazy(() => (copyOut ? copyOutOf(results) : copyInOf(entries)));
  const parameters = lazy(() => parametersOf(entries, statement));
  return {
    index: entry.index,
    at: entry.at,
    identity: indexed.identity ?? '',
    connection: indexed.connection ?? '',
    session: indexed.session,
    n: indexed.n,
    kind: statement.kind,
    sql: indexed.sql ?? '',
    redacted: statement.redacted === true,
    position: statement.position,
    statementName: textOf(statement.statementName, decode),
    portal: textOf(statement.portal, decode),
    get parameters() {
      return parameters();
    },
    outcome: outcomeView(entries),
    // An answer that no statement was known for has several.
    commandTag: tags.length === 0 ? undefined : tags.join('; '),
    rowCount,
    rowBytes: copyOut ? 0 : sum('rowBytes'),
    get columns() {
      return columns();
    },
    get rows() {
      return rows();
    },
    truncatedAt: copyOut ? undefined : keptRows(outcomes),
    digests: copyOut ? [] : outcomes.flatMap(({ digest }) => (digest === undefined ? [] : hex(digest))),
    get copy() {
      return copy();
    },
    error: error === undefined ? undefined : errorFieldsOf(error, decode),
    notices: outcomes.flatMap(({ notices = [] }) => notices.map((notice) => errorFieldsOf(notice, decode))),
    noticesDropped: sum('noticesDropped'),
    reason: reason ?? (isLost(entries) ? 'the session ended without an outcome on record' : undefined),
    transactionBefore: statement.transactionBefore,
    transactionAfter: last?.transactionAfter ?? entries.nextTransactionBefore,
    forwardedUs: since(first, first.results[0]?.outcome?.forwardedUs),
    firstByteUs: since(first, first.results[0]?.outcome?.firstByteUs),
    durationUs: durationOf(executions),
    fetches: executions.slice(1).map((execution) => fetchView(execution, entries)),
    cancelRequestedAt: entries.cancelRequestedAt,
    traceparent: statement.traceparent,
  };
}

function outcomeView(entries: StatementEntries): OutcomeKind | 'running' {
  return outcomeOf(entries.indexed.outcome) ?? (isLost(entries) ? 'unknown' : 'running');
}

/** No outcome, and none can come. */
function isLost({ indexed }: StatementEntries): boolean {
  return outcomeOf(indexed.outcome) === undefined && indexed.sessionClosedAt !== null;
}

function fetchView({ entry, statement, results }: Execution, entries: StatementEntries): FetchView {
  const last = results.at(-1)?.outcome;
  return {
    n: statement.n,
    at: entry.at,
    maxRows: statement.maxRows,
    rowCount: results.reduce((total, { outcome }) => total + (outcome?.rowCount ?? 0), 0),
    outcome: last?.outcome ?? (entries.indexed.sessionClosedAt === null ? 'running' : 'unknown'),
  };
}

/** From receipt to completion, without the time between fetches; undefined while one of them is under way. */
function durationOf(executions: readonly Execution[]): number | undefined {
  let total = 0;
  for (const execution of executions) {
    const took = since(execution, execution.results.at(-1)?.outcome?.completedUs);
    if (took === undefined) return undefined;
    total += took;
  }
  return total;
}

function since({ entry }: Execution, us: number | undefined): number | undefined {
  return us === undefined ? undefined : Math.max(0, us - entry.us);
}

/** How many rows were kept, when that is not all of them. */
function keptRows(
  outcomes: readonly { readonly rowCount: number; readonly truncatedAt?: number }[],
): number | undefined {
  if (outcomes.every(({ truncatedAt }) => truncatedAt === undefined)) return undefined;
  return outcomes.reduce((total, { truncatedAt, rowCount }) => total + (truncatedAt ?? rowCount), 0);
}

function parametersOf(entries: StatementEntries, { kind }: Statement): readonly ValueView[] {
  const { parameters, parameterTypes } = entries;
  return parameters === undefined
    ? []
    : decodeParameters(parameters, { ...entries, parameterTypes, isCall: kind === 'call' });
}

function rawColumns({ outcome }: Result, entries: StatementEntries): Uint8Array | undefined {
  if (outcome?.columns !== undefined) return outcome.columns;
  return outcome?.columnsOf === undefined ? undefined : entries.columnsOf(outcome.columnsOf);
}

function columnsOf(entries: StatementEntries, results: readonly Result[]): readonly ColumnView[] {
  for (const result of results) {
    const raw = rawColumns(result, entries);
    if (raw !== undefined) return decodeColumns(raw, entries).map(({ format: _, ...column }) => column);
  }
  return [];
}

/** Each result's rows by the columns that were told for it, or for the one before it: a fetch is not described again. */
function rowsOf(entries: StatementEntries, results: readonly Result[]): readonly (readonly ValueView[])[] {
  let columns: readonly DecodedColumn[] = [];
  return results.flatMap((result) => {
    const raw = rawColumns(result, entries);
    if (raw !== undefined) columns = decodeColumns(raw, entries);
    return result.messages.flatMap((messages) => decodeRows(messages, columns, entries));
  });
}

function isCopyOut({ outcome, messages }: Result): boolean {
  const [first] = messages;
  if (first !== undefined) return !isRowData(first);
  return outcome?.columns !== undefined && isCopyOutResponse(outcome.columns);
}

function copyOutOf(results: readonly Result[]): CopyView {
  const outcomes = results.flatMap(({ outcome }) => outcome ?? []);
  const digest = outcomes.findLast((outcome) => outcome.digest !== undefined)?.digest;
  return {
    direction: 'out',
    messages: outcomes.reduce((total, { rowCount }) => total + rowCount, 0),
    bytes: outcomes.reduce((total, { rowBytes }) => total + rowBytes, 0),
    digest: digest === undefined ? undefined : hex(digest),
    data: copyBytes(results.flatMap(({ messages }) => messages)),
    truncated: outcomes.some(({ truncatedAt }) => truncatedAt !== undefined),
    failure: undefined,
  };
}

function copyInOf({ copyIn, copyInMessages, copyInEnded, decode }: StatementEntries): CopyView | undefined {
  if (copyIn.length === 0 && copyInEnded === undefined) return undefined;
  return {
    direction: 'in',
    messages: copyInEnded?.messages ?? copyInMessages,
    bytes: copyInEnded?.bytes ?? copyIn.reduce((total, { length }) => total + length, 0),
    digest: copyInEnded === undefined ? undefined : hex(copyInEnded.digest),
    data: copyBytes(copyIn),
    truncated: copyInEnded?.truncated === true,
    failure: textOf(copyInEnded?.failure, decode),
  };
}

function textOf(bytes: Uint8Array | undefined, decode: DecodeText): string | undefined {
  return bytes === undefined ? undefined : decode(bytes);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
