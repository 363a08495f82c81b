import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backendTag } from '@onrecord/wire';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { type BinariesKind, findBinaries } from '../support/postgres-binaries.ts';
import { errorFields, WireClient } from '../support/wire-client.ts';

const hidden = 'Vq7xKmtz@hidden.example';

/** A name, what a function of it is given, and how an older server is made to call it. */
const calls: readonly (readonly [string, string, string])[] = [
  ['json_scalar', 'a text', "json_scalar('x')"],
  ['json_serialize', 'a text', "json_serialize('1')"],
  ['json', 'a text', "json('1'::text)"],
  ['json_value', 'a text, b text', "json_value('{}', '$')"],
  ['json_query', 'a text, b text', "json_query('{}', '$')"],
  ['json_exists', 'a text, b text', "json_exists('{}', '$')"],
  ['json_array', 'a text', "json_array('x')"],
  ['json_object', 'a text', "json_object('{a,b}'::text)"],
  ['json_arrayagg', 'a text', "json_arrayagg('x')"],
  ['merge_action', '', 'merge_action()'],
];

/**
 * The gateway reads with the grammar of Postgres 18. What that takes for its own words is a name to servers before, and whoever
 * may create a function gives it one: on the newest server the same statements call none.
 */
for (const binaries of ['embedded', 'system'] satisfies readonly BinariesKind[]) {
  const isMissing = findBinaries(binaries) === undefined;
  describe(`a name that has become grammar, on the ${binaries} Postgres`, { skip: isMissing, timeout: 120_000 }, () => {
    let postgres: Postgres;
    let gateway: Gateway;
    let admin: WireClient;
    let agent: WireClient;
    before(async () => {
      postgres = await startPostgres({ binaries });
      admin = await WireClient.login(postgres);
      await admin.query(`create table customers (id int, email text); insert into customers values (1, '${hidden}')`);
      await admin.query('create table payments (id int)');
      gateway = await startGateway({
        postgres,
        via: 'built-in',
        settings: {
          policy: [{ name: 'no payments', when: '"public.payments" in statement.writes', then: 'deny' }],
          masking: { rules: [{ columns: { 'public.customers.email': 'redact' } }] },
        },
      });
      agent = await WireClient.login(gateway);
    });
    after(async () => {
      agent?.destroy();
      admin?.destroy();
      await gateway?.stop();
      await postgres?.stop();
    });
    /** All that the client receives. */
    const told = async (sql: string): Promise<string> =>
      Buffer.concat((await agent.query(sql)).map(({ bytes }) => bytes)).toString('latin1');
    const fresh = async (name: string, text: string): Promise<void> => {
      const made = await agent.query(`create function public."${name}"${text}`);
      const error = made.find(({ tag }) => tag === backendTag.errorResponse);
      assert.equal(error && errorFields(error).M, undefined);
    };

    it('shows no hidden value', async () => {
      for (const [name, parameters, call] of calls) {
        await fresh(name, `(${parameters}) returns text stable language sql as 'select email from public.customers'`);
        const ways = [`select ${call}`, `select ${call} || ''`, `select * from ${call} x`];
        for (const sql of ways) assert.ok(!(await told(sql)).includes(hidden), sql);
        await told(`drop function public."${name}"(${parameters})`);
        await told('begin');
        await fresh(name, `(${parameters}) returns text stable language sql as 'select email from public.customers'`);
        for (const sql of ways) assert.ok(!(await told(`savepoint s; ${sql}; release s`)).includes(hidden), sql);
        await told('rollback');
      }
      for (const path of ['public, pg_catalog', 'pg_catalog, public']) {
        await told(`set search_path = ${path}`);
        await fresh(
          'json_object',
          `(a text[]) returns text stable language sql as 'select email from public.customers'`,
        );
        assert.ok(!(await told("select json_object(array['a', 'b'])")).includes(hidden), path);
        await told('drop function public.json_object(text[])');
      }
      await told('reset search_path');
      for (const sql of [
        'select system_user || 1::text from (select email as "system_user" from customers) c',
        'with "system_user" as (select email from customers) select x::text from system_user x',
      ])
        assert.ok(!(await told(sql)).includes(hidden), sql);
    });

    it('is not what a cursor is called that a function has not opened', async () => {
      await fresh(
        'takes_up',
        "() returns text language plpgsql as $$ declare c cursor for select ''; r text; begin fetch c into r; return r; end $$",
      );
      for (const sql of ['begin', 'declare c cursor for select email from customers']) await told(sql);
      assert.ok(!(await told('select takes_up()')).includes(hidden));
      await told('rollback');
      if (binaries === 'embedded') return;
      for (const sql of ['begin', 'declare c cursor for select email from customers']) await admin.query(sql);
      const [row] = (await admin.query('select takes_up()')).filter(({ tag }) => tag === backendTag.dataRow);
      assert.ok(Buffer.from(row?.bytes ?? []).includes(hidden), 'on that server itself it is');
      await admin.query('rollback');
    });

    it('does not get past a rule', async () => {
      for (const [name, parameters, call] of calls) {
        const body = "'insert into public.payments values (1) returning id::text'";
        await fresh(name, `(${parameters}) returns text volatile language sql as ${body}`);
        await told(`select ${call}`);
        const [row] = (await admin.query('select count(*) from payments')).filter(
          ({ tag }) => tag === backendTag.dataRow,
        );
        assert.ok(row?.bytes.at(-1) === 0x30, call);
        await told(`drop function public."${name}"(${parameters})`);
      }
    });

    it('is what the server says where nothing of somebody has it', async () => {
      const plain = async (client: WireClient, sql: string): Promise<readonly string[]> =>
        (await client.query(sql)).map((message) =>
          message.tag === backendTag.errorResponse
            ? `error ${errorFields(message).C} ${errorFields(message).M}`
            : Buffer.from(message.bytes).toString('latin1'),
        );
      // A cast that is written as a call is refused under masks: there is no function to look at.
      const others = calls.filter(([name]) => name !== 'json');
      const texts = [
        ...others.map(([, , call]) => `select ${call}`),
        "select json_object('{a,b}')",
        'select system_user',
      ];
      for (const sql of texts) assert.deepEqual(await plain(agent, sql), await plain(admin, sql), sql);
    });
  });
}
