import { ExpectedReply } from '../expected-replies.ts';
import { join } from '../join.ts';
import type { OpenStatement } from '../open-statement.ts';
import { poisonQuery } from '../poison.ts';
import { redactedParameters } from '../redacted-parameters.ts';
import type { FromClient } from './from-client.ts';
import { refuse } from './refuse.ts';

/** FunctionCall: a statement without a text. */
export function takeFunctionCall(from: FromClient): void {
  if (from.refuses('ready')) return;
  const { server, keeper } = from;
  const parameters = from.reader().rest();
  const judged = keeper?.judgeCall(parameters, from.us);
  if (keeper !== undefined && judged === undefined) return void from.awaitCatalog();
  const statement = from.arrived.begin('call');
  keepArguments(from, statement, parameters);
  statement.judged = judged;
  const decision = judged?.verdict.decision;
  if (judged !== undefined && decision === 'deny') {
    refuse([statement], judged);
    server.insert(poisonQuery);
  } else {
    if (decision === 'approve') server.withhold([statement]);
    server.forward();
  }
  server.expect(new ExpectedReply('call', { statement }));
  if (decision === 'approve') server.ask({ cutShort: false });
}

/** The body of the message as it is recorded: the function's OID, and its arguments in the format of a Bind without types. */
function keepArguments({ state }: FromClient, statement: OpenStatement, body: Uint8Array): void {
  statement.parameters = body;
  const { redact } = state.options;
  if (redact === undefined) return;
  const values = body.subarray(oidBytes);
  const kept = redactedParameters(values, undefined, redact);
  if (kept === values) return;
  statement.parameters = kept === undefined ? undefined : join([body.subarray(0, oidBytes), kept]);
  statement.redacted = true;
}

const oidBytes = 4;
