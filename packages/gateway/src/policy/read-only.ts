import type { Analysis, Command, Effect } from '../sql/analysis.ts';
import { Lexer, tokenKind } from '../sql/lexer.ts';
import { type Denial, denial } from './denial.ts';

/**
 * What `read_only` denies of a statement. Postgres holds it too, by default_transaction_read_only from the startup packet
 * on, so what it would refuse by itself need not be known exactly; what would switch that off, or goes around
 * transactions, must be.
 */
export function readOnlyDenials(analysis: Analysis, sql: string, what: string): readonly Denial[] {
  const denials = analysis.commands.flatMap((command) => {
    const detail = whatItWrites(command);
    return detail === undefined ? [] : [deny(command.via, what, detail)];
  });
  if (switchesOff(analysis, sql)) {
    denials.push(deny(undefined, what, 'It could let transactions write.'));
  }
  return denials;
}

function deny(via: string | undefined, what: string, detail: string): Denial {
  const match = { rule: 'read_only', then: 'deny', ...(via === undefined ? {} : { via }) } as const;
  return denial(match, what, { detail, hint: 'Only reading is allowed here.' });
}

function whatItWrites({ isWrite, isOutside, kind, writes, via }: Command): string | undefined {
  if (isOutside) return 'It reaches out of the database.';
  if (!isWrite) return undefined;
  if (writes.length > 0) return `It writes to ${writes.join(', ')}.`;
  return via === undefined ? `It is of the kind ${kind}, which writes or may.` : 'It writes or may.';
}

const readOnlySettings: ReadonlySet<string> = new Set(['transaction_read_only', 'default_transaction_read_only']);

/** How Postgres reads a boolean that is true, unambiguous beginnings included; a value that cannot be told may be false. */
const truths = /^(?:on|1|t|tr|tru|true|y|ye|yes)$/i;

function switchesOff({ commands, effects }: Analysis, sql: string): boolean {
  if (effects.some((effect) => setsOff(effect))) return true;
  const [statement] = commands;
  if ((statement.kind === 'transaction' || statement.kind === 'set') && saysReadWrite(sql)) return true;
  // Code may set anything; what Postgres itself keeps from writing is not all that matters then.
  return effects.some(({ type }) => type === 'anything') && commands.some(runsFreely);
}

function setsOff(effect: Effect): boolean {
  return (
    effect.type === 'set' &&
    readOnlySettings.has(effect.name) &&
    (effect.value === undefined || !truths.test(effect.value.trim()))
  );
}

/** A function that is declared stable or immutable cannot change settings, if it is not of the server's own making. */
function runsFreely({ kind, isOpaque, functions, volatileFunctions }: Command): boolean {
  if (kind === 'do' || kind === 'call' || functions.some(setsConfig)) return true;
  return isOpaque && volatileFunctions.some((name) => !name.startsWith('pg_catalog.'));
}

function setsConfig(name: string): boolean {
  return name === 'pg_catalog.set_config' || name === 'set_config';
}

/** BEGIN, SET TRANSACTION and SET SESSION CHARACTERISTICS take READ WRITE among their modes. */
function saysReadWrite(sql: string): boolean {
  const lexer = new Lexer(sql);
  let read = false;
  while (lexer.nextSignificant() !== tokenKind.end) {
    if (read && lexer.is('write')) return true;
    read = lexer.is('read');
  }
  return false;
}
