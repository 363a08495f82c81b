/** The first page is small, so that it is there at once; later ones grow. */
const firstPage = 64;
const largestPage = 4096;

export interface PageOptions {
  /** Begins behind this entry. */
  readonly after: number;
  readonly limit: number;
}

/**
 * Rows in the order of their entries, read page by page behind the last one, so that nothing is held open or skipped over
 * however slowly they are taken.
 */
export async function* inPages<Row extends { readonly entry: number }>(
  options: PageOptions,
  page: (options: PageOptions) => Promise<readonly Row[]>,
): AsyncGenerator<Row> {
  let { after, limit: left } = options;
  for (let size = firstPage; left > 0; size = Math.min(largestPage, size * 4)) {
    const limit = Math.min(size, left);
    const rows = await page({ after, limit });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    after = last.entry;
    left -= rows.length;
  }
}
