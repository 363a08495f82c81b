import { type ApprovalEnded, type Body, gatewaySession } from '@onrecord/record';
import { appendEntries } from '../journal/append-entries.ts';
import type { Recorder } from '../journal/receipt.ts';
import type { Approval, End } from './approval.ts';
import type { AlarmClock, ApprovalBook } from './approval-book.ts';
import type { ApprovalShelf } from './approval-shelf.ts';

/** Reads the journal from an index on. */
export type EntriesFrom = (index: number) => Iterable<{ readonly at: number; readonly body: Body }>;

export interface RecoverInto {
  readonly recorder: Recorder;
  readonly clock: AlarmClock;
  readonly shelf: ApprovalShelf;
  readonly book: ApprovalBook;
}

/**
 * Settles what the gateway's last run left in the state. What the journal says counts: an end that was recorded is taken
 * from it, also one that the journal's own recovery wrote; without one, "gateway died" is recorded; and what was never on
 * record was never asked. What was approved for a while can be used again, unless that while is over.
 */
export async function recoverApprovals(entriesFrom: EntriesFrom, into: RecoverInto): Promise<void> {
  const { shelf, book, clock } = into;
  const left = shelf.left();
  const waited = left.filter(({ approval }) => approval.end === undefined);
  const found = waited.length === 0 ? nothing : read(entriesFrom, Math.min(...waited.map((each) => each.afterIndex)));
  for (const { approval } of left) {
    if (approval.end === undefined && !found.requested.has(approval.id)) {
      shelf.remove(approval.id);
      continue;
    }
    const ended = approval.end === undefined ? await settled(approval, found.ends.get(approval.id), into) : approval;
    const { end } = ended;
    const isUsable = end?.again === true && (end.usableUntil ?? 0) > clock.wallUs() && ended.revoked === undefined;
    shelf.save(ended, isUsable ? 'live' : 'over');
    if (isUsable) book.restore(ended);
  }
}

interface Found {
  readonly requested: ReadonlySet<string>;
  /** The last end of each. */
  readonly ends: ReadonlyMap<string, { readonly at: number; readonly body: ApprovalEnded }>;
}

const nothing: Found = { requested: new Set(), ends: new Map() };

function read(entriesFrom: EntriesFrom, afterIndex: number): Found {
  const requested = new Set<string>();
  const ends = new Map<string, { at: number; body: ApprovalEnded }>();
  for (const { at, body } of entriesFrom(Math.max(0, afterIndex))) {
    if (body.type === 'approval_requested') requested.add(body.approval);
    if (body.type === 'approval_ended') ends.set(body.approval, { at, body });
  }
  return { requested, ends };
}

async function settled(
  approval: Approval,
  found: { readonly at: number; readonly body: ApprovalEnded } | undefined,
  { recorder, clock }: RecoverInto,
): Promise<Approval> {
  if (found !== undefined) return { ...approval, end: endOf(found.body, found.at) };
  const { id, question } = approval;
  const body: ApprovalEnded = {
    type: 'approval_ended',
    approval: id,
    ...(question.statement === undefined ? {} : { of: question.statement }),
    result: 'gateway died',
    by: [],
  };
  // The session that asked has been closed by the journal's recovery.
  await appendEntries(recorder, { session: gatewaySession, identity: question.identity }, [body], 'synced');
  return { ...approval, end: endOf(body, clock.wallUs()) };
}

function endOf({ result, by, reason, usableUntil }: ApprovalEnded, at: number): End {
  return {
    result,
    by,
    at,
    again: usableUntil !== undefined,
    ...(reason === undefined ? {} : { reason }),
    ...(usableUntil === undefined ? {} : { usableUntil }),
  };
}
