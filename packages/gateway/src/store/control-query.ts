import { type Expression, type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { controlled, decisionCode } from './codes.ts';
import type { IndexSchema } from './schema.ts';
import type { StatementFilter } from './statement-filter.ts';
import type { EntryRange } from './time-range.ts';

/** A table with the entries of statements that a filter asks for, and what its rows must be. */
export interface ControlCriterion {
  /** True of the row of a statement `s`. */
  readonly holds: Expression<SqlBool>;
  /** Up to `limit` entries of the range, ascending. */
  entries(range: EntryRange, limit: number): Promise<readonly number[]>;
}

/**
 * What a filter asks of decisions, approvals and masks, the most telling first; null when nothing can be found, because
 * there is no such rule on the record.
 */
export async function controlCriteria(
  index: Kysely<IndexSchema>,
  { approval, rule, masked, decision }: StatementFilter,
): Promise<readonly ControlCriterion[] | null> {
  const found: ControlCriterion[] = [];
  if (approval !== undefined) found.push(criterion(index, 'approval_statements', sql`approval = ${approval}`));
  if (rule !== undefined) {
    const row = await index.selectFrom('rules').select('id').where('name', '=', rule).executeTakeFirst();
    if (row === undefined) return null;
    found.push(control(index, controlled.rule, row.id));
  }
  if (masked === true) found.push(control(index, controlled.masked, 0));
  if (decision !== undefined) found.push(control(index, controlled.decision, decisionCode(decision)));
  return found;
}

function control(index: Kysely<IndexSchema>, what: number, name: number): ControlCriterion {
  return criterion(index, 'controlled', sql`what = ${what} AND name = ${name}`);
}

function criterion(
  index: Kysely<IndexSchema>,
  table: 'controlled' | 'approval_statements',
  where: RawBuilder<unknown>,
): ControlCriterion {
  const rows = sql`${sql.table(table)} WHERE ${where}`;
  return {
    holds: sql<SqlBool>`EXISTS (SELECT 1 FROM ${rows} AND entry = s.entry)`,
    entries: async ({ from, until }, limit) => {
      const query = sql<{ readonly entry: number }>`
        SELECT entry FROM ${rows} AND entry >= ${from} AND entry < ${until} ORDER BY entry LIMIT ${limit}`;
      return (await query.execute(index)).rows.map(({ entry }) => entry);
    },
  };
}
