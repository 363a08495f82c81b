import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Admin } from '../support/admin.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { passBy } from './watching.fixture.ts';

describe('a gateway that watches', { timeout: 300_000 }, () => {
  let pair: Pair;

  before(async () => {
    const watch = { user: 'postgres', password: 'env:ONRECORD_TEST_PASSWORD', every: '100ms' };
    pair = await startPair({ gateway: { connection: { watch } } });
    await pair.admin.waitFor("select count(*) > 0 from pg_stat_activity where application_name = 'onrecord watch'");
  });
  after(() => pair.stop());

  it('records the session that goes past it, and none of those that come through it', async () => {
    for (let session = 0; session < 10; session += 1) await passBy(pair.gateway);
    await pair.admin.query("create role mallory login password 'm'");
    const mallory = await Admin.login({ ...pair.postgres, user: 'mallory', password: 'm' });
    let listed = await blind();
    while (!listed.some(({ user }) => user === 'mallory')) listed = await blind();
    mallory.close();
    assert.deepEqual([...new Set(listed.map(({ user }) => user))].sort(), ['mallory', 'postgres']);
    // The test's own session is the only other one that did not come through the gateway.
    assert.equal(listed.length, 2);
  });

  async function blind(): Promise<readonly { readonly user: string }[]> {
    const lines = (await pair.gateway.cli('blind', '--json')).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line));
  }

  it('lets the doctor look', async () => {
    const failed = await pair.gateway.cli('doctor', 'db', '--json').catch((error) => error);
    assert.equal(failed.code, 1, 'the server of the tests lets everybody in who has a password');
    const { open, findings, keep } = JSON.parse(failed.stdout);
    assert.equal(open, true);
    assert.ok(findings.some(({ lines }: { lines: string[] }) => lines.length > 0));
    assert.ok(keep.length > 0);
  });
});
