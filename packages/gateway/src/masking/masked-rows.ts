import { ProtocolError } from '@onrecord/wire';
import type { ColumnPlan } from './column-plan.ts';
import type { MaskCount, RowMask } from './mask.ts';

const dataRow = 0x44;
/** Room in front of a chunk for rows that become longer. */
const roomBytes = 256;
/** Runs up to this length are moved byte by byte: `copyWithin` takes 40 ns whatever the length. */
const shortRun = 16;

/**
 * Rewrites DataRow messages. A chunk is copied once, behind some room; then what stays is moved towards the front, in runs
 * that reach over values and rows, and masked values are written between them. No view or object is made for a value that
 * becomes a constant.
 */
export class MaskedRows implements RowMask {
  /** By column; undefined: its values stay. */
  readonly #plans: readonly (ColumnPlan | undefined)[];
  /** Columns behind the last one with a plan are not looked at. */
  readonly #looked: number;
  #data: Uint8Array = nothing;
  #view: DataView = noView;
  /** Where what has been written ends, and where what has been read but not moved yet begins. */
  #to = 0;
  #from = 0;

  constructor(plans: readonly (ColumnPlan | undefined)[]) {
    this.#plans = plans;
    this.#looked = plans.findLastIndex((plan) => plan !== undefined) + 1;
  }

  rows(bytes: Uint8Array): Uint8Array {
    this.#data = new Uint8Array(roomBytes + bytes.length);
    this.#data.set(bytes, roomBytes);
    this.#view = new DataView(this.#data.buffer);
    this.#to = 0;
    this.#from = roomBytes;
    for (let row = roomBytes; row < this.#data.length; ) row = this.#row(row);
    const changed = this.#to > 0;
    if (changed) this.#move(this.#data.length);
    const masked = changed ? this.#data.subarray(0, this.#to) : bytes;
    this.#data = nothing;
    this.#view = noView;
    return masked;
  }

  counts(): readonly MaskCount[] {
    return this.#plans.flatMap((plan) => plan?.counts() ?? []);
  }

  /** Returns where the next row begins. */
  #row(begin: number): number {
    let row = begin;
    let end = rowEnd(this.#data, this.#view, row, this.#plans.length);
    /** Where the row's length stands in what is written, once something in it has changed. */
    let lengthAt = -1;
    let at = row + 7;
    for (let column = 0; column < this.#looked; column += 1) {
      if (at + 4 > end) throw tooShort();
      const length = this.#view.getInt32(at);
      let valueEnd = length > 0 ? at + 4 + length : at + 4;
      if (length < -1 || valueEnd > end) throw tooShort();
      const plan = this.#plans[column];
      if (plan !== undefined && length !== -1) {
        const value = plan.constant === undefined ? plan.replace(this.#data, at + 4, valueEnd) : plan.takeConstant();
        if (value !== undefined) {
          const shift = this.#makeRoom(at - this.#from + 4 + (value?.length ?? 0), valueEnd);
          row += shift;
          end += shift;
          valueEnd += shift;
          if (lengthAt === -1) lengthAt = this.#to + row - this.#from + 1;
          this.#move(at + shift);
          this.#write(value);
          this.#from = valueEnd;
        }
      }
      at = valueEnd;
    }
    // What follows in the row is moved with what comes behind it.
    if (lengthAt !== -1) this.#view.setInt32(lengthAt, this.#to - lengthAt + end - this.#from);
    return end;
  }

  /** Makes sure that so many bytes can be written in front of an unread place; returns how far everything unread moved for it. */
  #makeRoom(bytes: number, unread: number): number {
    if (this.#to + bytes <= unread) return 0;
    const shift = bytes + (this.#data.length >> 1);
    const data = new Uint8Array(this.#data.length + shift);
    data.set(this.#data.subarray(0, this.#to));
    data.set(this.#data.subarray(this.#from), this.#from + shift);
    this.#data = data;
    this.#view = new DataView(data.buffer);
    this.#from += shift;
    return shift;
  }

  /** Moves what was read, up to `end`, behind what is written. */
  #move(end: number): void {
    const data = this.#data;
    const from = this.#from;
    let to = this.#to;
    this.#to += end - from;
    if (end - from > shortRun) data.copyWithin(to, from, end);
    else for (let at = from; at < end; at += 1, to += 1) data[to] = data[at] as number;
  }

  #write(value: Uint8Array | null): void {
    this.#view.setInt32(this.#to, value === null ? -1 : value.length);
    this.#to += 4;
    if (value === null) return;
    const length = value.length;
    if (length > shortRun) this.#data.set(value, this.#to);
    else for (let at = 0; at < length; at += 1) this.#data[this.#to + at] = value[at] as number;
    this.#to += length;
  }
}

const nothing = new Uint8Array(0);
const noView = new DataView(nothing.buffer);

function rowEnd(data: Uint8Array, view: DataView, row: number, columns: number): number {
  if (row + 7 > data.length || data[row] !== dataRow) throw new ProtocolError('not a DataRow message');
  const length = view.getInt32(row + 1);
  const end = row + 1 + length;
  if (length < 6 || end > data.length) throw tooShort();
  if (view.getUint16(row + 5) !== columns) {
    throw new ProtocolError('a row has another number of columns than its result');
  }
  return end;
}

function tooShort(): ProtocolError {
  return new ProtocolError('insufficient data left in message');
}
