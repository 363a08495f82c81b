import { median, spread } from '../statistics.ts';
import type { Numbers } from './measures.ts';

/** A Markdown table: a row for each number, a column for each candidate with its median, and the spread of the rounds. */
export function tableOf(title: string, found: ReadonlyMap<string, readonly Numbers[]>): string {
  const names = Object.keys([...found.values()][0]?.[0] ?? {});
  const rows = names.map((name) => [
    name,
    ...[...found.values()].map((rounds) => cell(rounds.map((numbers) => numbers[name] ?? Number.NaN))),
  ]);
  const header = [title, ...found.keys()];
  return `${[header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`;
}

function cell(samples: readonly number[]): string {
  const around = Math.round(100 * Math.abs(spread(samples)));
  return `${show(median(samples))}${around > 0 ? ` ± ${around} %` : ''}`;
}

/** Three significant digits, and no fraction from a hundred on. */
function show(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}
