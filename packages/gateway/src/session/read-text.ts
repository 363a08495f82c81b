import { latin1, latin1Bytes } from './latin1.ts';
import type { OpenStatement } from './open-statement.ts';
import type { SessionState } from './session-state.ts';
import { glanced } from './sql-glance.ts';

const copyWord = /\bcopy\b/i;
const stdinWord = /\bstdin\b/i;

/**
 * Gives a statement its text, as it is to be recorded, and what the text says of it. `found` is what a glance saw: only
 * that is looked at more closely.
 */
export function readText(
  statement: OpenStatement,
  sql: Uint8Array,
  { found, state }: { readonly found: number; readonly state: SessionState },
): void {
  statement.sql = sql;
  read(statement, sql, { found, state });
  const { redact } = state.options;
  if (redact === undefined) return;
  const redacted = redact(statement.sql);
  if (redacted === statement.sql) return;
  statement.sql = redacted;
  statement.redacted = true;
}

function read(
  statement: OpenStatement,
  sql: Uint8Array,
  { found, state }: { readonly found: number; readonly state: SessionState },
): void {
  if (found === 0 || found === glanced.severalStatements) return;
  const { sql: reader } = state.options;
  const { settings } = state;
  const text = latin1(sql);
  if ((found & glanced.secret) !== 0) {
    const redacted = reader.redact(text, settings);
    if (redacted !== undefined) {
      statement.sql = latin1Bytes(redacted);
      statement.redacted = true;
    }
  }
  if ((found & glanced.sessionEffect) !== 0) statement.effect = reader.effect(text, settings);
  if ((found & glanced.copy) !== 0) statement.readsStdin = copyWord.test(text) && stdinWord.test(text);
  if ((found & glanced.comment) !== 0) statement.traceparent = reader.traceparent(text);
}
