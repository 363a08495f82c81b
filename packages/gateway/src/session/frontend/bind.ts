import type { Judged, ToJudge } from '../guard.ts';
import type { OpenStatement } from '../open-statement.ts';
import { poisonParse } from '../poison.ts';
import { redactedParameters } from '../redacted-parameters.ts';
import { ownedToJudge } from '../statement-judge.ts';
import type { FromClient } from './from-client.ts';
import { expectPortal, prepareAgain, statementOf } from './portal.ts';
import { refuse } from './refuse.ts';

/** Bind: a portal, which is a prepared statement with its parameters. */
export function takeBind(from: FromClient): void {
  const reader = from.reader();
  const portal = reader.cstringBytes();
  const name = reader.cstringBytes();
  const parameters = reader.rest();
  const judgement = judgeBind(from, name, parameters);
  if (judgement === 'wait') return;
  const statement = statementOf(from, portal, name);
  keepParameters(from, statement, parameters);
  statement.judged = judgement.judged;
  forwardBind(from, statement, name);
  expectPortal(from, portal, { statement, toJudge: judgement.toJudge });
}

interface Judgement {
  readonly judged: Judged | undefined;
  readonly toJudge: ToJudge | undefined;
}

const unguarded: Judgement = { judged: undefined, toJudge: undefined };

/** What the guard says of what a Bind will execute. */
function judgeBind(from: FromClient, name: Uint8Array, parameters: Uint8Array): Judgement | 'wait' {
  const { keeper } = from;
  if (keeper === undefined) return unguarded;
  const key = from.state.nameKey(name);
  const missing = keeper.missing(key, name);
  if (missing !== undefined) return { judged: missing, toJudge: undefined };
  const toJudge = keeper.toJudgeBind(key, parameters);
  const judged = keeper.judge([toJudge], from.us);
  if (judged === undefined) return from.awaitCatalog();
  const [one] = judged;
  // What waits together is shown to people together, and approved together.
  const isShown = !from.server.withholds || one === undefined || one.statement !== undefined;
  const shown = isShown ? one : { ...one, statement: ownedToJudge(toJudge) };
  return { judged: shown, toJudge };
}

/** Parameters as they are recorded. */
function keepParameters({ state }: FromClient, statement: OpenStatement, parameters: Uint8Array): void {
  statement.parameters = parameters;
  const { redact } = state.options;
  if (redact === undefined) return;
  const { prepared } = statement;
  const types = prepared?.parameterTypes ?? prepared?.owner.parameterTypes ?? statement.parameterTypes;
  statement.parameters = redactedParameters(parameters, types, redact);
  if (statement.parameters !== parameters) statement.redacted = true;
}

/** Forwards a Bind, or what takes its place. */
function forwardBind(from: FromClient, statement: OpenStatement, name: Uint8Array): void {
  const { server } = from;
  const { judged } = statement;
  const decision = judged?.verdict.decision;
  if (judged !== undefined && decision === 'deny') {
    refuse([statement], judged);
    return server.insert(poisonParse);
  }
  if (decision === 'approve') server.withhold([statement]);
  prepareAgain(from, statement, name);
  server.forward();
}
