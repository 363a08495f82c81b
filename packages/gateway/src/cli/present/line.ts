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
 * Folds a line into as many as it needs, behind a space where there is one within half a width of the edge; further
 * lines are indented by `indent`.
 */
export function foldLine(line: Line, width: number, indent = 0): Line[] {
  if (lineWidth(line) <= width) return [line];
  const lines: Line[] = [];
  const queue = [...line];
  let current: Span[] = [];
  let left = Math.max(1, width);
  const next = (): void => {
    lines.push(current);
    current = indent > 0 && indent < width ? [span(' '.repeat(indent))] : [];
    left = Math.max(1, width - lineWidth(current));
  };
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
    if (textWidth(item.text) <= left) {
      current.push(item);
      left -= textWidth(item.text);
      continue;
    }
    let [head, rest] = splitText(item.text, left);
    const space = head.lastIndexOf(' ') + 1;
    if (space > 0 && textWidth(head) - space < width / 2 && !rest.startsWith(' ')) {
      rest = head.slice(space) + rest;
      head = head.slice(0, space);
    }
    // A single character wider than a whole line still has to go somewhere.
    if (head === '' && (current.length === 0 || left >= width - indent)) {
      const first = graphemes.segment(item.text)[Symbol.iterator]().next().value?.segment ?? item.text;
      head = first;
      rest = item.text.slice(first.length);
    }
    if (head !== '') current.push(span(head, item.style));
    if (rest !== '') {
      next();
      queue.unshift(span(rest, item.style));
    }
  }
  if (current.length > 0) lines.push(current);
  return lines;
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
