import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backendTag } from '@onrecord/wire';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { cancelMessage, errorFields, WireClient } from '../support/wire-client.ts';
import { bind, describe as describeMessage, execute, messages, parse, query, sync } from './bypass-case.ts';
import { JournalWatch } from './journal-watch.ts';

const tooMany = (rows: number): string => `select n, repeat('x', 50) from generate_series(1, ${rows}) n`;
const protocols = {
  simple: (sql: string) => [query(sql)],
  extended: (sql: string) => [parse(sql), bind(), describeMessage('portal'), execute(), sync],
} as const;
type Protocol = keyof typeof protocols;

describe('limits under load', { timeout: 300_000 }, () => {
  let postgres: Postgres;
  let gateway: Gateway;
  let watch: JournalWatch;
  const tokens = new Map<string, string>();
  before(async () => {
    postgres = await startPostgres();
    const { host, port, user, database } = postgres;
    const reach = { host, port, user, database, password: 'env:ONRECORD_TEST_PASSWORD', tls: 'disable' };
    const connections = ['db', 'rows', 'rate', 'time'];
    gateway = await startGateway({
      postgres,
      via: 'built-in',
      connections: {
        rows: { ...reach, limits: { rows: 10 } },
        rate: { ...reach, limits: { rate: '50/1h' } },
        // As long as no statement of the tests takes by itself.
        time: { ...reach, limits: { time: '3s' } },
      },
      settings: {
        identities: {
          tester: { kind: 'agent', connections },
          other: { kind: 'agent', connections },
          slow: { kind: 'agent', connections, limits: { rate: '20/1h' } },
          holder_simple: { kind: 'agent', connections },
          holder_extended: { kind: 'agent', connections },
          alice: { kind: 'person', groups: ['finance'] },
        },
        policy: [
          {
            name: 'wishes',
            when: '"public.wishes" in statement.writes',
            then: 'approve',
            approvers: { group: 'finance' },
          },
        ],
      },
    });
    for (const name of ['other', 'slow']) tokens.set(name, gateway.token(name));
    const admin = await WireClient.login(postgres);
    await admin.query('create table wishes (id int); create table notices (id int)');
    admin.destroy();
    watch = new JournalWatch(gateway.data);
  });
  after(async () => {
    watch?.close();
    await gateway?.stop();
    await postgres?.stop();
  });
  const login = (database: string, user = 'tester'): Promise<WireClient> =>
    WireClient.login({ ...gateway, database, user, password: tokens.get(user) ?? gateway.password });
  /** Sent at once; what each is answered: rows, and the tag or SQLSTATE. */
  const pipelined = async (client: WireClient, protocol: Protocol, texts: readonly string[]): Promise<string[]> => {
    const sent = client.send(messages(texts.flatMap((sql) => protocols[protocol](sql))).bytes as Uint8Array);
    const answers: string[] = [];
    for (let rows = 0, told = ''; answers.length < texts.length; ) {
      const message = await client.next();
      if (message === undefined) return [...answers, 'closed'];
      if (message.tag === backendTag.dataRow) rows += 1;
      if (message.tag === backendTag.commandComplete) told = message.body().cstring();
      if (message.tag === backendTag.errorResponse) told = errorFields(message).C ?? '';
      if (message.tag !== backendTag.readyForQuery) continue;
      answers.push(`${rows} ${told}`);
      rows = 0;
      told = '';
    }
    await sent;
    return answers;
  };

  for (const protocol of ['simple', 'extended'] satisfies readonly Protocol[]) {
    it(`rows: of a long pipeline (${protocol}), those that return too many end, and no others`, async () => {
      const client = await login('rows');
      // Sizes that Postgres has sent before it can be told to stop, and while it is told.
      for (const rows of [11, 3_000, 30_000]) {
        const texts = Array.from({ length: 99 }, (_, n) => [tooMany(rows), 'select 1', tooMany(10)][n % 3] ?? '');
        const expected = texts.map((_, n) => ['10 54000', '1 SELECT 1', '10 SELECT 10'][n % 3]);
        assert.deepEqual(await pipelined(client, protocol, texts), expected, `${rows} rows`);
      }
      assert.deepEqual(await pipelined(client, protocol, ['select 1']), ['1 SELECT 1']);
      client.destroy();
    });
  }

  it('rows: what comes right behind the error is not cancelled in its place', async () => {
    const client = await login('rows');
    for (let round = 0; round < 60; round += 1) {
      assert.deepEqual(await pipelined(client, 'simple', [tooMany(3_000)]), ['10 54000']);
      const next = 'insert into notices select 1 from pg_sleep(0.003)';
      assert.deepEqual(await pipelined(client, 'simple', [next]), ['0 INSERT 0 1']);
    }
    client.destroy();
  });

  it('rows: a result without an end is cancelled although others wait behind it', async () => {
    const client = await login('rows');
    // In the list, it gives rows as it goes; in FROM, it would be kept first.
    const endless = "select generate_series(1, 1000000000000), repeat('x', 1000)";
    assert.deepEqual(await pipelined(client, 'simple', [endless, 'select 1']), ['10 54000', '1 SELECT 1']);
    client.destroy();
  });

  it('rate: sessions of an identity share one count on a connection, to the statement', async () => {
    const sessions = await Promise.all([1, 2, 3, 4].map(() => login('rate')));
    const texts = Array.from({ length: 40 }, (_, n) => `select ${n}`);
    const all = await Promise.all(
      sessions.map((client, n) => pipelined(client, n % 2 === 0 ? 'simple' : 'extended', texts)),
    );
    const count = (answer: string): number => all.flat().filter((each) => each === answer).length;
    assert.deepEqual([count('1 SELECT 1'), count('0 53400')], [50, 110]);
    const outcomes = sessions.flatMap(({ processId }) =>
      watch.of(processId).flatMap((body) => (body.type === 'outcome' && body.of > 0 ? body.outcome : [])),
    );
    // And one of the gateway's own in each session, which asks for its settings.
    assert.equal(outcomes.filter((each) => each === 'completed').length, 50 + sessions.length);
    assert.equal(outcomes.filter((each) => each === 'refused').length, 110);

    const other = await login('rate', 'other');
    assert.deepEqual(await pipelined(other, 'simple', ['select 1']), ['1 SELECT 1'], 'another identity');
    const elsewhere = await login('rows');
    assert.deepEqual(await pipelined(elsewhere, 'simple', ['select 1']), ['1 SELECT 1'], 'another connection');
    const [first] = sessions;
    assert.deepEqual(first && (await pipelined(first, 'simple', ['select 1', 'select 2'])), ['0 53400', '0 53400']);
    for (const client of [...sessions, other, elsewhere]) client.destroy();
  });

  it('rate: of that of the connection and that of the identity, the stricter counts', async () => {
    const client = await login('rate', 'slow');
    const texts = Array.from({ length: 60 }, () => 'select 1');
    const answers = await pipelined(client, 'extended', texts);
    assert.equal(answers.filter((each) => each === '1 SELECT 1').length, 20);
    const elsewhere = await login('db', 'slow');
    const more = await pipelined(elsewhere, 'simple', texts);
    assert.equal(more.filter((each) => each === '1 SELECT 1').length, 20, 'each connection has a count of its own');
    for (const each of [client, elsewhere]) each.destroy();
  });

  it('rate: a session that has reached its limit lets go of its locks', async () => {
    const taken = Array.from({ length: 60 }, () => 'select 1');
    for (const [protocol, end] of [
      ['simple', 'commit'],
      ['extended', 'rollback'],
    ] as const) {
      const name = `holder_${protocol}`;
      tokens.set(name, gateway.token(name));
      const holder = await login('rate', name);
      assert.deepEqual(await pipelined(holder, protocol, ['begin', 'lock table notices']), ['0 BEGIN', '0 LOCK TABLE']);
      await pipelined(holder, protocol, taken);
      // The refusal has failed the block: COMMIT is a ROLLBACK.
      assert.deepEqual(await pipelined(holder, protocol, [end, end]), ['0 ROLLBACK', '0 53400']);
      holder.destroy();
    }
  });

  it('time: of a pipeline, what takes too long ends, and no others', async () => {
    for (const protocol of ['simple', 'extended'] satisfies readonly Protocol[]) {
      const client = await login('time');
      const texts = Array.from({ length: 200 }, (_, n) =>
        n === 50 || n === 150 ? 'select pg_sleep(600)' : 'select 1',
      );
      const expected = texts.map((_, n) => (n === 50 || n === 150 ? '0 57014' : '1 SELECT 1'));
      assert.deepEqual(await pipelined(client, protocol, texts), expected);
      client.destroy();
    }
  });

  it('a cancel request is for what Postgres works on, not for what waits for people behind it', async () => {
    const client = await login('db');
    const sleeping = 'select pg_sleep(600)';
    await client.send(messages([query(sleeping), query('insert into wishes values (1)')]).bytes as Uint8Array);
    const asked = await watch.first(client.processId, (body) => body.type === 'approval_requested');
    const other = await WireClient.open(gateway);
    await other.send(cancelMessage(client.processId, client.key));
    const told = await client.until(backendTag.readyForQuery);
    assert.ok(told.some((message) => message.tag === backendTag.errorResponse && errorFields(message).C === '57014'));
    const ends = watch.of(client.processId).filter(({ type }) => type === 'approval_ended');
    assert.deepEqual(ends, [], `${asked.approval} still waits`);
    client.destroy();
    other.destroy();
  });
});
