import type { StatementOptions } from './statement-options.ts';

const named = [
  'identity',
  'connection',
  'session',
  'on',
  'since',
  'until',
  'table',
  'search',
  'outcome',
  'decision',
  'rule',
  'approval',
] as const;

/** What was asked for, as it would be typed: the target of the entry that somebody looked. */
export function targetOf(options: Partial<StatementOptions>): string {
  const words = named.flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`--${name} ${/^[\w.:/+-]+$/.test(value) ? value : JSON.stringify(value)}`];
  });
  if (options.masked) words.push('--masked');
  if (options.all) words.push('--all');
  return words.length === 0 ? 'everything' : words.join(' ');
}
