import { encodeFrontend, Writer } from '@onrecord/wire';

/**
 * What goes to Postgres in the place of a statement that must not run: a text that no grammar accepts. So the statement
 * fails for Postgres as it does for the client: a transaction is aborted, a pipeline skipped up to its Sync.
 */
const text = new TextEncoder().encode('onrecord: this statement was refused');
/** Of its own, so that no statement of the client is replaced; it never comes to be. */
const name = new TextEncoder().encode('onrecord refused');

/** In the place of a Query or a FunctionCall. */
export const poisonQuery: Uint8Array = encodeFrontend({ type: 'query', sql: text }).finish();

/** In the place of a Bind or an Execute. */
export const poisonParse: Uint8Array = encodeFrontend({
  type: 'parse',
  name,
  sql: text,
  parameterTypes: [],
}).finish();

/**
 * In the place of a Query whose text could not be read: Postgres parses it, and whatever it makes of it does not run. The
 * unnamed statement is what a Query drops anyway.
 */
export function trial(sql: Uint8Array): Uint8Array {
  const writer = new Writer();
  encodeFrontend({ type: 'parse', name: new Uint8Array(0), sql, parameterTypes: [] }, writer);
  writer.bytes(poisonParse);
  encodeFrontend({ type: 'sync' }, writer);
  return writer.finish();
}
