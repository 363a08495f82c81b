import type { ApprovalRequest } from '../control/control-request.ts';
import { Refusal } from '../errors.ts';
import { type Approval, type ApprovalState, stateOf } from './approval.ts';
import type { AlarmClock } from './approval-book.ts';
import type { ApprovalDesk } from './approval-desk.ts';
import type { ApprovalEvent, Watched } from './approval-events.ts';
import type { Voters } from './voter.ts';

/** An approval as a command is told of it. */
export interface ApprovalView extends Approval {
  readonly state: ApprovalState;
}

/** What `approvals watch` is told: at first all that waits, then what happens. */
export interface WatchAnswer extends Omit<Watched, 'events'> {
  readonly events: readonly (Omit<ApprovalEvent, 'approval'> & { readonly approval: ApprovalView })[];
}

export interface AnswerOptions {
  readonly desk: ApprovalDesk;
  readonly voters: Voters;
  readonly clock: AlarmClock;
}

/** A look that sees nothing returns after so long, well within what a command waits for an answer. */
const watchUs = 20_000_000;

/** Answers the commands. Rejects with a Refusal that they may print. */
export async function answerApprovals(
  request: ApprovalRequest,
  { desk, voters, clock }: AnswerOptions,
): Promise<unknown> {
  const view = (approval: Approval): ApprovalView => ({ ...approval, state: stateOf(approval, clock.wallUs()) });
  switch (request.type) {
    case 'approvals list':
      return desk.list(request.all === true ? 'all' : 'waiting').map(view);
    case 'approvals show':
      return view(desk.get(request.approval));
    case 'approvals vote': {
      const { approval, vote, reason, as: by, token } = request;
      await voters.prove(by, token);
      return view(await desk.vote({ approval, by, vote, reason }));
    }
    case 'approvals revoke':
      return view(await desk.revoke(request.approval, request.by));
    case 'approvals watch': {
      const { after } = request;
      const first = desk.events.since(after);
      if (after !== undefined && !first.missed && first.events.length === 0) {
        await desk.events.next((late) => clock.at(clock.wallUs() + watchUs, late));
      }
      const { events, ...place } = after === undefined || first.missed ? first : desk.events.since(after);
      const asked: readonly ApprovalEvent[] =
        after === undefined || first.missed
          ? desk
              .list('waiting')
              .toReversed()
              .map((approval) => ({ type: 'requested', at: approval.requestedAt, approval }))
          : events;
      return { ...place, events: asked.map((event) => ({ ...event, approval: view(event.approval) })) };
    }
    default:
      throw new Refusal('0A000', 'the running gateway is of another version, and does not know the question', {
        hint: 'Use the command of its version, or restart it.',
      });
  }
}
