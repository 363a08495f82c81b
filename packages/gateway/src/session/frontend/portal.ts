import { ExpectedReply } from '../expected-replies.ts';
import type { ToJudge } from '../guard.ts';
import type { OpenStatement, Portal } from '../open-statement.ts';
import type { FromClient } from './from-client.ts';
import { isSameName } from './is-same-name.ts';

/** What every Bind does to the names of the session, whole or in pieces. */

/** The statement that a Bind of the prepared statement `name` continues or begins. */
export function statementOf({ state, arrived }: FromClient, portal: Uint8Array, name: Uint8Array): OpenStatement {
  const key = state.nameKey(name);
  const prepared = state.prepared.get(key);
  const inSql = prepared === undefined && key !== undefined ? state.preparedInSql.get(key) : undefined;
  const owner = prepared?.owner;
  if (owner?.kind === 'prepare' && arrived.isNewest(owner) && isSameName(owner.statementName, name)) {
    owner.kind = 'bind';
    if (portal.length > 0) owner.portal = portal.slice();
    return owner;
  }
  const statement = arrived.begin('bind');
  statement.prepared = prepared;
  statement.effect = prepared?.effect;
  // An error may quote the text again each time it runs.
  statement.redacted = (owner ?? inSql)?.redacted ?? false;
  statement.textOf = owner ?? inSql;
  if (name.length > 0) statement.statementName = name.slice();
  if (portal.length > 0) statement.portal = portal.slice();
  return statement;
}

/** In front of a Bind: what its prepared statement is called must mean what was judged. */
export function prepareAgain(
  { state, server, gatekeeper }: FromClient,
  statement: OpenStatement,
  name: Uint8Array,
): void {
  if (state.skipping) return;
  const key = state.nameKey(name);
  const again = gatekeeper?.prepareAgain(key, name);
  if (again === undefined) return;
  server.insert(again.bytes);
  server.expect(new ExpectedReply('close', { ours: true }));
  const named = state.prepared.put(key, again.prepared, state.syncs);
  server.expect(new ExpectedReply('parse', { ours: true, named, statement }));
  statement.prepared = again.prepared;
}

/** Gives the portal its name, and expects the reply to the Bind. */
export function expectPortal(
  { state, server, gatekeeper, us }: FromClient,
  name: Uint8Array,
  { statement, toJudge }: { readonly statement: OpenStatement; readonly toJudge: ToJudge | undefined },
): void {
  const portal: Portal = {
    name: statement.portal,
    prepared: statement.prepared,
    owner: statement,
    execution: undefined,
    held: false,
    columns: undefined,
    judged: statement.judged,
    judgedAt: gatekeeper?.judgedAt(toJudge, us),
    described: false,
  };
  statement.boundPortal = portal;
  const named = state.portals.put(state.nameKey(name), portal, state.syncs);
  server.expect(new ExpectedReply('bind', { statement, named }));
}
