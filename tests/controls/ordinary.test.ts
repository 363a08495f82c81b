import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backendTag } from '@onrecord/wire';
import { Admin } from '../support/admin.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { WireClient, type WireMessage } from '../support/wire-client.ts';
import { bind, describe as describeMessage, execute, messages, parse, query, sync } from './bypass-case.ts';
import { type Ordinary, type OrdinaryGroup, ordinaryCorpus, ordinarySchema } from './ordinary-corpus.ts';
import { referenceGateway } from './reference-configuration.ts';
import { ownerRole, shopSchema } from './shop.ts';

describe('ordinary statements are answered as by Postgres, where no rule says otherwise', { timeout: 900_000 }, () => {
  let alone: Postgres;
  let guarded: Postgres;
  let gateway: Gateway;
  const tokens = new Map<string, string>();
  before(async () => {
    alone = await startShop();
    guarded = await startShop();
    gateway = await startGateway(referenceGateway(guarded));
    for (const { as = 'service' } of ordinaryCorpus) tokens.set(as, tokens.get(as) ?? gateway.token(as));
  });
  after(async () => {
    await gateway?.stop();
    await guarded?.stop();
    await alone?.stop();
  });

  it('there are many of them', () => {
    assert.ok(ordinaryCorpus.flatMap(({ statements }) => statements).length >= 250);
  });

  for (const group of ordinaryCorpus) {
    it(group.name, async () => {
      const direct = await WireClient.login({ ...alone, user: ownerRole, database: 'shop' });
      const { as = 'service' } = group;
      const through = await WireClient.login({ ...gateway, user: as, password: tokens.get(as) ?? '' });
      const problems: string[] = [];
      for (const each of group.statements) {
        const statement = typeof each === 'string' ? { sql: each, masks: [] } : each;
        const wanted = await run(direct, statement, group);
        const found = await run(through, statement, group);
        const problem = difference(wanted, found, statement);
        if (problem !== undefined) problems.push(`${statement.sql}\n    ${problem}`);
      }
      direct.destroy();
      through.destroy();
      assert.deepEqual(problems, []);
    });
  }
});

/** A server of its own for each side: the same objects have the same OIDs, also those that the groups make. */
async function startShop(): Promise<Postgres> {
  const postgres = await startPostgres();
  const admin = await Admin.login(postgres);
  await admin.query(`create role ${ownerRole} login password '${postgres.password}' in role pg_read_all_stats`);
  await admin.query(`create database shop owner ${ownerRole}`);
  const owner = await Admin.login({ ...postgres, user: ownerRole, database: 'shop' });
  await owner.query(shopSchema);
  await owner.query(ordinarySchema);
  await owner.query('analyze');
  owner.close();
  await admin.alone();
  admin.close();
  return postgres;
}

async function run(
  client: WireClient,
  { sql, parameters = [] }: Ordinary,
  { extended }: OrdinaryGroup,
): Promise<readonly WireMessage[]> {
  const asked = extended
    ? [parse(sql), describeMessage('statement'), bind({ parameters }), describeMessage('portal'), execute(), sync]
    : [query(sql)];
  await client.send(messages(asked).bytes as Uint8Array);
  return client.until(backendTag.readyForQuery);
}

/** What differs in two answers, but for values in columns of those names. */
function difference(
  wanted: readonly WireMessage[],
  found: readonly WireMessage[],
  { masks, why }: Ordinary,
): string | undefined {
  if (why !== undefined)
    return kinds(wanted) === kinds(found) ? undefined : `found ${kinds(found)} for ${kinds(wanted)}`;
  let columns: readonly string[] = [];
  for (const [at, want] of wanted.entries()) {
    const other = found[at];
    if (other === undefined) return `wanted ${shown(want)}, found nothing more`;
    if (want.tag === backendTag.rowDescription) columns = columnNames(want);
    const [left, right] = [comparable(want, columns, masks), comparable(other, columns, masks)];
    if (left !== right) return `wanted ${left.slice(0, 400)}\n    found  ${right.slice(0, 400)}`;
  }
  const [more] = found.slice(wanted.length);
  return more === undefined ? undefined : `found ${shown(more)} more`;
}

/** The types of the messages. */
function kinds(answer: readonly WireMessage[]): string {
  return String.fromCharCode(...answer.map(({ tag }) => tag));
}

function comparable(message: WireMessage, columns: readonly string[], masks: readonly string[]): string {
  if (message.tag !== backendTag.dataRow || masks.length === 0) return shown(message);
  const body = message.body();
  const values = Array.from({ length: body.uint16() }, (_, at) => {
    const value = body.value();
    if (masks.includes(columns[at] ?? '')) return 'masked';
    return value === null ? null : Buffer.from(value).toString('latin1');
  });
  return JSON.stringify(values);
}

function shown({ tag, bytes }: WireMessage): string {
  const text = Buffer.from(bytes).toString('latin1');
  // A notification begins with the process that sent it.
  const skipped = tag === backendTag.notificationResponse ? 9 : 5;
  return JSON.stringify(text.slice(0, 1) + text.slice(skipped));
}

function columnNames(message: WireMessage): readonly string[] {
  const body = message.body();
  return Array.from({ length: body.uint16() }, () => {
    const name = body.cstring();
    body.take(18);
    return name;
  });
}
