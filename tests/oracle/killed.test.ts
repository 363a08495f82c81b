import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Durability } from '@onrecord/record';
import { type Pair, startPair } from '../support/pair.ts';
import { assertOnRecord } from './assert-on-record.ts';
import { work } from './client.ts';
import { logEverything, readPostgresLog } from './postgres-log.ts';
import { readSessions } from './recorded-sessions.ts';
import { Seeded } from './seeded.ts';
import { settled } from './settled.ts';
import { workloadSchema } from './workload.ts';

const seed = Number(process.env.ONRECORD_SEED ?? 20261124);
const clients = 5;
const kills = 3;
const shortestLifeMs = 150;
const longestLifeMs = 900;
const modes: readonly Durability[] = ['before-forward', 'before-reveal', 'relaxed'];

describe('when the gateway is killed at any moment, nothing that Postgres ran is missing from the record', () => {
  for (const [at, durability] of modes.entries()) {
    describe(`with durability ${durability}`, { timeout: 120_000 }, () => {
      let pair: Pair;
      before(async () => {
        pair = await startPair({ postgres: { settings: logEverything }, gateway: { durability } });
        await pair.admin.query(workloadSchema);
      });
      after(() => pair?.stop());

      it(`${kills} kills, ${clients} clients (seed ${seed + at})`, async () => {
        const random = new Seeded(seed + at);
        let up = Promise.resolve();
        let over = false;
        const working = Array.from({ length: clients }, (_, client) =>
          work({
            target: pair.gateway,
            name: `c${client}`,
            random: new Seeded(seed + 100 * at + client),
            goesOn: () => !over,
            mayConnect: () => up,
          }),
        );
        for (let kill = 0; kill < kills; kill += 1) {
          await delay(shortestLifeMs + random.below(longestLifeMs - shortestLifeMs));
          const restarted = Promise.withResolvers<void>();
          up = restarted.promise;
          await pair.gateway.kill9();
          await pair.gateway.restart();
          restarted.resolve();
        }
        await delay(shortestLifeMs);
        over = true;
        const seen = (await Promise.all(working)).flat();
        await pair.gateway.shutDown();
        await settled(pair);

        const recorded = readSessions(pair.gateway.data);
        const log = readPostgresLog(pair.postgres.dataDirectory);
        assert.ok(
          recorded.some(({ closed }) => closed?.reason === 'gateway died'),
          'no session was cut off',
        );
        assert.ok([...log.values()].flat().length > 200, 'the clients did next to nothing');
        for (const { closed, id } of recorded)
          assert.notEqual(closed, undefined, `session ${id} was not closed on record`);
        assertOnRecord({ log, recorded, seen, ownPids: new Set([pair.admin.pid]) });
      });
    });
  }
});
