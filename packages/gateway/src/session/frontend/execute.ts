import { encodeFrontend } from '@onrecord/wire';
import { Refusal } from '../../errors.ts';
import { errorResponse } from '../error-response.ts';
import { ExpectedReply } from '../expected-replies.ts';
import type { Judged } from '../guard.ts';
import type { OpenStatement, Portal } from '../open-statement.ts';
import { poisonParse } from '../poison.ts';
import { readable } from '../readable.ts';
import type { FromClient } from './from-client.ts';
import { isSameName } from './is-same-name.ts';
import { refuse } from './refuse.ts';

/** Execute: the first of a portal is its execution, each one behind it a fetch. */
export function takeExecute(from: FromClient): void {
  if (from.refuses('go on')) return;
  const { state, server } = from;
  const reader = from.reader();
  const name = reader.cstringBytes();
  const maxRows = reader.int32();
  const portal = state.portals.get(state.nameKey(name));
  const judged = judgeExecute(from, portal, name);
  if (judged === 'wait') return;
  const statement = executed(from, portal, name);
  statement.judged = judged;
  // Zero and less ask for all rows.
  statement.maxRows = Math.max(0, maxRows);
  if (from.gatekeeper === undefined) server.forward();
  else forwardAsJudged(from, { statement, portal, name });
  server.expect(new ExpectedReply('execute', { statement }));
}

/** What the guard says of the Execute; undefined without one, and of a portal that it does not know. */
function judgeExecute(from: FromClient, portal: Portal | undefined, name: Uint8Array): Judged | undefined | 'wait' {
  const { keeper } = from;
  // Nothing can have come between it and its Bind.
  if (keeper === undefined || portal?.judged === undefined || from.arrived.isNewest(portal.owner))
    return portal?.judged;
  return keeper.judgeExecute(portal, name, from.us) ?? from.awaitCatalog();
}

function executed(from: FromClient, portal: Portal | undefined, name: Uint8Array): OpenStatement {
  if (portal !== undefined && portal.execution === undefined) return firstExecution(from, portal, name);
  const statement = from.arrived.begin(portal === undefined ? 'execute' : 'fetch');
  if (portal !== undefined) {
    statement.prepared = portal.prepared;
    statement.boundPortal = portal;
    statement.portalOf = portal.execution;
    statement.redacted = portal.owner.redacted;
  }
  if (name.length > 0) statement.portal = name.slice();
  return statement;
}

function firstExecution({ arrived }: FromClient, portal: Portal, name: Uint8Array): OpenStatement {
  const { owner, prepared } = portal;
  if (owner.kind === 'bind' && arrived.isNewest(owner) && isSameName(owner.portal, name)) {
    owner.kind = 'execute';
    portal.execution = owner;
    return owner;
  }
  const statement = arrived.begin('execute');
  statement.prepared = prepared;
  statement.effect = prepared?.effect;
  statement.redacted = owner.redacted;
  statement.textOf = prepared?.owner ?? owner.textOf;
  statement.text = prepared?.owner.text;
  statement.textOfNumber = owner.textOfNumber;
  statement.parametersOf = owner;
  statement.boundPortal = portal;
  if (portal.name !== undefined) statement.portal = portal.name;
  portal.execution = statement;
  return statement;
}

interface Execution {
  readonly statement: OpenStatement;
  readonly portal: Portal | undefined;
  readonly name: Uint8Array;
}

/** Forwards an Execute, or what takes its place. What it may show must be known before its rows come. */
function forwardAsJudged({ state, server }: FromClient, { statement, portal, name }: Execution): void {
  const { guard } = state.options;
  if (guard === undefined || state.skipping) return server.forward();
  if (portal === undefined && !server.withholds) {
    statement.refusal = errorResponse(noSuchPortal(name));
    return server.insert(poisonParse);
  }
  if (isDeniedNow(statement, portal)) {
    refuse([statement], statement.judged);
    return server.insert(poisonParse);
  }
  if (guard.masks && portal !== undefined && !portal.described) {
    portal.described = true;
    server.insert(encodeFrontend({ type: 'describe', target: 'portal', name }).finish());
    server.expect(new ExpectedReply('describe', { describes: portal, ours: true, statement }));
  }
  server.forward();
}

/** In the words of the server, which most probably does not know it either. */
function noSuchPortal(name: Uint8Array): Refusal {
  return new Refusal('34000', `portal "${readable(name)}" does not exist`, {
    detail: 'The gateway has seen nothing bound to it, and rules apply to what it would run.',
  });
}

/** What was denied when it was bound fails by that. */
function isDeniedNow(
  statement: OpenStatement,
  portal: Portal | undefined,
): statement is OpenStatement & { readonly judged: Judged } {
  return statement.judged?.verdict.decision === 'deny' && statement.judged !== portal?.judged;
}
