import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type pg from 'pg';
import { Seeded } from '../oracle/seeded.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { Compared } from './compared.ts';
import { RandomQuery } from './random-query.ts';

const skip = findBinaries('embedded') === undefined ? 'no embedded Postgres here' : false;

/** More, or others, to look for what these do not find: LINEAGE_SEED, LINEAGE_QUERIES. */
const firstSeed = Number(process.env['LINEAGE_SEED'] ?? 1);
const perSeed = Number(process.env['LINEAGE_QUERIES'] ?? 150);

describe('lineage of random queries', { skip, timeout: 600_000 }, () => {
  let compared: Compared;

  before(async () => {
    compared = await Compared.start();
  });
  after(async () => {
    await compared.stop();
  });

  for (let seed = firstSeed; seed < firstSeed + 3; seed += 1) {
    it(`has the columns that Postgres has, and whose values they show (seed ${seed})`, async () => {
      const query = new RandomQuery(new Seeded(seed));
      let accepted = 0;
      for (let count = 0; count < perSeed; count += 1) {
        const sql = query.write();
        const result = await attempt(compared, sql);
        if (result === undefined) continue;
        accepted += 1;
        compared.agreesOnColumns(sql, result);
        compared.showsNothingElse(sql, result);
      }
      assert.ok(accepted > perSeed / 3, `Postgres accepted ${accepted} of ${perSeed}`);
    });
  }
});

/** The result, where Postgres accepts the query, and it is no large one. */
async function attempt(compared: Compared, sql: string): Promise<pg.QueryArrayResult | undefined> {
  try {
    return (await compared.isCheap(sql)) ? await compared.firstRows(sql) : undefined;
  } catch (error) {
    if (error instanceof Error && 'severity' in error) return undefined;
    throw error;
  }
}
