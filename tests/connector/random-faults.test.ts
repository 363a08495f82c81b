import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { assertOnRecord } from '../oracle/assert-on-record.ts';
import { work } from '../oracle/client.ts';
import { readPostgresLog } from '../oracle/postgres-log.ts';
import { readSessions } from '../oracle/recorded-sessions.ts';
import { Seeded } from '../oracle/seeded.ts';
import { settled } from '../oracle/settled.ts';
import { workloadSchema } from '../oracle/workload.ts';
import { type LinkedPair, startLinkedPair } from './linked-pair.ts';

const seed = Number(process.env['ONRECORD_SEED'] ?? 20_261_125);
const rounds = Number(process.env['ONRECORD_FAULTS'] ?? 8);
const clients = 5;
/** What all clients together have begun before something happens, at least and at most. */
const shortestPeace = 20;
const longestPeace = 100;

type Fault = (pair: LinkedPair, random: Seeded) => Promise<void>;

/** What can happen to a link, and how it ends. */
const faults: { readonly [name: string]: Fault } = {
  'the link is cut': async ({ wire }, random) => {
    wire.cut();
    await delay(random.below(200));
    wire.heal();
  },
  'the link stands still for a moment': async ({ wire }, random) => {
    wire.freeze();
    await delay(random.below(500));
    wire.heal();
  },
  'the connector dies': async ({ connector }) => {
    await connector.kill9();
    await connector.restart();
  },
  'the connector stops': async ({ connector }) => {
    await connector.shutDown();
    await connector.restart();
  },
  'the gateway dies': async ({ gateway }) => {
    await gateway.kill9();
    await gateway.restart();
  },
  'both are told to read their configuration again': async ({ gateway, connector }) => {
    process.kill(gateway.pid(), 'SIGHUP');
    process.kill(connector.pid(), 'SIGHUP');
  },
  'Postgres ends every session': async ({ admin }) => {
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    );
  },
};

describe('whatever happens to a link at any moment, nothing that Postgres ran is missing from the record', {
  timeout: 300_000 + rounds * 100_000,
}, () => {
  let pair: LinkedPair;
  before(async () => {
    pair = await startLinkedPair();
    await pair.admin.query(workloadSchema);
  });
  after(() => pair?.stop());

  it(`${rounds} faults, ${clients} clients (seed ${seed})`, async (test) => {
    const random = new Seeded(seed);
    let over = false;
    let begun = 0;
    let next: { readonly at: number; readonly reached: () => void } | undefined;
    const working = Array.from({ length: clients }, (_, client) =>
      work({
        target: pair.gateway,
        name: `c${client}`,
        random: new Seeded(seed + 1 + client),
        goesOn: () => {
          begun += 1;
          if (next !== undefined && begun >= next.at) next.reached();
          return !over;
        },
        // A gateway that is not there refuses at once.
        mayConnect: () => delay(20),
      }),
    );
    for (let round = 0; round < rounds; round += 1) {
      const peace = Promise.withResolvers<void>();
      next = { at: begun + shortestPeace + random.below(longestPeace - shortestPeace), reached: peace.resolve };
      await peace.promise;
      const name = random.pick(Object.keys(faults));
      test.diagnostic(name);
      await faults[name]?.(pair, random);
    }
    const last = Promise.withResolvers<void>();
    next = { at: begun + longestPeace, reached: last.resolve };
    await last.promise;
    over = true;
    const seen = (await Promise.all(working)).flat();
    await pair.gateway.shutDown();
    await settled(pair);

    const recorded = readSessions(pair.gateway.data);
    for (const { closed, id } of recorded) assert.notEqual(closed, undefined, `session ${id} was not closed on record`);
    const log = readPostgresLog(pair.postgres.dataDirectory);
    assertOnRecord({ log, recorded, seen, ownPids: new Set([pair.admin.pid]) });
    assert.ok(seen.length > clients, 'no session was disturbed');
  });
});
