import type { OutcomeKind, Statement, TransactionStatus } from '@onrecord/record';
import type { CopyMask, RowMask } from '../masking/mask.ts';
import type { Analysis } from '../sql/analysis.ts';
import type { SessionEffect } from '../sql/sql-session-effects.ts';
import type { Digest } from './digest.ts';
import type { Judged, ToJudge } from './guard.ts';

/** A prepared statement as the gateway remembers it. The text itself stands in the entry of `owner`. */
export interface Prepared {
  readonly name: Uint8Array | undefined;
  /** The statement whose entry carries the text. */
  readonly owner: OpenStatement;
  /** Body of the RowDescription that the server last sent for it, and the statement whose outcome carries it. */
  columns: Uint8Array | undefined;
  recordedColumns: Uint8Array | undefined;
  columnsRecordedIn: number;
  parameterTypes: readonly number[] | undefined;
  readonly effect: SessionEffect | undefined;
  /** What Parse said, to be able to say it again; kept only where a guard needs it, and not under the empty name. */
  readonly source?: PreparedSource | undefined;
  /** Number of the first statement behind which the gateway has prepared it again; else it means what `owner` made of it. */
  readonly since?: number;
}

/** The text of a Parse, and the types that it gave. */
export interface PreparedSource {
  readonly sql: Uint8Array;
  readonly parameterTypes: readonly number[];
  /** `client_encoding` in which the text is. */
  readonly encoding: string;
  readonly standardConformingStrings: boolean;
}

/** A portal: a prepared statement with its parameters. */
export interface Portal {
  readonly name: Uint8Array | undefined;
  readonly prepared: Prepared | undefined;
  /** The statement whose entry carries the parameters. */
  readonly owner: OpenStatement;
  /** The first Execute of the portal, once there was one. */
  execution: OpenStatement | undefined;
  columns: Uint8Array | undefined;
  /** A cursor WITH HOLD, which outlives its transaction. */
  readonly held: boolean;
  /** What was judged of it when it was bound or declared, and when that was. */
  readonly judged: Judged | undefined;
  readonly judgedAt: JudgedAt | undefined;
  /** The server has been asked for its columns. */
  described: boolean;
}

/** What a verdict went by, to see whether something has changed since. */
export interface JudgedAt {
  /** Absent where it cannot be said again: a cursor, or what a PREPARE of SQL has named. */
  readonly statement: ToJudge | undefined;
  readonly definitions: number;
  readonly namings: number;
  readonly catalog: object | undefined;
  /** As rules ask for it (`Guard.timeOf`). */
  readonly time: number;
}

/**
 * A statement from its arrival to its outcome. A Parse begins as `prepare`; a Bind or Execute that comes in the same
 * group makes it a `bind` or an `execute`, so that what arrived together is one entry. What the entry carries
 * (`sql`, `parameters`) is dropped as soon as the entry is made: prepared statements outlive it.
 */
export class OpenStatement {
  /** 0 until its entry is made. */
  n = 0;
  kind: Statement['kind'];
  /** Place in the list of statements that arrived in this turn; -1 once its entry is made. */
  slot = -1;

  sql: Uint8Array | undefined;
  /** Where the text stands when it is not in `sql`. */
  textOf: OpenStatement | undefined;
  textOfNumber = 0;
  parameters: Uint8Array | undefined;
  parametersOf: OpenStatement | undefined;
  parts = 0;
  traceparent: string | undefined;
  portalOf: OpenStatement | undefined;
  /** True when password literals were taken out of `sql`. */
  redacted = false;
  statementName: Uint8Array | undefined;
  portal: Uint8Array | undefined;
  parameterTypes: readonly number[] | undefined;
  maxRows = 0;
  position: { readonly index: number; readonly count: number } | undefined;
  transactionBefore: TransactionStatus;
  prepared: Prepared | undefined;
  boundPortal: Portal | undefined;
  /** What it does to the names of the session once it has completed (PREPARE, DEALLOCATE, DISCARD ALL). */
  effect: SessionEffect | undefined;
  /** It reads like COPY … FROM STDIN. */
  readsStdin = false;
  /** It is among the `effects` of the session that are under way. */
  effectCounts = false;

  /** Its text as Unicode, kept only where a guard needs it. */
  text: string | undefined;
  /** `standard_conforming_strings` when the server read it. */
  textConforms = true;
  /** What it meant when it was prepared, as far as a guard could tell. */
  meant: Analysis | undefined;
  judged: Judged | undefined;
  /** ErrorResponse that the client gets when the server answers with the error that was provoked in the statement's place. */
  refusal: Uint8Array | undefined;
  /** `refusal` is of its Parse, which something has gone out for that does not parse. */
  isParseRefused = false;
  /** Masks rows; undefined while none has come. */
  rowMask: RowMask | 'none' | undefined;
  copyMask: CopyMask | undefined;
  /** Errors and notices of it whose texts were withheld. */
  withheld = 0;
  /** More rows came than it may return: the rest is dropped, and it ends with an error. */
  overLimit = false;
  /** Rows that came, counted only where there is a limit. */
  rowsSeen = 0;
  /** ErrorResponse that the client gets in the place of the server's, because the gateway has had the statement cancelled. */
  givesUp: Uint8Array | undefined;

  /** The server discards it because of an earlier error in the pipeline. */
  skipped = false;
  /** True once its final outcome is recorded. */
  ended = false;
  forwardedUs = 0;
  firstByteUs = 0;

  columns: Uint8Array | undefined;
  rowCount = 0;
  rowBytes = 0;
  /** Rows and bytes captured so far, and whether the capture goes on. */
  capturedRows = 0;
  capturedBytes = 0;
  capturing = true;
  /** Captured pieces that no entry holds yet, and how many rows begin in them. */
  uncommitted: Uint8Array[] = [];
  uncommittedRows = 0;
  /** Over all row messages; not begun while `uncommitted` holds all of them. */
  digest: Digest | undefined;
  notices: Uint8Array[] | undefined;
  noticeBytes = 0;
  noticesDropped = 0;
  functionResult: Uint8Array | undefined;

  /** The direction of its COPY, once the server has begun one. */
  copies: 'in' | 'out' | undefined;
  /** COPY IN: what the client sent. */
  copy: CopyInFlow | undefined;

  constructor(kind: Statement['kind'], transactionBefore: TransactionStatus) {
    this.kind = kind;
    this.transactionBefore = transactionBefore;
  }

  /** A `prepare` or `bind` owes an outcome only when something went wrong with it. */
  get owesOutcome(): boolean {
    return this.kind !== 'prepare' && this.kind !== 'bind';
  }

  /** Starts counting anew, for the next part of the same record (another fetch, an answer that no statement is known for). */
  resetResult(): void {
    this.rowCount = this.rowBytes = this.capturedRows = this.capturedBytes = this.uncommittedRows = 0;
    this.capturing = true;
    this.uncommitted = [];
    this.digest = this.notices = this.columns = this.functionResult = this.copies = undefined;
    this.noticeBytes = this.noticesDropped = 0;
  }
}

/** Data of a COPY FROM STDIN as it arrived. */
export interface CopyInFlow {
  messages: number;
  bytes: number;
  /** What the `copy_in` entries hold so far; `capturing` ends at the cap. */
  capturedMessages: number;
  capturedBytes: number;
  capturing: boolean;
  readonly digest: Digest;
}

/** How a statement ended, apart from what was counted. */
export interface Ending {
  readonly outcome: OutcomeKind;
  readonly more?: true;
  readonly tag?: string;
  readonly error?: Uint8Array;
  readonly reason?: string;
}
