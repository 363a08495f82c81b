import type { Analysis, Command, Effect } from '../sql/analysis.ts';
import { type Denial, denial } from './denial.ts';

/**
 * What `read_only` denies of a statement. Postgres holds it too, by default_transaction_read_only from the startup packet
 * on, so what it would refuse by itself need not be known exactly; what would switch that off, or goes around
 * transactions, must be.
 */
export function readOnlyDenials({ commands, effects }: Analysis, what: string): readonly Denial[] {
  const denials = commands.flatMap((command) => {
    const detail = whatItWrites(command);
    return detail === undefined ? [] : [deny(command.via, what, detail)];
  });
  if (effects.some(switchesOff)) {
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

/** Also code that may set anything: what Postgres itself keeps from writing is only what it is told to. */
function switchesOff(effect: Effect): boolean {
  if (effect.type === 'anything') return true;
  return (
    effect.type === 'set' &&
    readOnlySettings.has(effect.name) &&
    (effect.value === undefined || !truths.test(effect.value.trim()))
  );
}
