/** What the player plays: an outline of the session that is there at once, and statements loaded when looked at. */
import type { SessionView, StatementView } from '../../store/views.ts';

/** Enough of a statement for the list, the timeline, the pace and the search. */
export interface OutlineItem {
  readonly n: number;
  readonly at: number;
  readonly outcome: StatementView['outcome'];
  readonly durationUs: number | undefined;
  /** The SQL, or the head of a long one. */
  readonly sql: string;
  /** SQLSTATE and message of the error. */
  readonly error: string | undefined;
}

export interface Recording {
  readonly session: SessionView;
  /** In order. Grows at its end while the session is still being read. */
  readonly outline: readonly OutlineItem[];
  /** `reading` the rest of the outline, `whole`, or why the rest could not be read. */
  readonly progress: 'reading' | 'whole' | Error;
  /** Calls when the outline or the progress has changed, until the returned function is called. */
  onProgress(listener: () => void): () => void;
  /** The whole statement at a place of the outline, from 0. */
  load(position: number): Promise<StatementView>;
}

/** How much of a statement's SQL an outline keeps. */
const outlineSqlLength = 4096;

/** The outline's part of a statement. */
export function outlineItem(view: StatementView): OutlineItem {
  return {
    n: view.n,
    at: view.at,
    outcome: view.outcome,
    durationUs: view.durationUs,
    sql: view.sql.slice(0, outlineSqlLength),
    error: view.error && `${view.error.sqlstate} ${view.error.message}`,
  };
}
