import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { examine } from '../../packages/gateway/src/doctor/examine.ts';
import { closingLines, type Examination, isOpen } from '../../packages/gateway/src/doctor/finding.ts';
import { Admin } from '../support/admin.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { type BinariesKind, findBinaries } from '../support/postgres-binaries.ts';
import type { Target } from '../support/target.ts';
import { WireClient } from '../support/wire-client.ts';
import { passBy, stopWatching, Watching } from './watching.fixture.ts';

const doc = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'blind-sessions.md'), 'utf8');
const grants = (/^```sql\n([\s\S]*?)^```$/m.exec(doc)?.[1] ?? '').split('\n').filter((line) => /^[A-Z]/.test(line));

for (const kind of ['embedded', 'system'] satisfies BinariesKind[]) {
  const skip = findBinaries(kind) === undefined ? `no ${kind} Postgres` : false;
  describe(`the doctor (${kind})`, { skip, timeout: 300_000 }, () => {
    let server: Postgres;
    let admin: Admin;
    let app: Target;

    before(async () => {
      server = await startPostgres({ binaries: kind });
      admin = await Admin.login({ ...server, host: server.socketDirectory });
      for (const statement of grants) await admin.query(statement);
      await admin.query("create role app login password 'a'; create role mallory login password 'm'");
      await admin.query("create role reader login password 'r'; create role standby login replication password 's'");
      app = { ...server, user: 'app', password: 'a' };
    });
    after(async () => {
      admin.close();
      await server.stop();
    });
    afterEach(stopWatching);
    beforeEach(() => hba(['local all all scram-sha-256', 'host all all 127.0.0.1/32 scram-sha-256']));

    async function hba(lines: readonly string[]): Promise<void> {
      writeFileSync(join(server.dataDirectory, 'pg_hba.conf'), `${lines.join('\n')}\n`);
      const [[before] = []] = await admin.query('select pg_conf_load_time()');
      await admin.query('select pg_reload_conf()');
      await admin.waitFor(`select pg_conf_load_time() > '${before}'`);
    }

    async function examined(password = 'choose one'): Promise<Examination> {
      const watching = new Watching({ server: app, password });
      await watching.first('watch started');
      const [facts, same] = await Promise.all([watching.watch.doctor(), watching.watch.doctor()]);
      assert.equal(facts, same, 'who asks meanwhile gets the same');
      const expected = [{ user: 'reader' }, { user: 'mallory', address: '10.0.0.0/8' }];
      return examine(facts, { expected, at: Date.now() * 1000 });
    }

    /** Puts the proposal in force, as the doctor says. */
    async function close(): Promise<Examination> {
      const file = join(server.dataDirectory, 'pg_hba.conf');
      await hba([...closingLines(await examined()), ...readFileSync(file, 'utf8').trimEnd().split('\n')]);
      await stopWatching();
      return await examined();
    }

    it('has enough in the grants of the documentation', async () => {
      const { limits } = await examined();
      assert.deepEqual(limits, []);
    });

    it('says which grant is missing', async () => {
      for (const [revoke, restore, said] of [
        ['revoke select on pg_hba_file_rules from onrecord_watch', grants[4], /may not read pg_hba.conf/],
        ['revoke execute on function pg_hba_file_rules() from onrecord_watch', grants[5], /GRANT EXECUTE ON FUNCTION/],
        ['revoke pg_read_all_settings from onrecord_watch', grants[3], /GRANT pg_read_all_settings/],
      ] as const) {
        await admin.query(revoke);
        const examination = await examined();
        await admin.query(restore ?? '');
        assert.match(examination.limits.join('\n'), said);
        assert.ok(isOpen(examination), 'what cannot be looked at may be open');
        await stopWatching();
      }
    });

    it('closes what it finds: the gateway and the expected get in, everybody else does not', async () => {
      await hba(['local all all scram-sha-256', 'host all all 127.0.0.1/32 trust']);
      const found = await examined();
      const trusted = found.findings.find(({ rule }) => rule?.line === 2);
      assert.deepEqual([trusted?.severity, trusted?.roles], ['high', ['mallory', 'postgres', 'standby']]);
      assert.match(trusted?.message ?? '', /the superuser "postgres".*nothing is asked of them/);
      assert.deepEqual(trusted?.lines, ['host    all             all             127.0.0.1/32            reject']);
      await passBy({ ...server, user: 'mallory', password: '' });
      await stopWatching();

      const closed = await close();
      assert.equal(isOpen(closed), false, JSON.stringify(closed.findings));
      await passBy(app);
      await passBy({ ...server, user: 'reader', password: 'r' });
      await passBy({ ...app, host: server.socketDirectory, user: 'reader', password: 'r' });
      for (const stranger of [
        { ...server, user: 'mallory', password: 'm' },
        { ...server },
        { ...server, host: server.socketDirectory },
        { ...app, host: server.socketDirectory },
      ]) {
        await assert.rejects(passBy(stranger), /28000.*pg_hba.conf rejects connection/s);
      }
    });

    it('minds which line comes first', async () => {
      await hba([
        'local all all scram-sha-256',
        'host other app all reject',
        'host all app,mallory 127.0.0.0/8 scram-sha-256',
        'host all mallory all scram-sha-256',
        'host all all all scram-sha-256',
      ]);
      await admin.query('drop database if exists other');
      await admin.query('create database other');
      const { findings } = await examined();
      assert.deepEqual(
        findings.flatMap(({ rule, severity }) => (rule === undefined ? [] : [[rule.line, severity]])).sort(),
        [
          [1, 'medium'],
          [3, 'medium'],
          [4, 'medium'],
          // The server listens to its own machine alone.
          [5, 'medium'],
        ],
      );
      await stopWatching();
      assert.equal(isOpen(await close()), false);
      await passBy(app);
      await assert.rejects(passBy({ ...app, database: 'other' }), /rejects connection/);
      await assert.rejects(passBy({ ...server, user: 'mallory', password: 'm' }), /rejects connection/);
    });

    it('leaves replication alone and says who may', async () => {
      await hba([
        'local all all scram-sha-256',
        'host all all 127.0.0.1/32 scram-sha-256',
        'host replication all 127.0.0.1/32 trust',
      ]);
      const { findings } = await examined();
      const replication = findings.find(({ message }) => message.startsWith('physical replication'));
      assert.deepEqual([replication?.severity, replication?.roles], ['high', ['postgres', 'standby']]);
      await stopWatching();
      await close();
      const standby = { ...server, user: 'standby', password: 's' };
      const parameters = { replication: 'true', database: undefined };
      (await WireClient.login(standby, { parameters })).destroy();
    });
  });
}
