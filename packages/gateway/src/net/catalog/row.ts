/** A row of an answer, as text. */
export type Row = readonly (string | null)[];

/** Its first value, an OID nearly always. */
export function firstNumber([value]: Row): number {
  return Number(value);
}

/** The second number of pairs, by the first: each once, the least first. */
export function numbersBy(rows: readonly Row[]): ReadonlyMap<number, readonly number[]> {
  const numbers = new Map<number, readonly number[]>();
  for (const [key, group] of Map.groupBy(rows, firstNumber)) {
    numbers.set(
      key,
      Array.from(new Set(group.map(([, value]) => Number(value)))).sort((a, b) => a - b),
    );
  }
  return numbers;
}
