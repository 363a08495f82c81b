import { type Body, type Chains, gatewaySession, type UnusedApproval } from '@onrecord/record';

/**
 * Which statements of a session were kept from Postgres by an approval, as its entries tell it. An approval keeps what
 * waits for it until `approval_used` is on record; what is answered before that waits no more. Pure.
 */

const none: readonly UnusedApproval[] = [];

/** The session's unused approvals behind an entry of it. The same array when nothing has changed. */
export function unusedAfter(
  unused: readonly UnusedApproval[],
  body: Body,
  { session, identity }: Chains,
): readonly UnusedApproval[] {
  switch (body.type) {
    case 'approval_requested':
      return [
        ...unused,
        {
          approval: body.approval,
          ...(body.of === undefined ? {} : { of: body.of }),
          ...(session === gatewaySession ? { identity } : {}),
        },
      ];
    case 'approval_used':
      return without(unused, ({ approval }) => approval === body.approval);
    case 'approval_ended':
      if (body.result !== 'approved') return without(unused, ({ approval }) => approval === body.approval);
      return changed(unused, body.approval);
    case 'outcome':
      return unused.length === 0 ? unused : answered(unused, body.of);
    default:
      return unused;
  }
}

/** Questions without an end. */
export function unended(unused: readonly UnusedApproval[]): readonly UnusedApproval[] {
  return unused.filter(({ approved }) => approved === undefined);
}

/** Number from which on no statement of the session was forwarded; infinite when none is known to have been kept. */
export function heldFrom(unused: readonly UnusedApproval[]): number {
  return Math.min(
    ...unused.map(({ of, answered: over }) => (of === undefined || over ? Number.POSITIVE_INFINITY : of)),
  );
}

/** One that was approved keeps its statements until it is used; for access to a connection there is nothing to keep. */
function changed(unused: readonly UnusedApproval[], approved: string): readonly UnusedApproval[] {
  return unused.flatMap((each) => {
    if (each.approval !== approved) return [each];
    return each.of === undefined || each.answered ? [] : [{ ...each, approved: true } as const];
  });
}

/** Replies keep their order: once a statement behind `of` is answered, those that waited are dealt with. */
function answered(unused: readonly UnusedApproval[], n: number): readonly UnusedApproval[] {
  if (unused.every(({ of, answered: over }) => over || of === undefined || of > n)) return unused;
  return unused.flatMap((each) => {
    if (each.of === undefined || each.of > n) return [each];
    return each.approved ? [] : [{ ...each, answered: true } as const];
  });
}

function without(
  unused: readonly UnusedApproval[],
  gone: (each: UnusedApproval) => boolean,
): readonly UnusedApproval[] {
  const left = unused.filter((each) => !gone(each));
  return left.length === 0 ? none : left;
}
