const factors: { readonly [unit: string]: number } = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** What a size looks like: a number of bytes, or a number with a unit that says which kilo it means. */
export const sizePattern: RegExp = /^(\d{1,15}(?:\.\d{1,6})?) ?(B|KiB|MiB|GiB)$/;

/** Bytes of `256KiB`, `1 GiB`, `1.5MiB`; undefined when it is not a size. `kB` means 1,000 to some and 1,024 to Postgres: not a size. */
export function parseSize(text: string): number | undefined {
  const match = sizePattern.exec(text);
  const factor = factors[match?.[2] ?? ''];
  if (match === null || factor === undefined) return undefined;
  const bytes = Number(match[1]) * factor;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest exact way to write a number of bytes. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const factor = factors[unit] as number;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}
