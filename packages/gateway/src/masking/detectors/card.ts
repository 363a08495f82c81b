import { type Found, isAlphanumeric, isDigit } from './find.ts';

const longest = 19;
const shortest = 13;

/**
 * Numbers of payment cards: 13 to 19 digits whose first ones are an issuer's and whose last one is right (ISO/IEC 7812-1,
 * Luhn), in one piece or in groups with blanks or dashes between them, not part of a longer number. Without the issuers
 * one of ten numbers of that length would be a card; times in microseconds begin with 1, which no issuer has.
 */
export function findCards(text: string, found: Found): void {
  for (let at = 0; at < text.length; ) {
    if (!isDigit(text.charCodeAt(at))) {
      at += 1;
      continue;
    }
    const end = beginsNumber(text, at) ? cardEnd(text, at) : -1;
    if (end !== -1) found(at, end);
    at = end === -1 ? groupEnd(text, at) : end;
  }
}

/** Whether a card's number is what the digits of a value alone say. */
export function isCard(digits: string): boolean {
  return (
    digits.length >= shortest && digits.length <= longest && /^\d+$/.test(digits) && hasIssuer(digits) && luhn(digits)
  );
}

/** Not behind a letter or a digit, nor behind `.`, `-` or `_` that belong to a word or number. */
function beginsNumber(text: string, at: number): boolean {
  if (at === 0) return true;
  const before = text.charCodeAt(at - 1);
  if (isAlphanumeric(before)) return false;
  const joins = before === 0x2e || before === 0x2d || before === 0x5f;
  return !(joins && at > 1 && isAlphanumeric(text.charCodeAt(at - 2)));
}

/** Where the longest card that begins here ends, or -1. All groups have one separator between them. */
function cardEnd(text: string, start: number): number {
  let digits = '';
  let separator = 0;
  let card = -1;
  for (let at = start; digits.length <= longest; ) {
    const end = groupEnd(text, at, longest + 1);
    digits += text.slice(at, end);
    if (endsNumber(text, end) && isCard(digits)) card = end;
    const next = text.charCodeAt(end);
    if ((next !== 0x20 && next !== 0x2d) || (separator !== 0 && next !== separator)) return card;
    if (!isDigit(text.charCodeAt(end + 1)) || end - at < 3) return card;
    separator = next;
    at = end + 1;
  }
  return card;
}

function endsNumber(text: string, end: number): boolean {
  const next = text.charCodeAt(end);
  if (isAlphanumeric(next) || next === 0x5f) return false;
  return !((next === 0x2e || next === 0x2d) && isDigit(text.charCodeAt(end + 1)));
}

function groupEnd(text: string, start: number, most: number = text.length): number {
  let at = start;
  while (at - start < most && isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

/** First and last prefix, and lengths; from the issuers' published ranges. */
const issuers: readonly (readonly [from: number, to: number, lengths: readonly number[]])[] = [
  [4, 4, [13, 16, 19]],
  [51, 55, [16]],
  [2221, 2720, [16]],
  [34, 34, [15]],
  [37, 37, [15]],
  [6011, 6011, [16, 17, 18, 19]],
  [644, 659, [16, 17, 18, 19]],
  [62, 62, [16, 17, 18, 19]],
  [81, 81, [16, 17, 18, 19]],
  [3528, 3589, [16, 17, 18, 19]],
  [300, 305, [14, 16, 17, 18, 19]],
  [3095, 3095, [14, 16, 17, 18, 19]],
  [36, 36, [14, 15, 16, 17, 18, 19]],
  [38, 39, [14, 16, 17, 18, 19]],
  [2200, 2204, [16, 17, 18, 19]],
  [50, 50, [13, 14, 15, 16, 17, 18, 19]],
  [56, 58, [13, 14, 15, 16, 17, 18, 19]],
  [60, 69, [13, 14, 15, 16, 17, 18, 19]],
  [9792, 9792, [16]],
];

function hasIssuer(digits: string): boolean {
  return issuers.some(([from, to, lengths]) => {
    const prefix = Number(digits.slice(0, String(from).length));
    return prefix >= from && prefix <= to && lengths.includes(digits.length);
  });
}

/** ISO/IEC 7812-1, annex B. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 0x30;
    const doubled = digit * 2;
    sum += at % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
