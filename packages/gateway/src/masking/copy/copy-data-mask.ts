import { ProtocolError } from '@onrecord/wire';
import type { ColumnPlan } from '../column-plan.ts';
import { concatBytes } from '../concat-bytes.ts';
import type { CopyMask, MaskCount } from '../mask.ts';
import type { CopyFormat } from './copy-format.ts';

const copyData = 0x64;
const nothing = new Uint8Array(0);

/** Masks the fields of COPY data, line by line. Each line goes out as one CopyData message, which is what drivers count on. */
export class CopyDataMask implements CopyMask {
  readonly #plans: readonly (ColumnPlan | undefined)[];
  readonly #format: CopyFormat;
  /** The line to come has the columns' names. */
  #isHeader: boolean;
  /** The beginning of a line whose end has not come. */
  #begun: Uint8Array[] = [];
  /** Lines that had another number of fields than the result has columns: of those every field was hidden. */
  #odd = 0;

  constructor(plans: readonly (ColumnPlan | undefined)[], format: CopyFormat, hasHeader: boolean) {
    this.#plans = plans;
    this.#format = format;
    this.#isHeader = hasHeader;
  }

  data(bytes: Uint8Array): Uint8Array {
    const text = concatBytes([...this.#begun, ...contents(bytes)]);
    const out: Uint8Array[] = [];
    let at = 0;
    for (let end = this.#format.lineEnd(text, at); end !== -1; end = this.#format.lineEnd(text, at)) {
      const line: Uint8Array[] = [];
      this.#line(text, at, end - 1, line);
      line.push(text.subarray(end - 1, end));
      out.push(...message(line));
      at = end;
    }
    this.#begun = at === text.length ? [] : [text.subarray(at)];
    return concatBytes(out);
  }

  end(): Uint8Array {
    const text = concatBytes(this.#begun);
    this.#begun = [];
    const out: Uint8Array[] = [];
    if (text.length > 0) this.#line(text, 0, text.length, out);
    return concatBytes(message(out));
  }

  counts(): readonly MaskCount[] {
    const counts = this.#plans.flatMap((plan) => plan?.counts() ?? []);
    if (this.#odd === 0) return counts;
    return [...counts, { column: 0, name: 'line', rule: 'unknown source', action: 'redact', values: this.#odd }];
  }

  #line(text: Uint8Array, start: number, end: number, out: Uint8Array[]): void {
    if (this.#isHeader || isEndMarker(text, start, end)) {
      this.#isHeader = false;
      out.push(text.subarray(start, end));
      return;
    }
    // A table of no columns has empty lines.
    if (this.#plans.length === 0 && start === end) return;
    const ends: number[] = [];
    this.#format.fieldEnds(text, start, end, ends);
    if (ends.length !== this.#plans.length) {
      this.#odd += 1;
      this.#hideAll(text, start, ends, out);
      return;
    }
    let at = start;
    let copied = start;
    for (const [column, fieldEnd] of ends.entries()) {
      const plan = this.#plans[column];
      const field = plan && this.#masked(plan, text, at, fieldEnd);
      if (field !== undefined) {
        out.push(text.subarray(copied, at), field);
        copied = fieldEnd;
      }
      at = fieldEnd + 1;
    }
    out.push(text.subarray(copied, end));
  }

  /** Undefined when the field stays. */
  #masked(plan: ColumnPlan, text: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const value = this.#format.decode(text, start, end);
    if (value === null) return undefined;
    const masked = plan.constant === undefined ? plan.replace(value, 0, value.length) : plan.takeConstant();
    return masked === undefined ? undefined : this.#format.encode(masked, text.subarray(start, end));
  }

  #hideAll(text: Uint8Array, start: number, ends: readonly number[], out: Uint8Array[]): void {
    const field = this.#format.encode(null, nothing);
    for (const [index, end] of ends.entries()) {
      const delimiterAt = ends[index - 1] ?? start;
      if (index > 0) out.push(text.subarray(delimiterAt, delimiterAt + 1));
      if (end >= start) out.push(field);
    }
  }
}

/** `\.` alone: the end of the data, as servers before protocol 3.0 wrote it. */
function isEndMarker(text: Uint8Array, start: number, end: number): boolean {
  return end - start === 2 && text[start] === 0x5c && text[start + 1] === 0x2e;
}

/** Contents of whole CopyData messages. */
function contents(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 5 > bytes.length || bytes[at] !== copyData) throw new ProtocolError('not a CopyData message');
    const end = at + 1 + view.getInt32(at + 1);
    if (end < at + 5 || end > bytes.length) throw new ProtocolError('insufficient data left in message');
    found.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return found;
}

/** One message of the parts, still in parts; nothing for nothing. */
function message(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length === 0) return parts;
  const header = new Uint8Array(5);
  header[0] = copyData;
  new DataView(header.buffer).setInt32(1, length + 4);
  return [header, ...parts];
}
