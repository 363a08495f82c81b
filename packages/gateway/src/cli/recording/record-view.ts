import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Viewed } from '@onrecord/record';
import { isDamage } from '../../store/index-database.ts';
import { insertOutbox } from '../../store/outbox.ts';
import { State } from '../../store/state.ts';
import type { Store } from '../../store/store.ts';
import { CommandError } from '../command-io.ts';

/** Looking at the same thing again within this time is one look. */
const sameLookUs = 60_000_000;

/**
 * Leaves an entry that somebody is looking at a recording, before they see it. A copy has no gateway that would take
 * the entry to its journal, and what cannot be written is not written; looking is never refused for it.
 */
export async function recordView(
  store: Store,
  dataDirectory: string,
  view: Pick<Viewed, 'command' | 'target'> & { readonly nowUs: number },
): Promise<void> {
  if (!store.keepsIndex || !existsSync(join(dataDirectory, 'state.sqlite'))) return;
  const { command, target, nowUs } = view;
  const body: Viewed = { type: 'viewed', viewer: userInfo().username, viewedAt: nowUs, command, target };
  const recent = await store.viewedSince(nowUs - sameLookUs);
  if (recent.some((other) => isSameLook(other, body))) return;
  try {
    const state = new State(dataDirectory);
    try {
      state.transaction(() => {
        const waiting = state.database.prepare(`SELECT body FROM outbox WHERE body LIKE '%"viewed"%'`).all();
        if (!waiting.some((row) => isSameLook(JSON.parse(String(row['body'])), body))) insertOutbox(state, body);
      });
    } finally {
      state.close();
    }
  } catch (error) {
    if (isDamage(error)) {
      throw new CommandError(`state.sqlite in ${dataDirectory} is damaged: ${(error as Error).message}`, {
        hint: 'It holds the tokens, and what waits for the journal: restore it from a copy. A copy of `journal` alone can be read.',
      });
    }
    if (!isUnwritable(error)) throw error;
  }
}

function isSameLook(other: Viewed, body: Viewed): boolean {
  return (
    other.type === 'viewed' &&
    other.viewer === body.viewer &&
    other.command === body.command &&
    other.target === body.target &&
    body.viewedAt - other.viewedAt < sameLookUs
  );
}

const unwritable = new Set<unknown>(['EACCES', 'EPERM', 'EROFS', 'ENOSPC']);

/**
 * The file belongs to somebody else, or its file system cannot be written or is full: SQLITE_READONLY, SQLITE_FULL,
 * SQLITE_CANTOPEN.
 */
function isUnwritable(error: unknown): boolean {
  const { code, errcode } = error as { readonly code?: string; readonly errcode?: number };
  return unwritable.has(code) || (errcode !== undefined && [8, 13, 14].includes(errcode & 0xff));
}
