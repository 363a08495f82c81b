import type { Store } from '../../store/store.ts';
import { CommandError } from '../command-io.ts';
import { escapeForTerminal } from '../present/escape.ts';

/** Sessions named in an error, at most. */
const shown = 5;

/**
 * The session that somebody means: `latest`, a whole id, or enough characters of its beginning or end to be the only
 * one. The end is what timelines show. Throws a CommandError.
 */
export async function findSession(store: Store, meant: string): Promise<string> {
  if (meant === 'latest') {
    const latest = await store.latestSession();
    if (latest === undefined) throw new CommandError('there is no session on the record yet');
    return latest;
  }
  const part = meant.toLowerCase();
  const found = part === '' ? [] : await store.sessionsLike(part, shown + 1);
  if (found.includes(part)) return part;
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) {
    throw new CommandError(`there is no session "${escapeForTerminal(meant, { multiline: false })}"`, {
      hint: '`onrecord sessions` lists them; `latest` is the one that was opened last.',
    });
  }
  throw new CommandError(
    `"${escapeForTerminal(meant, { multiline: false })}" could be ${found.length > shown ? `any of many sessions` : `one of ${found.length} sessions`}`,
    {
      hint: `Write more of it: ${found.slice(0, shown).join(', ')}${found.length > shown ? ', …' : ''}`,
    },
  );
}

/** `SESSION` or `SESSION/N`. */
export function parseTarget(target: string): { readonly session: string; readonly n: number | undefined } {
  const match = /^([^/]+)(?:\/(\d{1,15}))?$/.exec(target);
  if (match?.[1] === undefined) {
    throw new CommandError(`"${escapeForTerminal(target, { multiline: false })}" is neither SESSION nor SESSION/N`, {
      exitCode: 2,
    });
  }
  return { session: match[1], n: match[2] === undefined ? undefined : Number(match[2]) };
}
