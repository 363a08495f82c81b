import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { IndexSchema } from './schema.ts';
import type { EntryRange } from './time-range.ts';

/** The texts that a search is about. The one place that knows which full-text engine there is. */
export interface MatchingTexts {
  /** Their numbers, as a subquery. */
  readonly query: RawBuilder<number>;
  /** Statements in the range that have one of the texts, in journal order; undefined when there are more than `max`. */
  executions(range: EntryRange, max: number): Promise<readonly number[] | undefined>;
}

export interface TextCriteria {
  /** Full-text expression; undefined: any. */
  readonly expression: string | undefined;
  /** `t` or `schema.t`; '' for texts that could not be parsed. */
  readonly table: string | undefined;
}

export function textsWith(index: Kysely<IndexSchema>, criteria: TextCriteria): MatchingTexts {
  const query =
    criteria.table === undefined ? withWords(criteria.expression) : withTable(criteria.table, criteria.expression);
  return {
    query,
    async executions(range, max) {
      // CROSS JOIN: the texts lead, whatever the planner thinks of it.
      const found = await sql<{ entry: number }>`
        SELECT s.entry FROM (${query}) AS t CROSS JOIN statements AS s ON s.text = t.id
        WHERE s.entry >= ${range.from} AND s.entry < ${range.until} LIMIT ${max + 1}`.execute(index);
      if (found.rows.length > max) return undefined;
      return found.rows.map((row) => row.entry).sort((a, b) => a - b);
    },
  };
}

function withWords(expression: string | undefined): RawBuilder<number> {
  return sql<number>`SELECT rowid AS id FROM texts_fts WHERE texts_fts MATCH ${expression}`;
}

function withTable(table: string, expression: string | undefined): RawBuilder<number> {
  const dot = table.lastIndexOf('.');
  const name = table.slice(dot + 1);
  // Which schema a bare name meant depends on the search_path of the moment: left out, the answer could have a hole.
  const schema = dot < 0 ? sql`1` : sql`tables.schema IN (${table.slice(0, dot)}, '')`;
  const words = expression === undefined ? sql`1` : sql`text_tables.text IN (${withWords(expression)})`;
  return sql<number>`SELECT DISTINCT text_tables.text AS id FROM tables
    JOIN text_tables ON text_tables.table_id = tables.id WHERE tables.name = ${name} AND ${schema} AND ${words}`;
}
