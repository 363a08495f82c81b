import type { ApprovalStepView, ApprovalView, StatementView } from '../../store/views.ts';
import { isoMicros } from './statement-json.ts';

/** What scripts read of decisions, approvals and masks; nothing of what there is none of. */
export function controlsJson(view: StatementView): { readonly [field: string]: unknown } {
  return {
    ...(view.decision === undefined ? {} : { decision: view.decision.decision, rules: view.decision.rules }),
    ...(view.approvals.length === 0 ? {} : { approvals: view.approvals.map(approvalJson) }),
    ...(view.masks === undefined ? {} : { masked: view.masks }),
  };
}

/** An approval with all of its steps. */
export function approvalJson(view: ApprovalView): object {
  const { approval, scope, session, n, hash, asks, requestedAt, expiresAt, reason, connection, steps } = view;
  return {
    approval,
    scope: scope ?? null,
    session,
    n: n ?? null,
    connection: connection ?? null,
    requestedAt: requestedAt === undefined ? null : isoMicros(requestedAt),
    expiresAt: expiresAt === undefined ? null : isoMicros(expiresAt),
    asks,
    reason: reason ?? null,
    hash: hash ?? null,
    steps: steps.map(stepJson),
  };
}

function stepJson(step: ApprovalStepView): object {
  const at = isoMicros(step.at);
  if (step.type !== 'end') return { ...step, at };
  const { usableUntil, ...rest } = step;
  return { ...rest, at, ...(usableUntil === undefined ? {} : { usableUntil: isoMicros(usableUntil) }) };
}
