import { outOfPlace } from '../backend-framer.ts';
import type { ExpectedReply } from '../expected-replies.ts';
import { leaveCopyIn, leaveStream } from './copy.ts';
import { applyEffect } from './effect.ts';
import type { FromServer } from './from-server.ts';
import { completed } from './outcomes.ts';
import { endOverLimit } from './row-limit.ts';

/** CommandComplete with its tag, or EmptyQueryResponse: a statement has ended well. */
export function takeCompletion(from: FromServer, head: ExpectedReply, tag: string | undefined): void {
  const { state, outcomes } = from;
  const open = from.statement(head);
  leaveStream(from);
  leaveCopyIn(state, open);
  if (open.copies === 'in') state.expected.dropDoubtful();
  if (open.overLimit && !open.ended) endOverLimit(from, open);
  else if (head.to === 'query' && head.unsplit) return outcomes.part(open, tag);
  else {
    // More answers than statements: they belong to the last one.
    if (open.ended) open.resetResult();
    outcomes.end(open, completed(tag));
    if (tag !== undefined) applyEffect(state, open);
  }
  if (head.to === 'execute') from.next();
  else head.next += 1;
}

/** PortalSuspended: an Execute has its rows, and there may be more. */
export function takeSuspension(from: FromServer, head: ExpectedReply): void {
  if (head.to !== 'execute') throw outOfPlace(from.framer.tag);
  from.outcomes.end(from.statement(head), { outcome: 'suspended' });
  from.next();
}

/** FunctionCallResponse; its ReadyForQuery is still to come. */
export function takeFunctionResult(from: FromServer, head: ExpectedReply): void {
  const open = from.statement(head);
  if (from.framer.first) open.functionResult = from.body();
  const reason = from.framer.first ? undefined : 'the result was too large to be kept';
  from.outcomes.end(open, { outcome: 'completed', ...(reason === undefined ? {} : { reason }) });
}
