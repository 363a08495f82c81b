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
/** What all clients together have begun before the gateway is killed, at least and at most. */
const shortestLife = 20;
const longestLife = 120;
const modes: readonly Durability[] = ['before-forward', 'before-reveal', 'relaxed'];

describe('when the gateway is killed at any moment, nothing that Postgres ran is missing from the record', () => {
  for (const [at, durability] of modes.entries()) {
    describe(`with durability ${durability}`, { timeout: 600_000 }, () => {
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
        let begun = 0;
        let kill: { readonly at: number; readonly now: () => void } | undefined;
        const goesOn = (): boolean => {
          begun += 1;
          if (kill !== undefined && begun >= kill.at) kill.now();
          return !over;
        };
        const working = Array.from({ length: clients }, (_, client) =>
          work({
            target: pair.gateway,
            name: `c${client}`,
            random: new Seeded(seed + 100 * at + client),
            goesOn,
            mayConnect: () => up,
          }),
        );
        for (let killed = 0; killed < kills; killed += 1) {
          const busy = Promise.withResolvers<void>();
          kill = { at: begun + shortestLife + random.below(longestLife - shortestLife), now: busy.resolve };
          await busy.promise;
          await delay(random.below(10));
          const restarted = Promise.withResolvers<void>();
          up = restarted.promise;
          await pair.gateway.kill9();
          await pair.gateway.restart();
          restarted.resolve();
        }
        const last = Promise.withResolvers<void>();
        kill = { at: begun + shortestLife, now: last.resolve };
        await last.promise;
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
        for (const { closed, id } of recorded)
          assert.notEqual(closed, undefined, `session ${id} was not closed on record`);
        assertOnRecord({ log, recorded, seen, ownPids: new Set([pair.admin.pid]) });
      });
    });
  }
});
