import { after, before, describe, it } from 'node:test';
import { findBinaries } from '../support/postgres-binaries.ts';
import { Compared } from './compared.ts';
import { queries } from './queries.ts';

const skip = findBinaries('embedded') === undefined ? 'no embedded Postgres here' : false;

describe('lineage against what Postgres says of the same queries', { skip, timeout: 600_000 }, () => {
  let compared: Compared;

  before(async () => {
    compared = await Compared.start();
  });
  after(async () => {
    await compared.stop();
  });

  for (const sql of queries) {
    it(`agrees on the columns of ${sql}`, async () => {
      const result = await compared.run(sql);
      compared.agreesOnColumns(sql, result);
      if (isSimple(sql)) compared.addsNothing(sql, result);
    });

    it(`knows whose values are shown by ${sql}`, async () => {
      compared.showsNothingElse(sql, await compared.run(sql));
    });
  }
});

/** Where a column has one origin, so that ours must be that one alone. */
function isSimple(sql: string): boolean {
  return /^(SELECT|TABLE)\b/.test(sql) && !/(UNION|INTERSECT|FULL|either|name\(c\))/.test(sql);
}
