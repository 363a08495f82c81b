import type { Body, Outcome, Statement } from '@onrecord/record';
import { equalBytes } from './equal-bytes.ts';
import { join } from './join.ts';
import type { Ending, OpenStatement } from './open-statement.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The entry of a statement that is about to be forwarded. Drops from the statement what only the entry needs. */
export function statementBody(open: OpenStatement): Statement {
  open.slot = -1;
  const body: Mutable<Statement> = {
    type: 'statement',
    n: open.n,
    kind: open.kind,
    transactionBefore: open.transactionBefore,
  };
  const textNumber = open.textOf === undefined ? open.textOfNumber : open.textOf.n;
  if (open.sql !== undefined) body.sql = open.sql;
  else if (textNumber > 0) body.sqlOf = textNumber;
  if (open.redacted) body.redacted = true;
  if (open.statementName !== undefined) body.statementName = open.statementName;
  if (open.portal !== undefined) body.portal = open.portal;
  if (open.parameterTypes !== undefined && open.parameterTypes.length > 0) body.parameterTypes = open.parameterTypes;
  if (open.parameters !== undefined) body.parameters = open.parameters;
  else if (open.parametersOf !== undefined) body.parametersOf = open.parametersOf.n;
  if (open.parts > 0) body.parts = open.parts;
  if (open.portalOf !== undefined) body.portalOf = open.portalOf.n;
  if (open.maxRows > 0) body.maxRows = open.maxRows;
  if (open.position !== undefined) body.position = open.position;
  if (open.traceparent !== undefined) body.traceparent = open.traceparent;
  open.sql = open.parameters = undefined;
  open.textOf = open.parametersOf = undefined;
  return body;
}

/** The entry of what the rules said of a statement; undefined when none matched. */
export function decisionBody({ n, kind, judged }: OpenStatement): Body | undefined {
  if (judged === undefined || judged.verdict.matches.length === 0 || kind === 'fetch') return undefined;
  return { type: 'decision', of: n, decision: judged.verdict.decision, rules: judged.verdict.matches };
}

/** The entry of what was masked in the answer so far; undefined when nothing was. Counts begin anew behind it. */
export function maskedBody(open: OpenStatement): Body | undefined {
  const rows = open.rowMask === undefined || open.rowMask === 'none' ? undefined : open.rowMask;
  const { copyMask, withheld } = open;
  open.rowMask = open.copyMask = undefined;
  open.withheld = 0;
  if (rows === undefined && copyMask === undefined && withheld === 0) return undefined;
  const counts = [...(rows?.counts() ?? []), ...(copyMask?.counts() ?? [])];
  const columns = counts.filter(({ detected }) => detected === undefined);
  const detected = counts.flatMap(({ detected, rule, action, values }) =>
    detected === undefined ? [] : [{ detector: rule, action, values }],
  );
  if (counts.length === 0 && withheld === 0) return undefined;
  return { type: 'masked', of: open.n, columns, detected, withheld };
}

/** The entry of how a statement, or a part of it, ended. Takes the captured rows that no entry holds yet. */
export function outcomeBody(open: OpenStatement, ending: Ending, completedUs: number): Mutable<Outcome> {
  const body: Mutable<Outcome> = {
    type: 'outcome',
    of: open.n,
    outcome: ending.outcome,
    rowCount: open.rowCount,
    rowBytes: open.rowBytes,
  };
  if (ending.more) body.more = true;
  if (ending.tag !== undefined) body.tag = ending.tag;
  if (ending.error !== undefined) body.error = ending.error;
  if (ending.reason !== undefined) body.reason = ending.reason;
  if (open.copies !== undefined) body.copy = open.copies;
  addColumns(open, body);
  const rows = takeCaptured(open);
  if (rows !== undefined) body.rows = rows;
  if (open.capturedRows < open.rowCount) body.truncatedAt = open.capturedRows;
  if (open.digest !== undefined) body.digest = open.digest.digest();
  if (open.notices !== undefined) body.notices = open.notices;
  if (open.noticesDropped > 0) body.noticesDropped = open.noticesDropped;
  if (open.functionResult !== undefined) body.functionResult = open.functionResult;
  const types = open.prepared?.parameterTypes;
  if (types !== undefined && types.length > 0) body.parameterTypes = types;
  if (open.forwardedUs > 0) body.forwardedUs = open.forwardedUs;
  if (open.firstByteUs > 0) body.firstByteUs = open.firstByteUs;
  body.completedUs = completedUs;
  return body;
}

/** Columns are carried once for a prepared statement, as long as the server describes it the same way. */
function addColumns(open: OpenStatement, body: Mutable<Outcome>): void {
  const prepared = open.prepared;
  const columns = open.columns ?? open.boundPortal?.columns ?? prepared?.columns;
  if (columns === undefined) return;
  if (prepared?.recordedColumns !== undefined && equalBytes(prepared.recordedColumns, columns)) {
    body.columnsOf = prepared.columnsRecordedIn;
    return;
  }
  body.columns = columns;
  if (prepared === undefined) return;
  // A copy: the view would keep the chunk that it came in for as long as the statement stays prepared.
  prepared.recordedColumns = columns.slice();
  prepared.columns = prepared.columns === undefined ? undefined : prepared.columns.slice();
  prepared.columnsRecordedIn = open.n;
}

/** Rows of a statement that goes on, for an entry of their own; undefined when there are none. */
export function rowsBody(open: OpenStatement): Body | undefined {
  const count = open.uncommittedRows;
  const messages = takeCaptured(open);
  if (messages === undefined) return undefined;
  return { type: 'rows', of: open.n, count, messages };
}

function takeCaptured(open: OpenStatement): Uint8Array | undefined {
  if (open.uncommitted.length === 0) return undefined;
  const rows = join(open.uncommitted);
  open.uncommitted = [];
  open.uncommittedRows = 0;
  return rows;
}
