/**
 * Lines of styled text, measured in terminal columns. Everything a terminal shows is composed of these and painted
 * last, so that cutting, folding and padding never meet an escape sequence. Text in a span is already escaped.
 */
import stringWidth from 'string-width';
import { paint, type Style } from './color.ts';
import { type EscapeOptions, terminalPieces } from './escape.ts';

export interface Span {
  readonly text: string;
  readonly style: Style | undefined;
}

export type Line = readonly Span[];

/** A span of text that is ours, or already escaped. */
export function span(text: string, style?: Style): Span {
  return { text, style };
}

/** Spans of recorded text, its escapes marked. */
export function recorded(text: string, style?: Style, options: EscapeOptions = { multiline: false }): Span[] {
  return terminalPieces(text, options).map((piece) => span(piece.text, piece.hidden ? 'hidden' : style));
}

const plain = /^[\x20-\x7e]*$/;

/** Terminal columns that a text takes. */
export function textWidth(text: string): number {
  return plain.test(text) ? text.length : stringWidth(text);
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + textWidth(text), 0);
}

const graphemes = new Intl.Segmenter();

/** The longest head of a text that fits into `width` columns, and the rest. Never parts a grapheme. */
export function splitText(text: string, width: number): readonly [head: string, rest: string] {
  if (plain.test(text)) return [text.slice(0, width), text.slice(width)];
  let used = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += textWidth(segment);
    if (used > width) return [text.slice(0, index), text.slice(index)];
  }
  return [text, ''];
}

/** The line, or as much of it as fits with an ellipsis. */
export function cutLine(line: Line, width: number): Line {
  if (lineWidth(line) <= width) return line;
  if (width < 1) return [];
  const cut: Span[] = [];
  let left = width - 1;
  for (const { text, style } of line) {
    const [head, rest] = splitText(text, left);
    if (head !== '') cut.push(span(head, style));
    left -= textWidth(head);
    if (rest !== '') break;
  }
  return [...cut, span('…', 'dim')];
}

/** The line filled up with spaces to `width` columns; cut when it is longer. */
export function padLine(line: Line, width: number): Line {
  const used = lineWidth(line);
  if (used > width) return padLine(cutLine(line, width), width);
  return used === width ? line : [...line, span(' '.repeat(width - used))];
}

/** The line pushed to the right end of `width` columns. */
export function padLineStart(line: Line, width: number): Line {
  const used = lineWidth(line);
  return used >= width ? cutLine(line, width) : [span(' '.repeat(width - used)), ...line];
}

/**
 * Folds a line into as many as it needs, behind a space where there is one in the second half; further lines are
 * indented by `indent`.
 */
export function foldLine(line: Line, width: number, indent = 0): Line[] {
  if (lineWidth(line) <= width) return [line];
  const text = line.map((part) => part.text).join('');
  const margin = indent > 0 && indent < width ? [span(' '.repeat(indent))] : [];
  const take = spanTaker(line);
  const lines: Line[] = [];
  for (let at = 0; at < text.length; ) {
    const room = Math.max(1, at === 0 ? width : width - indent);
    const length = foldAt(text.slice(at, at + room * 16), room);
    lines.push([...(at === 0 ? [] : margin), ...take(length)]);
    at += length;
  }
  return lines;
}

/** How much of a text, which is longer than a line unless it is the last, goes on one. A character wider than the whole line still has to go somewhere. */
function foldAt(text: string, width: number): number {
  const [head, rest] = splitText(text, width);
  if (rest === '') return text.length;
  if (head === '') return graphemes.segment(text)[Symbol.iterator]().next().value?.segment.length ?? text.length;
  const space = head.lastIndexOf(' ') + 1;
  return space > head.length / 2 && !rest.startsWith(' ') ? space : head.length;
}

/** Takes the spans of a line from the front, a number of code units at a time. */
function spanTaker(line: Line): (length: number) => Span[] {
  let index = 0;
  let offset = 0;
  return (length) => {
    const taken: Span[] = [];
    for (let left = length; left > 0; ) {
      const current = line[index];
      if (current === undefined) break;
      const part = current.text.slice(offset, offset + left);
      if (part !== '') taken.push(span(part, current.style));
      left -= part.length;
      offset += part.length;
      if (offset >= current.text.length) {
        index += 1;
        offset = 0;
      }
    }
    return taken;
  };
}

/** Splits spans at the line breaks they hold. */
export function linesOf(spans: Line): Line[] {
  const lines: Span[][] = [[]];
  for (const { text, style } of spans) {
    const [first = '', ...more] = text.split('\n');
    if (first !== '') lines.at(-1)?.push(span(first, style));
    for (const part of more) lines.push(part === '' ? [] : [span(part, style)]);
  }
  return lines;
}

/** The line as it is written out, without its line break. */
export function paintLine(line: Line, color: boolean): string {
  return line.map(({ text, style }) => (color && style !== undefined ? paint(style, text) : text)).join('');
}

/** Lines as they are written out, each with its line break. */
export function paintLines(lines: readonly Line[], color: boolean): string {
  return lines.map((line) => `${paintLine(line, color)}\n`).join('');
}
