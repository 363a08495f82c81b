/** Rows as a table that fits the width, or one row below the other where it cannot. */
import { cutLine, type Line, lineWidth, padLine, padLineStart, type Span, span } from './line.ts';

export interface TableColumn {
  readonly title: Line;
  readonly align: 'left' | 'right';
  /** Never narrowed: a value to be copied, a time. */
  readonly whole?: boolean;
}

const separator = ' │ ';
const narrowest = 6;
const widest = 60;

/** The lines of a table of at most `width` columns. */
export function tableLines(columns: readonly TableColumn[], rows: readonly (readonly Line[])[], width: number): Line[] {
  if (columns.length === 0) return [];
  const natural = columns.map((column, i) =>
    Math.min(
      widest,
      rows.reduce((most, row) => Math.max(most, lineWidth(row[i] ?? [])), Math.max(1, lineWidth(column.title))),
    ),
  );
  const widths = fitWidths(natural, columns, width - 1 - separator.length * (columns.length - 1));
  if (widths === undefined) return records(columns, rows, width);
  const rule = widths.map((columnWidth) => '─'.repeat(columnWidth)).join('─┼─');
  return [
    row(
      columns.map(({ title }) => title.map(({ text, style }) => span(text, style ?? 'heading'))),
      columns,
      widths,
    ),
    [span(` ${rule}`, 'dim')],
    ...rows.map((cells) => row(cells, columns, widths)),
  ];
}

function row(cells: readonly Line[], columns: readonly TableColumn[], widths: readonly number[]): Line {
  const line: Span[] = [span(' ')];
  columns.forEach(({ align }, i) => {
    const width = widths[i] ?? 0;
    const cell = cells[i] ?? [];
    if (i > 0) line.push(span(separator, 'dim'));
    const last = i === columns.length - 1;
    line.push(...(align === 'right' ? padLineStart(cell, width) : last ? cutLine(cell, width) : padLine(cell, width)));
  });
  return line;
}

/** Narrows the widest columns, one step at a time, until all fit; undefined when they would get too narrow to read. */
function fitWidths(
  natural: readonly number[],
  columns: readonly TableColumn[],
  room: number,
): readonly number[] | undefined {
  const limited = (limit: number): number[] =>
    natural.map((width, i) => (columns[i]?.whole === true ? width : Math.min(width, limit)));
  const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, 0);
  let limit = Math.max(...natural);
  while (limit > narrowest && total(limited(limit)) > room) limit -= 1;
  const widths = limited(limit);
  return total(widths) > room ? undefined : widths;
}

/** One row below the other, a line for each value. */
function records(columns: readonly TableColumn[], rows: readonly (readonly Line[])[], width: number): Line[] {
  const nameWidth = Math.min(Math.floor(width / 3), Math.max(...columns.map(({ title }) => lineWidth(title))));
  return rows.flatMap((cells, i) => [
    cutLine([span(` ─ row ${i + 1} `.padEnd(Math.min(width, 40), '─'), 'dim')], width),
    ...columns.map(({ title }, column) =>
      cutLine(
        [
          span(' '),
          ...padLine(
            title.map(({ text, style }) => span(text, style ?? 'heading')),
            nameWidth,
          ),
          span(separator, 'dim'),
          ...(cells[column] ?? []),
        ],
        width,
      ),
    ),
  ]);
}
