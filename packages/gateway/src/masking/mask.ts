/** What becomes of a value. */
export type MaskAction =
  /** NULL. */
  | 'null'
  /** Text-like types: `[masked]`; JSON: the same as a JSON string; all else: NULL. */
  | 'redact'
  /** Text-like types: all but the last four characters become `*` (fewer stay of short ones, none of four or less); all else: NULL. */
  | 'partial'
  /** A keyed hash of the value in the column's type, the same for the same value: text, uuid, bytea, integers, numeric; all else: NULL. */
  | 'hash';

/** The most restrictive first. */
export const maskActions: readonly MaskAction[] = ['null', 'redact', 'hash', 'partial'];

/** A mask on one column of a result, with the name of what put it there: `public.customers.email`, `unknown source`. */
export interface ColumnMask {
  readonly rule: string;
  readonly action: MaskAction;
}

/** What was masked in the answer to one statement, for its `masked` entry. Columns count from 0. */
export interface MaskCount {
  readonly column: number;
  readonly name: string;
  readonly rule: string;
  readonly action: MaskAction;
  /** Values that were not NULL before; NULLs stay NULL and do not count. */
  readonly values: number;
  /** A detector found them in a column that no rule names; `rule` is the detector's name. */
  readonly detected?: true;
}

/** A column of a result as RowDescription tells it. */
export interface ResultColumn {
  readonly name: string;
  readonly table: number;
  readonly attribute: number;
  readonly type: number;
  /** 0 text, 1 binary. */
  readonly format: number;
}

/** Rewrites the rows of one result. Owns nothing of what it is given; what it returns it owns no more. */
export interface RowMask {
  /**
   * Whole DataRow messages, one behind the other; returns as many, or the bytes themselves when nothing in them changes.
   * Throws a ProtocolError when they are none, or when a row has another number of columns than the result.
   */
  rows(bytes: Uint8Array): Uint8Array;
  counts(): readonly MaskCount[];
}

/** Rewrites the data of a COPY TO STDOUT in text or CSV. */
export interface CopyMask {
  /** Whole CopyData messages, one behind the other; a line may run over several. Returns CopyData messages. */
  data(bytes: Uint8Array): Uint8Array;
  /** What is left when CopyDone comes. */
  end(): Uint8Array;
  counts(): readonly MaskCount[];
}
