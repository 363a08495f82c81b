import assert from 'node:assert/strict';
import type { Seen } from './client.ts';
import { contradiction } from './compare-session.ts';
import type { LogEvent } from './postgres-log.ts';
import { type RecordedSession, sessionsByBackend } from './recorded-sessions.ts';

export interface Evidence {
  readonly log: ReadonlyMap<number, readonly LogEvent[]>;
  readonly recorded: readonly RecordedSession[];
  readonly seen: readonly Seen[];
  /** Backends of the tests themselves. */
  readonly ownPids: ReadonlySet<number>;
}

/**
 * Three witnesses of the same sessions must agree: everything that the server ran is on record, in its order; nothing
 * is on record as completed that it did not run; and what a client was told was on record before.
 */
export function assertOnRecord({ log, recorded, seen, ownPids }: Evidence): void {
  const byPid = sessionsByBackend(recorded);
  for (const [pid, events] of log) {
    if (ownPids.has(pid)) continue;
    const ran = events.some((event) => event.type === 'statement');
    assert.ok(byPid.has(pid) || !ran, `backend ${pid} ran statements and no session of it is on record`);
  }
  for (const session of byPid.values()) {
    const problem = contradiction(session, log.get(session.opened.backendPid) ?? []);
    assert.equal(problem, undefined, `session ${session.id}: ${problem}`);
  }
  for (const { backendPid, tags } of seen) {
    const session = byPid.get(backendPid);
    assert.ok(session !== undefined, `a client was let in to backend ${backendPid} and no session is on record`);
    assert.deepEqual(session.tags.slice(0, tags.length), tags, `session ${session.id}: what its client was told`);
  }
}
