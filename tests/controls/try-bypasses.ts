import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ApprovalRequested, Body } from '@onrecord/record';
import { readPostgresLog } from '../oracle/postgres-log.ts';
import { readSessions } from '../oracle/recorded-sessions.ts';
import { logged } from '../oracle/settled.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import type { Target } from '../support/target.ts';
import { WireClient } from '../support/wire-client.ts';
import { type Attempt, attempt } from './attempt.ts';
import type { BypassCase, Trier } from './bypass-case.ts';
import { leakIn } from './canaries.ts';
import { type ShopDatabase, ShopDatabases } from './databases.ts';
import { JournalWatch } from './journal-watch.ts';
import { referenceGateway, serverSettings } from './reference-configuration.ts';
import { ownerRole } from './shop.ts';
import { unrecorded } from './unrecorded.ts';

/** Which ways are also tried without a gateway: one of so many, or with ONRECORD_EVERY_WAY all of them. */
const oneOf = process.env.ONRECORD_EVERY_WAY === undefined ? 16 : 1;
/** Only cases whose name matches. */
const only = new RegExp(process.env.ONRECORD_WAY ?? '');

/** Tests of each case: on Postgres itself it has its effect, or shows what is masked; through a gateway it does not. */
export function tryBypasses(cases: readonly BypassCase[]): void {
  const corpus = cases.filter(({ name }) => only.test(name));

  /** A case that fails on Postgres by itself proves nothing behind a gateway. */
  describe('on Postgres itself each way leads around', { timeout: 1_800_000 }, () => {
    let postgres: Postgres;
    let databases: ShopDatabases;
    before(async () => {
      postgres = await startPostgres({ settings: serverSettings });
      databases = await ShopDatabases.make(postgres);
    });
    after(async () => {
      await databases?.close();
      await postgres?.stop();
    });

    for (const tried of corpus.filter((each, at) => each.worksNowhere === undefined && at % oneOf === 0)) {
      it(tried.name, async () => {
        const database = await stageFor(tried, databases);
        const result = await attempt(tried, {
          target: { ...postgres, user: tried.as === 'root' ? 'postgres' : ownerRole, database: database.name },
          place: { ...postgres, database: database.name },
          ask: (sql) => firstValue(database, sql),
          held: () => new Promise(() => {}),
          before: async () => {},
        });
        await databases.gone(result.pids);
        const effect = await effectOf(tried, database);
        if (tried.after !== undefined) await database.admin.query(tried.after);
        const errors = result.errors.join('\n');
        if (tried.expect === 'no leak') assert.notEqual(leakOf(tried, result), undefined, `nothing leaks\n${errors}`);
        else if (effect !== undefined) assert.equal(effect, 't', `it has no effect\n${errors}`);
        else assert.deepEqual(result.errors, []);
      });
    }
  });

  describe('through the gateway none does', { timeout: 1_800_000 }, () => {
    let postgres: Postgres;
    let databases: ShopDatabases;
    let gateway: Gateway;
    let watch: JournalWatch;
    const tokens = new Map<Trier, string>();
    /** A session that keeps the catalog of the database in use known to the gateway, whoever comes and goes. */
    let keeper: { readonly database: string; readonly client: WireClient } | undefined;
    before(async () => {
      postgres = await startPostgres({ settings: serverSettings });
      databases = await ShopDatabases.make(postgres);
      gateway = await startGateway(referenceGateway(postgres));
      const needed = new Set<Trier>(['service', ...corpus.map(({ as }) => as)]);
      for (const name of needed) tokens.set(name, gateway.token(name));
      watch = new JournalWatch(gateway.data);
    });
    after(async () => {
      keeper?.client.destroy();
      watch?.close();
      await databases?.close();
      await gateway?.stop();
      await postgres?.stop();
    });

    const keepCatalog = async ({ name: database }: ShopDatabase): Promise<void> => {
      if (keeper?.database === database) return;
      keeper?.client.destroy();
      keeper = { database, client: await WireClient.login(targetOf({ as: 'service' }, { name: database })) };
    };
    const targetOf = ({ as }: Pick<BypassCase, 'as'>, { name }: Pick<ShopDatabase, 'name'>): Target => ({
      ...gateway,
      user: as,
      password: tokens.get(as) ?? '',
      database: `db/${name}`,
    });

    for (const tried of corpus) {
      it(tried.name, async () => {
        const database = await stageFor(tried, databases);
        await keepCatalog(database);
        const result = await attempt(tried, {
          target: targetOf(tried, database),
          place: { ...postgres, database: database.name },
          ask: (sql) => firstValue(database, sql),
          held: async (pid, signal) => {
            await watch.first(pid, isQuestion, signal);
          },
          // While it waits; when it is over the session has been ended with the client.
          before: async ({ held }) => {
            if (held) assert.notEqual(await effectOf(tried, database), 't', 'it has its effect while it waits');
          },
        });
        await databases.gone(result.pids);
        const effect = await effectOf(tried, database);
        if (tried.after !== undefined) await database.admin.query(tried.after);
        const told = `the client was told:\n${result.errors.join('\n')}`;
        assert.equal(leakOf(tried, result), undefined, `it leaks; ${told}`);
        assert.notEqual(effect, 't', `it has its effect; ${told}`);
        if (tried.expect === 'asked') assert.ok(result.held, `nobody was asked; ${told}`);
        if (tried.expect !== 'refused') return;
        const states = ['42501', ...(tried.states ?? [])];
        assert.ok(
          // Whoever pays may be asked about code that cannot be read, which is as good.
          result.states.some((state) => states.includes(state)) || (tried.as === 'payer' && result.held),
          `it was not refused; ${told}`,
        );
      });
    }

    it('everything that Postgres ran is on record, and no hidden value is', async () => {
      await gateway.shutDown();
      const mark = await databases.mark();
      await logged(postgres.dataDirectory, mark);
      const log = readPostgresLog(postgres.dataDirectory);
      const own = new Set(databases.pids);
      const recorded = readSessions(gateway.data);
      assert.deepEqual(unrecorded(log, recorded, own), []);
      const files = readdirSync(gateway.data, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
      for (const file of files) {
        const content = readFileSync(join(file.parentPath, file.name));
        // A segment of the journal is as large as it may become.
        const written = content.subarray(0, content.findLastIndex((byte) => byte !== 0) + 1);
        assert.equal(leakIn(written), undefined, `in ${file.name}`);
      }
      assert.equal(leakIn(Buffer.from(gateway.log())), undefined, 'in what the gateway says');
    });
  });
}

function isQuestion(body: Body): body is ApprovalRequested {
  return body.type === 'approval_requested';
}

async function stageFor(tried: BypassCase, databases: ShopDatabases): Promise<ShopDatabase> {
  const database = await databases.clean({ fresh: tried.before !== undefined });
  if (tried.before !== undefined) await database.admin.query(tried.before);
  return database;
}

/** `t` when what must not happen has happened; undefined when there is nothing to look at. */
async function effectOf({ effect }: BypassCase, database: ShopDatabase): Promise<string | undefined> {
  return effect === undefined || effect === '' ? undefined : firstValue(database, effect);
}

function leakOf({ shows = [] }: BypassCase, { heard }: Attempt): string | undefined {
  const text = Buffer.from(heard).toString('latin1');
  const shown = shows.find((form) => (typeof form === 'string' ? text.includes(form) : form.test(text)));
  return shown === undefined ? leakIn(heard) : `in another form: ${shown}`;
}

async function firstValue({ admin }: ShopDatabase, sql: string): Promise<string> {
  return (await admin.query(sql))[0]?.[0] ?? '';
}
