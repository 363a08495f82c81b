import { errorBody } from '../error-response.ts';
import type { ExpectedReply } from '../expected-replies.ts';
import type { OpenStatement } from '../open-statement.ts';
import { readServerError } from '../server-error.ts';
import { withheld } from '../withheld.ts';
import { leaveCopyIn, leaveStream } from './copy.ts';
import type { FromServer } from './from-server.ts';
import { isOnlyParsed } from './guarded-replies.ts';

/**
 * ErrorResponse. In the extended protocol it discards what is expected up to the Sync; in a simple Query it ends that
 * Query only, and with FATAL the session.
 */
export function takeError(from: FromServer, head: ExpectedReply | undefined): void {
  const { state } = from;
  const body = from.body();
  const { severity, sqlstate } = readServerError(body);
  const open = head?.current;
  state.options.guard?.failed(open?.refusal === undefined ? open?.judged : undefined);
  const isFatal = severity === 'FATAL' || severity === 'PANIC';
  const isOurs = from.guarded !== undefined && !isFatal && takesPlace(from, head);
  if (!isOurs) recordError(from, head, { body, sqlstate });
  if (isFatal) return endSession(from, sqlstate);
  if (head === undefined) return;
  if (head.to === 'query' || head.to === 'call') {
    if (open !== undefined) leaveCopyIn(state, open);
    head.failed = true;
    return leaveStream(from);
  }
  if (head.to !== 'sync') discardToSync(from, open);
}

/** True when the server's error is the one that was provoked, and the gateway's own takes its place. */
function takesPlace({ client, outcomes }: FromServer, head: ExpectedReply | undefined): boolean {
  const refused = head?.statements.find(({ judged }) => judged?.verdict.decision !== 'allow') ?? head?.current;
  const refusal = refused?.refusal ?? head?.current?.givesUp;
  if (refused === undefined || refusal === undefined || refused.ended) return false;
  if (isOnlyParsed(head) && !refused.isParseRefused) return false;
  client.insert(refusal);
  const outcome = refused.refusal === undefined ? 'cancelled' : 'refused';
  outcomes.end(refused, { outcome, error: errorBody(refusal) });
  return true;
}

function recordError(
  from: FromServer,
  head: ExpectedReply | undefined,
  { body, sqlstate }: { readonly body: Uint8Array; readonly sqlstate: string },
): void {
  const seen = from.guarded?.report(head, body) ?? body;
  const open = head?.current;
  if (open === undefined || open.ended || head?.to === 'sync') return from.record('error', seen);
  const outcome = sqlstate === '57014' ? 'cancelled' : 'failed';
  from.outcomes.end(open, { outcome, error: open.redacted ? withheld(seen) : seen });
}

function discardToSync({ state, client, outcomes }: FromServer, failed: OpenStatement | undefined): void {
  if (failed !== undefined) leaveCopyIn(state, failed);
  for (const reply of state.expected.discardToSync()) {
    if (reply.named !== undefined) reply.named.dead = true;
    outcomes.skip(reply);
  }
  const { head } = state.expected;
  if (head === undefined) state.skipping = true;
  else state.discarding = head.doubtful;
  client.answerDue();
}

/** The server ends the session: nothing behind the error was run. */
function endSession({ state, outcomes }: FromServer, sqlstate: string): void {
  for (let reply = state.expected.shift(); reply !== undefined; reply = state.expected.shift()) outcomes.skip(reply);
  state.fatal = sqlstate;
}
