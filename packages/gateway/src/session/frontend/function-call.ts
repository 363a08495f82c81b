import { ExpectedReply } from '../expected-replies.ts';
import { poisonQuery } from '../poison.ts';
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
  statement.parameters = parameters;
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
