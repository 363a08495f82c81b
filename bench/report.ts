import { appendFileSync, writeFileSync } from 'node:fs';
import type { ContenderName } from './contenders/contender.ts';
import { median, spread } from './statistics.ts';

/** One contender in one measure. */
export interface Line {
  readonly measure: string;
  readonly contender: ContenderName;
  /** What each round gave, in `unit`. */
  readonly samples: readonly number[];
  readonly unit: string;
  /** Further numbers, by name with unit: CPU, journal bytes, latencies. */
  readonly costs: { readonly [name: string]: number | undefined };
}

/** A number that stands for a measure; DESIGN §13 sets a target for most. */
export interface Finding {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  /** Undefined where there is none, and the number is told for what it is. */
  readonly target: string | undefined;
  readonly reached: boolean | undefined;
  /** What the number was made of. */
  readonly note: string;
}

/** Collects what was measured; prints tables for people, and writes JSON lines for machines. */
export class Report {
  readonly #jsonFile: string | undefined;
  readonly #print: (line: string) => void;
  readonly findings: Finding[] = [];

  constructor(jsonFile: string | undefined) {
    this.#jsonFile = jsonFile;
    // With JSON on standard output, what is for people goes to the other stream.
    this.#print = jsonFile === '-' ? (line) => console.error(line) : (line) => console.log(line);
    if (jsonFile !== undefined && jsonFile !== '-') writeFileSync(jsonFile, '');
  }

  say(line: string): void {
    this.#print(line);
  }

  /** What it was measured on. */
  context(facts: { readonly [name: string]: string | number | boolean }): void {
    this.#json({ type: 'context', ...facts });
    this.#print(
      Object.entries(facts)
        .map(([name, value]) => `${name} ${value}`)
        .join(' · '),
    );
  }

  /** The lines of one measure, as a table. */
  lines(title: string, lines: readonly Line[]): void {
    for (const line of lines) this.#json({ type: 'line', median: median(line.samples), ...line });
    const costs = [...new Set(lines.flatMap((line) => Object.keys(line.costs)))];
    const header = ['', lines[0]?.unit ?? '', 'spread', ...costs];
    const rows = lines.map((line) => [
      line.contender,
      show(median(line.samples)),
      line.samples.length > 1 ? `± ${(100 * spread(line.samples)).toFixed(0)} %` : '',
      ...costs.map((name) => show(line.costs[name])),
    ]);
    this.#print(`\n${title}`);
    for (const row of aligned([header, ...rows])) this.#print(`  ${row}`);
  }

  finding(finding: Finding): void {
    this.findings.push(finding);
    this.#json({ type: 'finding', ...finding });
  }

  summary(leftOut: readonly string[]): void {
    this.#print('\nTargets');
    const rows = this.findings.map(({ measure, value, unit, target, reached, note }) => [
      reached === undefined ? '' : reached ? 'reached' : 'NOT REACHED',
      measure,
      `${show(value)}${unit === '' ? '' : ` ${unit}`}`,
      target ?? '',
      note,
    ]);
    for (const row of aligned([['', 'measure', 'measured', 'target', ''], ...rows])) this.#print(`  ${row}`);
    for (const line of leftOut) this.#print(`  left out     ${line}`);
  }

  #json(object: object): void {
    const line = `${JSON.stringify(object)}\n`;
    if (this.#jsonFile === '-') process.stdout.write(line);
    else if (this.#jsonFile !== undefined) appendFileSync(this.#jsonFile, line);
  }
}

/** Three significant digits, and no fraction from a hundred on. */
function show(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}

/** Columns of equal width: the first and those that are no numbers to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => (/^[-±\d–]/.test(cell) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
