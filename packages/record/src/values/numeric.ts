import { MalformedValue, type ValueReader } from './value-reader.ts';

const signs: { readonly [sign: number]: string } = { 0: '', 16384: '-' };
const specials: { readonly [sign: number]: string } = { 49152: 'NaN', 53248: 'Infinity', 61440: '-Infinity' };

/** NUMERIC_DSCALE_MAX (numeric.c). */
const maxScale = 0x3fff;

/**
 * numeric_out: digits in base 10,000, the first of weight 10,000^weight; exact, with as many places as the value's
 * display scale says. A few bytes may mean 131,072 digits (`1e131071`); `spend` is told of them first.
 */
export function formatNumeric(reader: ValueReader, spend: (characters: number) => void): string {
  const count = reader.uint16();
  const weight = reader.int16();
  const sign = reader.uint16();
  const scale = reader.uint16();
  const digits = Array.from({ length: Math.min(count, reader.remaining) }, () => base10000(reader.uint16()));
  if (digits.length !== count || scale > maxScale) throw new MalformedValue();
  const special = specials[sign];
  if (special !== undefined) return special;
  const prefix = signs[sign];
  if (prefix === undefined) throw new MalformedValue();
  spend(Math.max(0, weight) * 4 + scale);

  const digit = (at: number): string => digits[at] ?? '0000';
  let whole = '';
  for (let at = 0; at <= weight; at += 1) whole += digit(at);
  let fraction = '';
  for (let at = weight + 1; fraction.length < scale; at += 1) fraction += digit(at);
  const integer = whole.replace(/^0+/, '') || '0';
  return prefix + (scale === 0 ? integer : `${integer}.${fraction.slice(0, scale)}`);
}

function base10000(digit: number): string {
  if (digit > 9_999) throw new MalformedValue();
  return String(digit).padStart(4, '0');
}
