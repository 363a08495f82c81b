import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ours, type WatchEvent } from '@onrecord/connector';
import { parseConfig } from '../../packages/gateway/src/config/parse-config.ts';
import { BuiltInWatches } from '../../packages/gateway/src/connectors/built-in-watches.ts';
import { Admin } from '../support/admin.ts';
import { startPostgres } from '../support/postgres.ts';
import { gone, looks } from './watching.fixture.ts';

describe('the watches of a gateway', { timeout: 300_000 }, () => {
  it('say how much they could not keep while nothing could be recorded, and see again what is there', async () => {
    const server = await startPostgres();
    const admins: Admin[] = [];
    const events: WatchEvent[] = [];
    const arrived = Promise.withResolvers<void>();
    let full = true;
    const clock = { wallUs: () => Date.now() * 1000, monotonicUs: () => Math.round(performance.now() * 1000) };
    const watches = new BuiltInWatches({
      ours: new Ours(clock),
      sink: {
        record: async (recorded) => {
          if (full) throw new Error('no space left on device');
          events.push(...recorded);
          if (pidsBehind(events, 'lost').length >= 2) arrived.resolve();
        },
        lost: async () => {},
      },
      clock,
      env: { W: server.password },
      log: () => {},
      maximumEvents: 6,
    });
    try {
      const { host, port, user } = server;
      const reach = `host: ${host}, port: ${port}, database: postgres, user: ${user}, password: "env:W"`;
      const watch = `watch: { user: ${user}, password: "env:W", every: 100ms }`;
      await watches.follow(parseConfig(`connections: { db: { ${reach}, tls: disable, ${watch} } }`, '/onrecord.yaml'));
      for (let at = 0; at < 8; at += 1) admins.push(await Admin.login(server));
      await looks(admins[0] as Admin, 3);
      for (const admin of admins.splice(2)) {
        admin.close();
        await gone(admin.pid);
      }
      full = false;
      await arrived.promise;
      const behind = pidsBehind(events, 'lost');
      assert.deepEqual(
        behind.toSorted((a, b) => a - b),
        admins.map(({ pid }) => pid).toSorted((a, b) => a - b),
      );
      assert.ok(events.some((event) => event.type === 'watch stopped' && /^\d+ events were lost/.test(event.reason)));
    } finally {
      for (const admin of admins) admin.close();
      await watches.close();
      await server.stop();
    }
  });
});

/** Sessions that were seen after a watch had stopped for a reason with this word. */
function pidsBehind(events: readonly WatchEvent[], word: string): readonly number[] {
  const at = events.findIndex((event) => event.type === 'watch stopped' && event.reason.includes(word));
  return at === -1 ? [] : events.slice(at).flatMap((event) => (event.type === 'session seen' ? [event.pid] : []));
}
