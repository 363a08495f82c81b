import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';
import { type Pair, startPair } from '../support/pair.ts';

/** Whether what the types are is on record. */
function learned({ gateway }: Pair): boolean {
  const reader = new JournalReader(`${gateway.data}/journal`);
  try {
    for (const { entry } of reader.entries(0)) if (entry.body.type === 'types_learned') return true;
    return false;
  } finally {
    reader.close();
  }
}

describe('types of the user in the record', () => {
  let pair: Pair;

  before(async () => {
    pair = await startPair();
    await pair.admin.query(`
      create type mood as enum ('sad', 'ok');
      create type person as (name text, moods mood[]);
      create domain year as int check (value > 1900);
    `);
  });
  after(async () => {
    await pair.stop();
  });

  it('are read in binary, because the catalog was asked once, on the record', async () => {
    const { host, port, user, password, database } = pair.gateway;
    const client = new pg.Client({ host, port, user, password, database, ssl: false });
    await client.connect();
    const text = `select 'ok'::mood m, array['sad', 'ok']::mood[] ms, row('Ada', '{ok}')::person p, 1984::year y`;
    await client.query({ text, binary: true } as pg.QueryConfig);
    await client.query({ text, binary: true } as pg.QueryConfig);
    await client.end();
    while (!learned(pair)) await new Promise((resolve) => setImmediate(resolve));
    const own = (await pair.gateway.cli('log', '--identity', 'onrecord', '--json')).trim().split('\n');
    assert.equal(own.length, 1);
    const [statement] = (await pair.gateway.cli('log', '--identity', user, '--json')).trim().split('\n');
    const { session, n } = JSON.parse(statement ?? '');
    const whole = JSON.parse(await pair.gateway.cli('show', `${session}/${n}`, '--json'));
    assert.deepEqual(whole.rows, [['ok', '{sad,ok}', '(Ada,{ok})', '1984']]);
  });
});
