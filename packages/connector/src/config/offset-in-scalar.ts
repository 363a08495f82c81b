import { Scalar } from 'yaml';

/**
 * Where in `text`, a YAML document, the character at `offset` of a scalar's value is written, or where the value
 * ends; undefined when it cannot be
 * told. Quotes, escapes, indentation and folded lines move characters, but all styles write those that are no white
 * space in their order, so these are counted.
 */
export function offsetInScalar(text: string, node: Scalar, offset: number): number | undefined {
  const { value, range, type } = node;
  if (typeof value !== 'string' || !range) return undefined;
  let at = contentStart(text, range[0], type);
  for (let left = inked(value.slice(0, offset)); at < range[1]; ) {
    if (/\s/.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    if (left <= 0) return at;
    const { length, ink } = written(text, at, type);
    at += length;
    left -= ink;
    if (left <= 0 && offset === value.length) return at;
  }
  return undefined;
}

/** What stands behind a backslash for white space, or for nothing: an escaped line break. */
const blankEscapes = 'fnrtvLP_ \n\r\t';

function contentStart(text: string, start: number, type: Scalar['type']): number {
  if (type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE) return start + 1;
  if (type !== Scalar.BLOCK_LITERAL && type !== Scalar.BLOCK_FOLDED) return start;
  const end = text.indexOf('\n', start);
  return end === -1 ? text.length : end + 1;
}

function inked(text: string): number {
  return text.replaceAll(/\s/g, '').length;
}

/** How many characters of the source write the next ones of the value, and how many of these are no white space. */
function written(text: string, at: number, type: Scalar['type']): { readonly length: number; readonly ink: number } {
  if (type === Scalar.QUOTE_SINGLE && text.startsWith("''", at)) return { length: 2, ink: 1 };
  if (type !== Scalar.QUOTE_DOUBLE || text.charAt(at) !== '\\') return { length: 1, ink: 1 };
  const letter = text.charAt(at + 1);
  const digits = { x: 2, u: 4, U: 8 }[letter];
  if (digits === undefined) return { length: 2, ink: blankEscapes.includes(letter) ? 0 : 1 };
  const code = Number.parseInt(text.slice(at + 2, at + 2 + digits), 16);
  return { length: 2 + digits, ink: code > 0x10ffff ? 1 : inked(String.fromCodePoint(code)) };
}
