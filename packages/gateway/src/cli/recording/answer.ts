import type { StatementFilter } from '../../store/statement-filter.ts';
import type { Store } from '../../store/store.ts';
import type { EventView, StatementView } from '../../store/views.ts';
import { type Completeness, isComplete } from '../present/completeness.ts';
import { wentWrong } from '../present/outcome.ts';
import { formatCount } from '../present/quantity.ts';
import { leftOutBy } from './own.ts';

/** Counts an answer while it is given, and says at its end what may be missing from it. */
export class Answer {
  #statements = 0;
  #failed = 0;
  readonly #sessions = new Set<string>();

  add(view: StatementView): void {
    this.#statements += 1;
    if (wentWrong(view.outcome)) this.#failed += 1;
    this.#sessions.add(view.session);
  }

  /** `more`: it stopped at a limit. */
  async completeness(
    store: Store,
    filter: StatementFilter,
    end: { readonly nowUs: number; readonly more: boolean },
  ): Promise<Completeness> {
    const { openSessions, holes, unknownOutcomes, unknownTables, damage } = await store.reservations(filter, end.nowUs);
    const own = leftOutBy(filter);
    const hole = { index: store.next, at: end.nowUs, session: '', identity: '' };
    const more: EventView[] = [];
    if (unknownTables > 0) {
      const summary = `${formatCount(unknownTables, 'statement')} could not be parsed: they may name the table as well`;
      more.push({ ...hole, type: 'unparsed', summary });
    }
    if (damage !== undefined) more.push({ ...hole, type: 'damaged', summary: `cannot be read on: ${damage}` });
    return {
      statements: this.#statements,
      failed: this.#failed,
      sessions: this.#sessions.size,
      more: end.more,
      openSessions,
      holes: [...holes, ...more],
      unknownOutcomes,
      notIndexed: 0,
      leftOut: own === undefined ? 0 : await store.countStatements(own),
    };
  }
}

/** True when the journal could not be read to its end. */
export function isDamaged(answer: Completeness): boolean {
  return answer.holes.some(({ type }) => type === 'damaged');
}

/** The last line that `--json` writes, to standard error. */
export function completenessJson(answer: Completeness, range: string): object {
  return {
    type: 'completeness',
    range,
    complete: isComplete(answer),
    statements: answer.statements,
    failed: answer.failed,
    sessions: answer.sessions,
    more: answer.more,
    openSessions: answer.openSessions,
    holes: answer.holes.map(({ at, type, summary }) => ({ at: new Date(at / 1000).toISOString(), type, summary })),
    unknownOutcomes: answer.unknownOutcomes,
    leftOut: answer.leftOut ?? 0,
  };
}
