import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Pair, startPair } from '../support/pair.ts';
import { assertOnRecord } from './assert-on-record.ts';
import { work } from './client.ts';
import { logEverything, logHolds, readPostgresLog } from './postgres-log.ts';
import { type RecordedStatement, readSessions } from './recorded-sessions.ts';
import { Seeded } from './seeded.ts';
import { settled } from './settled.ts';
import { plantedSecret, workloadSchema } from './workload.ts';

const seed = Number(process.env.ONRECORD_SEED ?? 20261124);
const clients = 6;
const actionsEach = 60;

describe("the record of a mixed workload is what the server's own log says", { timeout: 900_000 }, () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair({ postgres: { settings: logEverything } });
    await pair.admin.query(workloadSchema);
    const names = Array.from({ length: clients }, (_, at) => `c${at}`);
    const seen = await Promise.all(
      names.map((name, at) => {
        let left = actionsEach;
        return work({
          target: pair.gateway,
          name,
          random: new Seeded(seed + at),
          goesOn: () => left-- > 0,
          mayConnect: () => Promise.reject(new Error('the connection was lost')),
        });
      }),
    );
    await pair.gateway.shutDown();
    await settled(pair);
    sessionsSeen = seen.flat();
  });
  after(() => pair?.stop());
  let sessionsSeen: Awaited<ReturnType<typeof work>> = [];

  it(`every statement, in its order, and nothing else (seed ${seed})`, async () => {
    const log = readPostgresLog(pair.postgres.dataDirectory);
    const recorded = readSessions(pair.gateway.data);
    assert.ok(recorded.length >= clients);
    assert.ok([...log.values()].flat().length > clients * actionsEach);
    assertOnRecord({ log, recorded, seen: sessionsSeen, ownPids: new Set([pair.admin.pid]) });
    for (const { closed, id } of recorded) assert.notEqual(closed, undefined, `session ${id} was not closed on record`);
  });

  it('the command line tells the same statements in the same order', async () => {
    const recorded = readSessions(pair.gateway.data);
    const told = (await pair.gateway.cli('log', '--json', '--all', '--identity', 'tester'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { session: string; n: number; sql: string; kind: string; outcome: string });
    for (const { id, events, isOwn } of recorded) {
      if (isOwn) continue;
      const shown = told.filter(({ session, kind }) => session === id && kind !== 'fetch');
      const statements = events.filter(
        (event): event is RecordedStatement => 'body' in event && event.body.kind !== 'fetch',
      );
      assert.deepEqual(
        shown.map(({ n, sql }) => [n, sql]),
        statements.map(({ body, text }) => [
          body.n,
          body.kind === 'call' ? shown.find(({ n }) => n === body.n)?.sql : text,
        ]),
      );
      // One that was fetched in parts is shown with how its last part ended.
      const ended = statements.filter(({ outcome }) => outcome !== undefined && outcome.outcome !== 'suspended');
      assert.deepEqual(
        ended.map(({ body }) => [body.n, shown.find(({ n }) => n === body.n)?.outcome]),
        ended.map(({ body, outcome }) => [body.n, outcome?.outcome]),
      );
    }
  });

  it('no password that was in a statement is anywhere in the data directory', () => {
    const files = readdirSync(pair.gateway.data, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    );
    assert.ok(files.length > 1);
    assert.ok(logHolds(pair.postgres.dataDirectory, plantedSecret), 'the workload held none');
    for (const file of files) {
      const content = readFileSync(join(file.parentPath, file.name));
      assert.equal(content.includes(plantedSecret), false, file.name);
    }
    assert.equal(pair.gateway.log().includes(plantedSecret), false);
  });
});
