import { hash } from 'node:crypto';
import {
  type DecodedParameters,
  type DecodeText,
  decodeCopyData,
  decodeParameters,
  type Outcome,
  type OutcomeKind,
} from '@onrecord/record';
import { outcomeOf } from './codes.ts';
import { decisionView, masksView } from './control-view.ts';
import { messageView } from './message-view.ts';
import type { Execution, Result, StatementEntries } from './statement-entries.ts';
import { columnViews, rowViews, valueView } from './value-views.ts';
import type { ColumnView, CopyView, FetchView, StatementView, ValueView } from './views.ts';

/**
 * Joins and decodes what the journal holds on a statement. Pure. Parameters, rows and COPY data are decoded when they
 * are looked at, once: a long timeline does not look at rows.
 */
export function statementView(entries: StatementEntries): StatementView {
  const { indexed, executions, decode } = entries;
  const [first] = executions;
  const { entry, statement } = first;
  const results = executions.flatMap((execution) => execution.results);
  const outcomes = results.flatMap(({ outcome }) => outcome ?? []);
  const last = outcomes.at(-1);
  const copied = results.filter(isCopyOut);
  const selected = copied.length === 0 ? results : results.filter((result) => !isCopyOut(result));
  const rowOutcomes = copied.length === 0 ? outcomes : selected.flatMap(({ outcome }) => outcome ?? []);
  const error = outcomes.find((outcome) => outcome.error !== undefined)?.error;
  const reason = outcomes.findLast((outcome) => outcome.reason !== undefined)?.reason;
  const tags = outcomes.flatMap(({ tag }) => tag ?? []);
  const asked = lazy(() => askedWith(entries));
  const columns = lazy(() => columnsOf(entries, selected));
  const rows = lazy(() => rowsOf(entries, selected, asked().resultFormats));
  const digests = lazy(() => rowOutcomes.flatMap((outcome) => digestOf(outcome) ?? []));
  const copy = lazy(() => (copied.length > 0 ? copyOutOf(copied) : copyInOf(entries)));
  const parameters = lazy(() => asked().parameters.map((value) => valueView(value, entries)));
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
    rowCount: sum(rowOutcomes, 'rowCount'),
    rowBytes: sum(rowOutcomes, 'rowBytes'),
    get columns() {
      return columns();
    },
    get rows() {
      return rows();
    },
    truncatedAt: keptRows(rowOutcomes),
    get digests() {
      return digests();
    },
    get copy() {
      return copy();
    },
    error: error === undefined ? undefined : messageView(error, decode),
    notices: outcomes.flatMap(({ notices = [] }) => notices.map((notice) => messageView(notice, decode))),
    noticesDropped: sum(outcomes, 'noticesDropped'),
    reason: reason ?? (isLost(entries) ? 'the session ended without an outcome on record' : undefined),
    transactionBefore: statement.transactionBefore,
    transactionAfter: last?.transactionAfter ?? entries.nextTransactionBefore,
    forwardedUs: since(first, first.results[0]?.outcome?.forwardedUs),
    firstByteUs: since(first, first.results[0]?.outcome?.firstByteUs),
    durationUs: durationOf(executions),
    fetches: executions.slice(1).map((execution) => fetchView(execution, entries)),
    cancelRequestedAt: entries.cancelRequestedAt,
    traceparent: statement.traceparent,
    onBehalfOf: entries.onBehalfOf,
    decision: decisionView(executions.flatMap(({ decisions }) => decisions)),
    approvals: entries.approvals,
    masks: masksView(executions.flatMap(({ masked }) => masked)),
  };
}

function sum(outcomes: readonly Outcome[], field: 'rowCount' | 'rowBytes' | 'noticesDropped'): number {
  return outcomes.reduce((total, outcome) => total + (outcome[field] ?? 0), 0);
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

/** What Bind or FunctionCall said; nothing for a simple query. */
function askedWith({ executions: [{ statement }], parameters, parameterTypes }: StatementEntries): DecodedParameters {
  const said =
    parameters === undefined ? undefined : decodeParameters({ kind: statement.kind, parameters }, parameterTypes);
  return said ?? { parameters: [], resultFormats: [], calledFunction: undefined };
}

function rawColumns({ outcome }: Result, entries: StatementEntries): Uint8Array | undefined {
  // Of a COPY it is no RowDescription.
  if (outcome?.copy !== undefined) return undefined;
  if (outcome?.columns !== undefined) return outcome.columns;
  return outcome?.columnsOf === undefined ? undefined : entries.columnsOf(outcome.columnsOf);
}

function columnsOf(entries: StatementEntries, results: readonly Result[]): readonly ColumnView[] {
  for (const result of results) {
    const description = rawColumns(result, entries);
    if (description !== undefined) return columnViews(description, entries);
  }
  return [];
}

/** Each result's rows by the columns that were told for it, or for the one before it: a fetch is not described again. */
function rowsOf(
  entries: StatementEntries,
  results: readonly Result[],
  resultFormats: readonly number[],
): readonly (readonly ValueView[])[] {
  let description: Uint8Array | undefined;
  return results.flatMap((result) => {
    description = rawColumns(result, entries) ?? description;
    return result.messages.flatMap((messages) => rowViews(messages, { description, resultFormats }, entries));
  });
}

/** SHA-256 over the row messages, hex: of what the outcome holds when it holds all of them. */
function digestOf({ digest, rows: kept }: Pick<Outcome, 'digest' | 'rows'>): string | undefined {
  if (digest !== undefined) return hex(digest);
  return kept === undefined ? undefined : hash('sha256', kept, 'hex');
}

const copyDataTag = 0x64;

function isCopyOut({ outcome, messages: [first] }: Result): boolean {
  return outcome?.copy === 'out' || first?.[0] === copyDataTag;
}

function copyOutOf(results: readonly Result[]): CopyView {
  const outcomes = results.flatMap(({ outcome }) => outcome ?? []);
  const digest = outcomes.map(digestOf).findLast((found) => found !== undefined);
  return {
    direction: 'out',
    messages: sum(outcomes, 'rowCount'),
    bytes: sum(outcomes, 'rowBytes'),
    digest,
    data: Buffer.concat(results.flatMap(({ messages }) => messages.flatMap(decodeCopyData))),
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
    data: Buffer.concat(copyIn.flatMap(decodeCopyData)),
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
