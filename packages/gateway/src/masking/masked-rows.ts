import { ProtocolError } from '@onrecord/wire';
import type { ColumnPlan } from './column-plan.ts';
import type { MaskCount, RowMask } from './mask.ts';

const dataRow = 0x44;
/** Runs up to this length are copied byte by byte: a view and a call cost more. */
const shortRun = 48;

/**
 * Rewrites DataRow messages. Walks the lengths of their values; what stays is copied in runs that reach over values and
 * rows, into one buffer for all the messages of a call.
 */
export class MaskedRows implements RowMask {
  /** By column; undefined: its values stay. */
  readonly #plans: readonly (ColumnPlan | undefined)[];
  /** Columns behind the last one with a plan are not looked at. */
  readonly #looked: number;
  #out = new Uint8Array(0);
  #length = 0;

  constructor(plans: readonly (ColumnPlan | undefined)[]) {
    this.#plans = plans;
    this.#looked = plans.findLastIndex((plan) => plan !== undefined) + 1;
  }

  rows(bytes: Uint8Array): Uint8Array {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#length = 0;
    let copied = 0;
    for (let row = 0; row < bytes.length; ) {
      const end = rowEnd(bytes, view, row, this.#plans.length);
      copied = this.#row({ bytes, view, row, end, copied });
      row = end;
    }
    if (copied === 0) return bytes;
    this.#copy(bytes, copied, bytes.length);
    const masked = this.#out.subarray(0, this.#length);
    this.#out = new Uint8Array(0);
    return masked;
  }

  counts(): readonly MaskCount[] {
    return this.#plans.flatMap((plan) => plan?.counts() ?? []);
  }

  /** Returns up to where the bytes are copied. */
  #row({ bytes, view, row, end, copied: copiedBefore }: Row): number {
    let copied = copiedBefore;
    /** Where the row begins in the output, once something in it has changed. */
    let begin = -1;
    let at = row + 7;
    for (let column = 0; column < this.#looked; column += 1) {
      if (at + 4 > end) throw new ProtocolError('insufficient data left in message');
      const length = view.getInt32(at);
      const start = at + 4;
      const valueEnd = length < 0 ? start : start + length;
      if (length < -1 || valueEnd > end) throw new ProtocolError('insufficient data left in message');
      const plan = this.#plans[column];
      if (plan !== undefined && length >= 0) {
        let value = plan.constant;
        if (value === undefined) value = plan.replace(bytes, start, valueEnd);
        else plan.values += 1;
        if (value !== undefined) {
          if (begin === -1) begin = this.#length + row - copied;
          this.#copy(bytes, copied, at);
          this.#value(value);
          copied = valueEnd;
        }
      }
      at = valueEnd;
    }
    if (begin === -1) return copied;
    // The rest of the row is copied with what comes behind it.
    this.#int32(begin + 1, this.#length - begin - 1 + end - copied);
    return copied;
  }

  #value(value: Uint8Array | null): void {
    if (value === null) {
      this.#reserve(4);
      this.#out.fill(0xff, this.#length, this.#length + 4);
      this.#length += 4;
      return;
    }
    this.#reserve(4 + value.length);
    this.#int32(this.#length, value.length);
    this.#length += 4;
    this.#copy(value, 0, value.length);
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#reserve(length, bytes.length);
    const out = this.#out;
    let to = this.#length;
    if (length > shortRun) out.set(bytes.subarray(start, end), to);
    else for (let at = start; at < end; at += 1, to += 1) out[to] = bytes[at] as number;
    this.#length += length;
  }

  #int32(at: number, value: number): void {
    const out = this.#out;
    out[at] = value >>> 24;
    out[at + 1] = value >>> 16;
    out[at + 2] = value >>> 8;
    out[at + 3] = value;
  }

  /** `hint`: the length of the chunk, of which the first buffer is a little larger. */
  #reserve(length: number, hint = 0): void {
    const needed = this.#length + length;
    if (needed <= this.#out.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#out.length * 2, hint + (hint >> 3) + 64));
    grown.set(this.#out.subarray(0, this.#length));
    this.#out = grown;
  }
}

interface Row {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the message begins and ends. */
  readonly row: number;
  readonly end: number;
  readonly copied: number;
}

function rowEnd(bytes: Uint8Array, view: DataView, row: number, columns: number): number {
  if (row + 7 > bytes.length || bytes[row] !== dataRow) throw new ProtocolError('not a DataRow message');
  const length = view.getInt32(row + 1);
  const end = row + 1 + length;
  if (length < 6 || end > bytes.length) throw new ProtocolError('insufficient data left in message');
  if (view.getUint16(row + 5) !== columns)
    throw new ProtocolError('a row has another number of columns than its result');
  return end;
}
