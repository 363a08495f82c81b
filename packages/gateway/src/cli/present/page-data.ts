/** The data that the exported HTML page carries: views, less what the page has no use for, in a compact form. */
import type {
  ColumnView,
  EventView,
  FetchView,
  MessageView,
  SessionView,
  StatementView,
  ValueView,
} from '../../store/views.ts';
import {
  approvalFacts,
  type ControlFact,
  controlSummary,
  decisionFacts,
  maskOf,
  maskRows,
  maskTitles,
  type SummaryPart,
  withheldNote,
} from './control-facts.ts';
import { textOf } from './copy.ts';
import type { OutcomeMark } from './outcome.ts';
import { isNumeric } from './value.ts';

/** About the whole export. */
export interface PageSession {
  readonly session: SessionView;
  readonly events: readonly EventView[];
  readonly timeZone: string;
  readonly marks: { readonly [Outcome in StatementView['outcome']]: OutcomeMark & { readonly wrong: boolean } };
  readonly longestPauseMs: number;
}

/** What is there of every statement from the start: enough for the list, the search and the pace. */
export interface PageStatement {
  readonly n: number;
  readonly at: number;
  readonly kind: StatementView['kind'];
  readonly sql: string;
  readonly redacted: boolean;
  readonly position: StatementView['position'] | undefined;
  readonly statementName: string | undefined;
  readonly portal: string | undefined;
  readonly parameters: readonly PageParameter[];
  readonly outcome: StatementView['outcome'];
  readonly commandTag: string | undefined;
  readonly rowCount: number;
  readonly rowBytes: number;
  readonly error: MessageView | undefined;
  readonly reason: string | undefined;
  readonly transactionBefore: StatementView['transactionBefore'];
  readonly transactionAfter: StatementView['transactionAfter'];
  readonly forwardedUs: number | undefined;
  readonly firstByteUs: number | undefined;
  readonly durationUs: number | undefined;
  readonly fetches: readonly FetchView[];
  readonly cancelRequestedAt: readonly number[];
  readonly traceparent: string | undefined;
  /** What the gateway did to it, in a few words. */
  readonly controls: readonly SummaryPart[];
  readonly policy: readonly ControlFact[];
  readonly masks: PageMasks | undefined;
}

export interface PageMasks {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly note: string | undefined;
}

export interface PageParameter {
  readonly text: string | null;
  readonly typeName: string;
  /** Written without quotes. */
  readonly bare: boolean;
  readonly decoded: boolean;
}

/** What is read only when the statement is looked at. */
export interface PageResult {
  readonly columns: readonly {
    readonly name: string;
    readonly typeName: string;
    readonly right: boolean;
    readonly masked?: string | undefined;
  }[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Kept rows that this export does not hold. */
  readonly rowsLeftOut: number;
  readonly truncatedAt: number | undefined;
  readonly digests: readonly string[];
  readonly copy: PageCopy | undefined;
  readonly notices: readonly MessageView[];
  readonly noticesDropped: number;
}

export interface PageCopy {
  readonly direction: 'in' | 'out';
  readonly messages: number;
  readonly bytes: number;
  readonly kept: number;
  readonly digest: string | undefined;
  readonly text: string | undefined;
  /** When the data is no text. */
  readonly hex: string | undefined;
  readonly truncated: boolean;
  readonly failure: string | undefined;
}

export function pageStatement(view: StatementView, timeZone: string): PageStatement {
  return {
    n: view.n,
    at: view.at,
    kind: view.kind,
    sql: view.sql,
    redacted: view.redacted,
    position: view.position,
    statementName: view.statementName,
    portal: view.portal,
    parameters: view.parameters.map(pageParameter),
    outcome: view.outcome,
    commandTag: view.commandTag,
    rowCount: view.rowCount,
    rowBytes: view.rowBytes,
    error: view.error,
    reason: view.reason,
    transactionBefore: view.transactionBefore,
    transactionAfter: view.transactionAfter,
    forwardedUs: view.forwardedUs,
    firstByteUs: view.firstByteUs,
    durationUs: view.durationUs,
    fetches: view.fetches,
    cancelRequestedAt: view.cancelRequestedAt,
    traceparent: view.traceparent,
    controls: controlSummary(view),
    policy: [
      ...(view.decision === undefined ? [] : decisionFacts(view.decision)),
      ...view.approvals.flatMap((approval) => approvalFacts(approval, timeZone)),
    ],
    masks: view.masks && { titles: maskTitles, rows: maskRows(view.masks), note: withheldNote(view.masks) },
  };
}

function pageParameter({ text, typeName, decoded }: ValueView): PageParameter {
  return { text, typeName, decoded, bare: !decoded || typeName === 'bool' || isNumeric(typeName) };
}

/** `maxRows`: how many of the kept rows to carry. */
export function pageResult(view: StatementView, maxRows: number): PageResult {
  return {
    columns: view.columns.map((column, at) => ({ ...pageColumn(column), masked: maskOf(view, at) })),
    rows: view.rows.slice(0, maxRows).map((row) => row.map(({ text }) => text)),
    rowsLeftOut: Math.max(0, view.rows.length - maxRows),
    truncatedAt: view.truncatedAt,
    digests: view.digests,
    copy: view.copy && pageCopy(view.copy),
    notices: view.notices,
    noticesDropped: view.noticesDropped,
  };
}

function pageColumn({ name, typeName }: ColumnView): PageResult['columns'][number] {
  return { name, typeName, right: isNumeric(typeName) };
}

function pageCopy(copy: NonNullable<StatementView['copy']>): PageCopy {
  const text = textOf(copy.data);
  return {
    direction: copy.direction,
    messages: copy.messages,
    bytes: copy.bytes,
    kept: copy.data.length,
    digest: copy.digest,
    text,
    hex: text === undefined ? Buffer.from(copy.data).toString('hex') : undefined,
    truncated: copy.truncated,
    failure: copy.failure,
  };
}
