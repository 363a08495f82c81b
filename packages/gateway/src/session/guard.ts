import type { Refusal } from '../errors.ts';
import type { CopyMask, RowMask } from '../masking/mask.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { Analysis } from '../sql/analysis.ts';
import type { MadeTable, MadeTables } from './made-tables.ts';
import type { TextSettings } from './session-state.ts';

/** What is known of a statement once it has been judged; kept with it, and with the portal that it bound. */
export interface Judged {
  /** Undefined when it could not be analysed: then it is refused, unless it is a function call. */
  readonly analysis: Analysis | undefined;
  readonly verdict: Verdict;
  /** Settings that can change what it means, when it was judged. */
  readonly settings: string;
  /** What was judged; kept only where people are asked about it. */
  readonly statement?: ToJudge;
  /** Tables of its session that no catalog has, by which it was read; absent: there were none. */
  readonly tables?: MadeTables;
  /** One more that there is when it has completed. */
  readonly makes?: MadeTable;
}

/** A text to judge. Names are the session's own: what Parse, PREPARE and DECLARE gave them. */
export interface ToJudge {
  /** As Unicode; undefined when its bytes are none in the client's encoding. */
  readonly text: string | undefined;
  /** `standard_conforming_strings` when Postgres read the text; undefined: it reads it now. */
  readonly textConforms?: boolean | undefined;
  /** What it meant when it was prepared, if it was and that could be told: Postgres may go by that still. */
  readonly meant?: Analysis | undefined;
  readonly protocol: 'simple' | 'extended' | 'function call';
  /** Of a Bind: its body behind the names; undefined when it has none, or comes in pieces. */
  readonly parameters: Uint8Array | undefined;
  readonly parameterTypes: readonly number[] | undefined;
  readonly inTransaction: boolean;
  /** It was judged when it was bound, and counted then. */
  readonly isAgain?: true;
  /** A Bind of what PREPARE has named: the text is an EXECUTE, made up for it. */
  readonly isNamedInSql?: true;
  /** Texts of what it executes or fetches by name. */
  readonly behind?: readonly string[];
}

/** What a name was given by Parse or PREPARE. */
export interface PreparedText {
  /** When `inSql`, it is the text of the PREPARE. */
  readonly text: string;
  readonly inSql: boolean;
  readonly textConforms?: boolean | undefined;
  /** As for `ToJudge`; of what is prepared. */
  readonly meant?: Analysis | undefined;
}

/** What names mean in the session, for EXECUTE and FETCH. Names are as the server keeps them, as latin1 strings. */
export interface SessionNames {
  prepared(name: string): PreparedText | undefined;
  cursor(name: string): Judged | undefined;
}

/**
 * What a session asks about its statements when rules, limits or masks apply to it. Pure: the time is an argument. It
 * follows what statements change for those behind them.
 */
export interface Guard {
  /** The text as Unicode; undefined when the bytes are none. */
  text(sql: Uint8Array, settings: TextSettings): string | undefined;
  /**
   * Judges what comes together, in order: of several statements of a Query each is judged as if those in front of it had
   * completed. Undefined: the catalog must be refreshed first, ask again then.
   */
  judge(statements: readonly ToJudge[], names: SessionNames, us: number): readonly Judged[] | undefined;
  /** Why the text of a Parse may not even be parsed, if so. `meant`: what it means; undefined when that cannot be told. */
  parses(meant: Analysis | undefined): Refusal | undefined;
  /** The verdict on a portal that was judged before, and is judged again (portal-verdicts.ts). */
  atExecution(before: Judged, now: Judged | undefined): Judged;
  /** Judges a FunctionCall; undefined as for `judge`. */
  judgeCall(functionOid: number, inTransaction: boolean, us: number): Judged | undefined;
  /** What a text means that is prepared now; undefined when it cannot be told. */
  means(text: string): Analysis | undefined;
  /** A statement completed: what it changes counts from now on. */
  completed(judged: Judged): void;
  /** The server answered with an error: what its transaction changed is undone. `judged`: what has failed; undefined when it was refused, or no statement. */
  failed(judged: Judged | undefined): void;
  /** True when the statement changes what those behind it mean, so that they wait until it has completed. */
  changesWhatFollows(judged: Judged): boolean;
  /** The catalog must be read again: the sooner the better, and before anything else is judged. */
  readonly isStale: boolean;
  /** ReadyForQuery. */
  ready(status: string): void;
  /** ParameterStatus. */
  reported(name: string, value: string): void;
  /** The time as rules ask for it: another number when the time alone may make another verdict. */
  timeOf(us: number): number;
  /** Settings as they are now, comparable with `Judged.settings`. */
  readonly settings: string;
  /** Code inside the server may have given names another text: what the session knows of them does not count any more. */
  takeNamesForgotten(): boolean;

  /** True when masks apply: rows, COPY data, errors and notices then pass through here. */
  readonly masks: boolean;
  /** `columns`: body of RowDescription as it is in force; undefined when it is not known. Undefined: nothing is masked. */
  maskRows(judged: Judged | undefined, columns: Uint8Array | undefined): RowMask | undefined;
  /** `columns`: of CopyOutResponse. */
  maskCopy(judged: Judged | undefined, columns: number): CopyMask | undefined;
  /** Body of an ErrorResponse or NoticeResponse as the client may see it: the same where nothing is withheld. */
  report(judged: Judged | undefined, body: Uint8Array): Uint8Array;

  /** Rows that one statement may return. */
  readonly rowLimit: number | undefined;
}
