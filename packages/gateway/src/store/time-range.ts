import type { Kysely } from 'kysely';
import { entriesPerMark, type IndexSchema } from './schema.ts';

/** Journal indices from `from` up to, not including, `until`. */
export interface EntryRange {
  readonly from: number;
  readonly until: number;
}

/**
 * The entries among which those of a time range are. The wall clock may have been set back, so that times are not
 * quite in order: the range is a little wide, and who uses it looks at `at` too. It ends where the index ends now.
 */
export async function entriesOf(
  index: Kysely<IndexSchema>,
  fromUs: number | undefined,
  untilUs: number | undefined,
): Promise<EntryRange> {
  const [first, last, cursor] = await Promise.all([
    fromUs === undefined
      ? { mark: 0 }
      : index
          .selectFrom('time_marks')
          .select('mark')
          .where('max_at', '>=', fromUs)
          .orderBy('mark')
          .limit(1)
          .executeTakeFirst(),
    untilUs === undefined
      ? { mark: Number.POSITIVE_INFINITY }
      : index
          .selectFrom('time_marks')
          .select('mark')
          .where('min_at', '<', untilUs)
          .orderBy('mark', 'desc')
          .limit(1)
          .executeTakeFirst(),
    index.selectFrom('cursor').select('next').executeTakeFirst(),
  ]);
  if (first === undefined || last === undefined || cursor === undefined) return { from: 0, until: 0 };
  return { from: first.mark * entriesPerMark, until: Math.min((last.mark + 1) * entriesPerMark, cursor.next) };
}
