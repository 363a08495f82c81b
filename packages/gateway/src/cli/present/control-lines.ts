/** Decisions, approvals and masks in the full view of a statement or a session. */
import type { ApprovalView, StatementView } from '../../store/views.ts';
import { approvalFacts, type ControlFact, decisionFacts, maskRows, maskTitles, withheldNote } from './control-facts.ts';
import { foldLine, type Line, linesOf, recorded, span } from './line.ts';
import type { Look } from './look.ts';
import { tableLines } from './table.ts';

/** Of labels, with the margin: as in the rest of what is known of a statement, and of a session. */
const statementLabel = 14;
const sessionLabel = 17;

/** What the policy said, and who approved it: before what came of it. */
export function policyLines(view: StatementView, look: Look): Line[] {
  if (view.decision === undefined && view.approvals.length === 0) return [];
  return [
    [span('Policy', 'heading')],
    ...(view.decision === undefined ? [] : factLines(decisionFacts(view.decision), look, statementLabel)),
    ...view.approvals.flatMap((approval) => factLines(approvalFacts(approval, look.timeZone), look, statementLabel)),
    [],
  ];
}

/** The approval under which a session could be opened. */
export function accessLines(approval: ApprovalView, look: Look): Line[] {
  return factLines(approvalFacts(approval, look.timeZone), look, sessionLabel);
}

/** What was hidden of the answer. */
export function maskLines({ masks }: StatementView, look: Look): Line[] {
  if (masks === undefined) return [];
  const rows = maskRows(masks);
  const note = withheldNote(masks);
  if (rows.length === 0 && note === undefined) return [];
  const columns = maskTitles.map((title, at) => ({
    title: [span(title)],
    align: at === maskTitles.length - 1 ? ('right' as const) : ('left' as const),
  }));
  const table = tableLines(
    columns,
    rows.map((row) => row.map((text) => recorded(text))),
    look.width,
  );
  return [
    [span('Masked', 'heading')],
    ...(rows.length === 0 ? [] : table),
    ...(note === undefined ? [] : foldLine([span(`  ${note}`, 'warning')], look.width, 2)),
    [],
  ];
}

function factLines(facts: readonly ControlFact[], look: Look, labelWidth: number): Line[] {
  return facts.flatMap(({ label, text, style, multiline }) => {
    const value = recorded(text, style, { multiline: multiline === true });
    return linesOf(value).flatMap((line, at) => {
      const name = span(`  ${(at === 0 ? label : '').padEnd(labelWidth - 2)}`, 'dim');
      return foldLine([name, ...line], look.width, labelWidth);
    });
  });
}
