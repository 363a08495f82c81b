import { type GatewayError, Refusal } from '../../errors.ts';
import { errorResponse } from '../error-response.ts';
import type { Judged, ToJudge } from '../guard.ts';
import type { LargeBind } from '../large-bind.ts';
import { poisonParse } from '../poison.ts';
import { decisionBody, statementBody } from '../recorded.ts';
import type { FromClient } from './from-client.ts';
import { expectPortal, prepareAgain, statementOf } from './portal.ts';
import { denial } from './refuse.ts';

/** A piece of a Bind that is too large to be held: recorded and forwarded as it comes, once its names are known. */
export function takeBindPiece(from: FromClient, large: LargeBind): void {
  const { state, framer, server } = from;
  const { bytes, start, end, first, last } = framer;
  if (first) server.commit();
  const names = large.push(bytes.subarray(first ? start + 5 : start, end));
  if (names !== undefined && !beginBind(from, large, names)) return;
  if (large.statement === undefined) large.keepUnsent(bytes.subarray(start, end));
  else if (!large.isRefused) server.forward();
  // Nobody has looked through the pieces.
  if (state.options.redact === undefined) large.record(server.turn.entries);
  else if (large.statement !== undefined) large.statement.redacted = true;
  if (last) endBind(from, large);
}

/** The names have come, and with them all that is judged. False when the message has to wait. */
function beginBind(
  from: FromClient,
  large: LargeBind,
  { portal, name }: { readonly portal: Uint8Array; readonly name: Uint8Array },
): boolean {
  const { arrived, server } = from;
  const judgement = judgeLargeBind(from, name);
  if (judgement === 'wait') {
    from.awaitCatalog();
    return false;
  }
  const statement = statementOf(from, portal, name);
  statement.judged = judgement.judged;
  arrived.numberApart(statement, server.turn);
  large.statement = statement;
  large.toJudge = judgement.toJudge;
  if (judgement.error !== undefined) {
    statement.refusal = errorResponse(judgement.error);
    large.isRefused = true;
    return true;
  }
  prepareAgain(from, statement, name);
  for (const piece of large.takeUnsent()) server.insert(piece);
  return true;
}

function endBind(from: FromClient, { statement, toJudge, isRefused }: LargeBind): void {
  const { server } = from;
  if (statement === undefined) return;
  // Not before its end: the answer would be there first.
  if (isRefused) server.insert(poisonParse);
  server.turn.entries.push(statementBody(statement));
  const decision = decisionBody(statement);
  if (decision !== undefined) server.turn.entries.push(decision);
  expectPortal(from, statement.portal ?? nothing, { statement, toJudge });
}

interface Judgement {
  readonly judged?: Judged | undefined;
  readonly toJudge?: ToJudge | undefined;
  /** Why the Bind may not be passed on, if so. */
  readonly error?: GatewayError | undefined;
}

/** It is not held for people, and for the catalog only at its first piece. */
function judgeLargeBind(from: FromClient, name: Uint8Array): Judgement | 'wait' {
  const { state, keeper, server, framer } = from;
  if (keeper === undefined) return {};
  if (server.withholds) return { error: tooLargeToWait() };
  const key = state.nameKey(name);
  const toJudge = keeper.toJudgeBind(key, undefined);
  const judged = keeper.missing(key, name) ?? keeper.judge([toJudge], from.us)?.[0];
  if (judged === undefined) return framer.first ? 'wait' : { error: tooLargeToWait() };
  const { decision } = judged.verdict;
  if (decision === 'approve') return { judged, error: tooLargeToWait() };
  return { judged, toJudge, error: decision === 'deny' ? denial(judged) : undefined };
}

function tooLargeToWait(): Refusal {
  return new Refusal(
    '54000',
    'the parameters are too large for a statement that has to wait for approval or for the catalog',
    { hint: 'Send them in smaller pieces.' },
  );
}

const nothing = new Uint8Array(0);
