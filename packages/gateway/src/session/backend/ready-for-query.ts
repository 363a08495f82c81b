import type { TransactionStatus } from '@onrecord/record';
import { ProtocolError } from '@onrecord/wire';
import { outOfPlace } from '../backend-framer.ts';
import type { ExpectedReply } from '../expected-replies.ts';
import type { Named } from '../name-table.ts';
import type { Portal, Prepared } from '../open-statement.ts';
import type { SessionState } from '../session-state.ts';
import type { FromServer } from './from-server.ts';

/** ReadyForQuery: the answer to a Sync, or the end of a Query or a FunctionCall. */
export function takeReady(from: FromServer, head: ExpectedReply | undefined): void {
  const { state, framer, outcomes } = from;
  const { bytes, start, tag } = framer;
  state.transaction = String.fromCharCode(bytes[start + 5] ?? 0) as TransactionStatus;
  from.guarded?.ready();
  // One that was rolled back is not there any more; then nobody can use its name, and keeping it harms nobody.
  if (state.transaction === 'I') state.portals.forgetConfirmed({ but: isHeld });
  if (head?.to !== 'query' && head?.to !== 'sync' && head?.to !== 'call') throw outOfPlace(tag);
  if (head.to === 'query') endQuery(from, head);
  outcomes.ready(state.transaction);
  if (head.doubtful) settleDoubtful(state);
  state.discarding = false;
  from.next();
}

/** The Query is over: statements that it did not answer were not run, or cannot be told from the others. */
function endQuery({ state, outcomes }: FromServer, head: ExpectedReply): void {
  if (head.named !== undefined) state.prepared.confirm(head.named as Named<Prepared>);
  for (const statement of head.statements) {
    if (statement.ended) continue;
    if (head.failed) outcomes.end(statement, { outcome: 'skipped' });
    else if (head.unsplit) outcomes.end(statement, { outcome: 'completed' });
    else outcomes.end(statement, { outcome: 'unknown', reason: tooFew });
  }
}

/**
 * This ReadyForQuery answers a doubtful Sync, or all of those were passed over and it answers the first certain one.
 * Which it was matters when something stands between them that was run in the first case and discarded in the second.
 * With no data behind the last doubtful Sync, the COPY cannot have failed behind it.
 */
function settleDoubtful({ expected, discarding }: SessionState): void {
  const { sync, others, data } = expected.behindDoubtful();
  if (sync === undefined) return;
  if (!others) sync.doubtful = true;
  else if (discarding && data) throw new ProtocolError(untold);
}

function isHeld(portal: Portal): boolean {
  return portal.held;
}

const tooFew = 'the server answered with fewer results than statements';
const untold =
  'it cannot be told which statements were run: a COPY failed, and a Sync that was sent with its data was not the last';
