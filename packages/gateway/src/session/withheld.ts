import { join } from './join.ts';
import { latin1Bytes } from './latin1.ts';

/** Fields of an ErrorResponse that quote nothing: severity, SQLSTATE, positions, and where in the server it arose. */
const kept: ReadonlySet<number> = new Set(Array.from('SVCPpFLR', (code) => code.charCodeAt(0)));
const message = latin1Bytes('Mwithheld: the statement held a password, and the message may quote it\0');

/**
 * An error or notice about a statement that holds a password, as it is recorded: Postgres quotes the text around a
 * syntax error (`at or near "hunter2"`), so everything that may be a quotation is left out (law 6). The client sees it
 * as it came.
 */
export function withheld(body: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const nul = body.indexOf(0, at + 1);
    const end = nul === -1 ? body.length : nul + 1;
    if (kept.has(body[at] as number)) pieces.push(body.subarray(at, end));
    at = end;
  }
  return join([...pieces, message, terminator]);
}

const terminator = new Uint8Array(1);
