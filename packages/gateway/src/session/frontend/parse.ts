import { errorResponse } from '../error-response.ts';
import { ExpectedReply } from '../expected-replies.ts';
import type { Prepared, PreparedSource } from '../open-statement.ts';
import { poisonParse } from '../poison.ts';
import { glance } from '../sql-glance.ts';
import type { FromClient } from './from-client.ts';

/** Parse: a prepared statement, which is judged when it is bound. */
export function takeParse(from: FromClient): void {
  if (from.refuses('go on')) return;
  const { state, server, gatekeeper } = from;
  // What it means now is what Postgres will have read.
  if (from.keeper?.awaitsCatalog === true) {
    from.awaitCatalog();
    return;
  }
  const reader = from.reader();
  const name = reader.cstringBytes();
  const sql = reader.cstringBytes();
  const count = reader.uint16();
  const types: number[] = [];
  for (let at = 0; at < count; at += 1) types.push(reader.uint32());
  for (const type of types) state.sight(type);
  const statement = from.begin('prepare', sql, glance(sql));
  if (name.length > 0) statement.statementName = name.slice();
  if (count > 0) statement.parameterTypes = types;
  statement.text = gatekeeper?.text(sql);
  statement.textConforms = state.settings.standardConformingStrings;
  statement.meant = gatekeeper?.means(statement.text);
  const error = server.withholds ? undefined : gatekeeper?.parses(statement.meant);
  if (error === undefined) server.forward();
  else {
    statement.refusal = errorResponse(error);
    statement.isParseRefused = true;
    server.insert(poisonParse);
  }
  const prepared: Prepared = {
    name: statement.statementName,
    owner: statement,
    columns: undefined,
    recordedColumns: undefined,
    columnsRecordedIn: 0,
    parameterTypes: undefined,
    effect: statement.effect,
    source: gatekeeper === undefined || name.length === 0 ? undefined : sourceOf(from, sql, types),
  };
  statement.prepared = prepared;
  if (name.length > 0) state.namings += 1;
  const named = state.prepared.put(state.nameKey(name), prepared, state.syncs);
  server.expect(new ExpectedReply('parse', { statement, named }));
}

function sourceOf({ state }: FromClient, sql: Uint8Array, parameterTypes: readonly number[]): PreparedSource {
  const { clientEncoding, standardConformingStrings } = state.settings;
  return { sql: sql.slice(), parameterTypes, encoding: clientEncoding, standardConformingStrings };
}
