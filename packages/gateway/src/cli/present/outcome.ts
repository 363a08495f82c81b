/** How outcomes are shown: one sign and one style each. */
import type { StatementView } from '../../store/views.ts';
import type { Style } from './color.ts';

export interface OutcomeMark {
  /** One terminal column. */
  readonly sign: string;
  readonly style: Style;
  /** What it means, as a reviewer would say it. */
  readonly meaning: string;
}

/** Every outcome's mark. */
export const outcomeMarks: { readonly [Kind in StatementView['outcome']]: OutcomeMark } = {
  completed: { sign: '✓', style: 'good', meaning: 'completed' },
  failed: { sign: '✗', style: 'bad', meaning: 'failed' },
  skipped: { sign: '»', style: 'warning', meaning: 'skipped: an earlier statement of the pipeline failed' },
  cancelled: { sign: '⊘', style: 'warning', meaning: 'cancelled' },
  refused: { sign: '⊗', style: 'bad', meaning: 'refused by the gateway' },
  suspended: { sign: '‖', style: 'accent', meaning: 'suspended: more rows could have been fetched' },
  'client gone': { sign: '↯', style: 'warning', meaning: 'the client was gone before it ended' },
  unknown: { sign: '?', style: 'bad', meaning: 'outcome unknown' },
  running: { sign: '▸', style: 'accent', meaning: 'still running' },
};

export function outcomeMark(outcome: StatementView['outcome']): OutcomeMark {
  return outcomeMarks[outcome];
}

/** What a reviewer looks for first: everything that did not do what was asked. */
export function wentWrong(outcome: StatementView['outcome']): boolean {
  return outcome !== 'completed' && outcome !== 'suspended' && outcome !== 'running';
}
