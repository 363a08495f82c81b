import { concatBytes } from '../concat-bytes.ts';
import { hashValue } from '../hash-value.ts';
import { textOfNumeric } from '../numeric.ts';
import { familyOf, type ValueFamily } from '../value-family.ts';
import { replaceInArray, replaceInRecord } from './binary-parts.ts';
import { isCard } from './card.ts';
import { latin1 } from './find.ts';
import { type Replaced, type ReplaceOptions, replaceFound } from './replace-found.ts';
import { replaceInJson } from './replace-in-json.ts';

/** What carries the form of arrays, composite values and ranges in text format. */
const structure = new Set(Array.from('"\\{}(),', (mark) => mark.charCodeAt(0)));

/** Arrays of composite values of arrays …: nobody has deeper ones. */
const maxDepth = 8;

/** Families in whose values detectors have something to look for. */
export function canHold(family: ValueFamily): boolean {
  return family !== 'other' && family !== 'uuid' && family !== 'bytea' && family !== 'int2' && family !== 'int4';
}

export interface ValueForm {
  readonly family: ValueFamily;
  readonly format: number;
  readonly depth?: number;
}

/** Replaces what detectors find in a value of a column, which stays a value of its type. */
export function replaceInValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  { family, format, depth = 0 }: ValueForm,
  options: ReplaceOptions,
): Replaced {
  switch (family) {
    case 'text':
    case 'bpchar':
      return replaceFound(bytes, start, end, options);
    case 'json':
      return replaceInJson(bytes, start, end, options);
    case 'jsonb':
      return format === 0 ? replaceInJson(bytes, start, end, options) : replaceInBinaryJson(bytes, start, end, options);
    case 'int8':
    case 'numeric':
      return replaceNumber(bytes.subarray(start, end), { family, format }, options);
    case 'array':
    case 'record':
      if (format === 0) return replaceFound(bytes, start, end, { ...options, structure });
      return depth < maxDepth ? replaceInParts(bytes.subarray(start, end), { family, format, depth }, options) : null;
    case 'container': {
      if (format === 0) return replaceFound(bytes, start, end, { ...options, structure });
      // Its form is not known: with something found in it, there is no way but to hide all of it.
      return replaceFound(bytes, start, end, options) === undefined ? undefined : null;
    }
    default:
      return undefined;
  }
}

function replaceInParts(value: Uint8Array, { family, depth = 0 }: ValueForm, options: ReplaceOptions): Replaced {
  // Where all elements are numbers, say, there is nothing to look for.
  if (family === 'array' && value.length >= 12 && !canHold(familyOf(elementType(value)))) return undefined;
  const replaceIn = family === 'array' ? replaceInArray : replaceInRecord;
  return replaceIn(value, (part, type) =>
    replaceInValue(part, 0, part.length, { family: familyOf(type), format: 1, depth: depth + 1 }, options),
  );
}

function elementType(array: Uint8Array): number {
  return new DataView(array.buffer, array.byteOffset).getUint32(8);
}

function replaceInBinaryJson(bytes: Uint8Array, start: number, end: number, options: ReplaceOptions): Replaced {
  const replaced = replaceInJson(bytes, start + 1, end, options);
  return replaced ? concatBytes([bytes.subarray(start, start + 1), replaced]) : replaced;
}

/** A number that is a card's has no place for a label: it is hashed where that is the action, and NULL otherwise. */
function replaceNumber(value: Uint8Array, { family, format }: ValueForm, options: ReplaceOptions): Replaced {
  const index = options.detectors.findIndex(({ detector }) => detector.name === 'card');
  const card = options.detectors[index];
  if (card === undefined || !isCard(digitsOf(value, family, format))) return undefined;
  options.tell(index);
  return card.action === 'hash' ? hashValue(value, { family, format, hmac: options.hmac }) : null;
}

function digitsOf(value: Uint8Array, family: ValueFamily, format: number): string {
  if (format === 0) return value.length > 40 ? '' : latin1(value).replace(/\.0+$/, '');
  if (family === 'numeric') return (textOfNumeric(value) ?? '').replace(/\.0+$/, '');
  return value.length === 8 ? String(new DataView(value.buffer, value.byteOffset).getBigInt64(0)) : '';
}
