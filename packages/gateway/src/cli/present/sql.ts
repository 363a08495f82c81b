/** SQL as lines of spans: highlighted, escaped, folded, with the place of an error pointed at. */
import type { Style } from './color.ts';
import { foldLine, type Line, linesOf, lineWidth, recorded, type Span, span } from './line.ts';
import { type SqlTokenKind, sqlTokens } from './sql-tokens.ts';

const styles: { readonly [Kind in SqlTokenKind]: Style | undefined } = {
  keyword: 'keyword',
  name: undefined,
  string: 'string',
  number: 'number',
  comment: 'comment',
  parameter: 'parameter',
  other: undefined,
};

/** The whole text. `errorAt` is a character position as Postgres counts them: from 1, in code points. */
export function sqlLines(sql: string, width: number, errorAt: number | undefined): Line[] {
  const fault = errorAt === undefined ? undefined : offsetOf(sql, errorAt);
  // A text may have more tokens, and a token more pieces, than a call takes arguments: they are joined at the end.
  const spans: Span[][] = [];
  let offset = 0;
  for (const { kind, text } of sqlTokens(sql)) {
    const style = styles[kind];
    const at = fault === undefined ? -1 : fault - offset;
    if (at >= 0 && at < text.length) {
      // A word is at fault as a whole; within a string or a run of other characters, the one character is.
      const end =
        at === 0 && kind !== 'other' ? text.length : at + String.fromCodePoint(text.codePointAt(at) ?? 0).length;
      spans.push(part(text.slice(0, at), style), part(text.slice(at, end), 'fault'), part(text.slice(end), style));
    } else spans.push(part(text, style));
    offset += text.length;
  }
  const lines = linesOf(spans.flat()).flatMap((line) => foldLine(line, width));
  while (lines.length > 1 && lines.at(-1)?.length === 0) lines.pop();
  return fault === undefined ? lines : withCaret(lines);
}

function part(text: string, style: Style | undefined): Span[] {
  return text === '' ? [] : recorded(text, style, { multiline: true });
}

function withCaret(lines: readonly Line[]): Line[] {
  const faulty = (line: Line): number => line.findIndex(({ style }) => style === 'fault');
  const at = lines.findIndex((line) => faulty(line) >= 0);
  const line = lines[at];
  if (line === undefined) return [...lines];
  const column = lineWidth(line.slice(0, faulty(line)));
  return [...lines.slice(0, at + 1), [span(`${' '.repeat(column)}^`, 'bad')], ...lines.slice(at + 1)];
}

/** UTF-16 offset of the `position`th code point; undefined when the text is shorter. */
function offsetOf(sql: string, position: number): number | undefined {
  let left = position - 1;
  let offset = 0;
  for (const character of sql) {
    if (left === 0) return offset;
    left -= 1;
    offset += character.length;
  }
  return undefined;
}

/** The SQL on one line of at most `width` columns: white space as single spaces, then cut by the caller. */
export function sqlOnOneLine(sql: string, width: number): Line {
  // No grapheme that survives escaping needs this many code units a column; what lies behind cannot show.
  const reach = Math.max(64, width * 16);
  const head = sql.length > reach * 4 ? sql.slice(0, reach * 4) : sql;
  const flat = head.replace(/\s+/g, ' ').trim().slice(0, reach);
  return sqlTokens(flat).flatMap(({ kind, text }) => recorded(text, styles[kind]));
}
