import { encodeFrontend, Writer } from '@onrecord/wire';
import { join } from './join.ts';

/**
 * What goes to Postgres in the place of a statement that must not run: a text that no grammar accepts. So the statement
 * fails for Postgres as it does for the client: a transaction is aborted, a pipeline skipped up to its Sync.
 */
const text = new TextEncoder().encode('onrecord: this statement was refused');
/** Of its own, so that no statement of the client is replaced; it never comes to be. */
const name = new TextEncoder().encode('onrecord refused');

const space = 0x20;

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
 * In the place of a Query of which one statement could not be read: Postgres parses that one, and whatever it makes of it
 * does not run. The unnamed statement is what a Query drops anyway. `start` is where it stands in the Query: a blank takes
 * the place of each character (of UTF-8) in front, so that the position in an error is the one in the client's text.
 */
export function trial(sql: Uint8Array, { start, end }: { readonly start: number; readonly end: number }): Uint8Array {
  const inFront = sql.subarray(0, start).reduce((count, byte) => ((byte & 0xc0) === 0x80 ? count : count + 1), 0);
  const text = join([new Uint8Array(inFront).fill(space), sql.subarray(start, end)]);
  const writer = new Writer();
  encodeFrontend({ type: 'parse', name: new Uint8Array(0), sql: text, parameterTypes: [] }, writer);
  writer.bytes(poisonParse);
  encodeFrontend({ type: 'sync' }, writer);
  return writer.finish();
}
