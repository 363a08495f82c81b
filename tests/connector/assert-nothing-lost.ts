import assert from 'node:assert/strict';
import { assertOnRecord } from '../oracle/assert-on-record.ts';
import { readPostgresLog } from '../oracle/postgres-log.ts';
import { type RecordedStatement, readSessions } from '../oracle/recorded-sessions.ts';
import { settled } from '../oracle/settled.ts';
import type { Pair } from '../support/pair.ts';
import type { Crew } from './crew.ts';

/** What may be on record of a statement whose row is in the table. */
const mayHaveRun: ReadonlySet<string | undefined> = new Set(['completed', 'unknown', 'client gone']);

/**
 * Of everything that a gateway's clients did since it began: what Postgres ran is on record, by its own log; what a client
 * was told to be done is in the table and on record as done; every session has ended on record. The crews must have left,
 * and have been all that there was, but for `otherPids`.
 */
export async function assertNothingLost(
  pair: Pair,
  crews: readonly Crew[],
  otherPids: readonly number[] = [],
): Promise<void> {
  await settled(pair);
  const recorded = readSessions(pair.gateway.data);
  for (const { id, closed } of recorded) assert.notEqual(closed, undefined, `session ${id} was not closed on record`);
  assertOnRecord({
    log: readPostgresLog(pair.postgres.dataDirectory),
    recorded,
    seen: crews.flatMap(({ seen }) => seen),
    ownPids: new Set([pair.admin.pid, ...otherPids]),
  });
  const outcomes = outcomesByText(recorded.flatMap(({ events }) => events));
  const rows = new Set((await pair.admin.query('select id from writes')).map(([id]) => id));
  for (const { id, told } of crews.flatMap(({ writes }) => writes)) {
    const outcome = outcomes.get(id);
    if (told === 'done') {
      assert.ok(rows.has(id), `${id} was told to be done and is not in the table`);
      assert.equal(outcome, 'completed', `${id} was told to be done`);
    } else if (rows.has(id)) {
      assert.ok(mayHaveRun.has(outcome), `${id} is in the table, and on record as ${outcome}`);
    }
    if (told === 'failed') assert.equal(rows.has(id), false, `${id} was told to have failed and is in the table`);
  }
}

/** How each write ended on record, by its id. */
export function outcomesOfWrites(pair: Pair): ReadonlyMap<string, string | undefined> {
  return outcomesByText(readSessions(pair.gateway.data).flatMap(({ events }) => events));
}

function outcomesByText(
  events: readonly (RecordedStatement | { readonly sqlstate: string })[],
): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const event of events) {
    if (!('body' in event)) continue;
    const id = /^insert into writes select '([^']+)'/.exec(event.text)?.[1];
    if (id !== undefined) found.set(id, event.outcome?.outcome);
  }
  return found;
}
