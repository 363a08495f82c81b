import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { backendTag } from '@onrecord/wire';
import { reload } from '../identities/reload.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { errorFields, WireClient, type WireMessage } from '../support/wire-client.ts';
import { bind, execute, messages, parse, query, sync } from './bypass-case.ts';
import { JournalWatch } from './journal-watch.ts';

const hidden = 'Vq7xKmtz@hidden.example';
const mask = (action: string) => ({ rules: [{ columns: { 'public.customers.email': action } }] });
const denies = [{ name: 'no customers', when: '"public.customers" in statement.reads', then: 'deny' }];
/** More than the sockets between take: most of it is behind the gateway when the client begins to read. */
const long = "select email, repeat('x', 10000) as filling from customers, generate_series(1, 3000)";

describe('a session that is open when the configuration changes', { timeout: 120_000 }, () => {
  let postgres: Postgres;
  let gateway: Gateway;
  let watch: JournalWatch;
  let keyFile: string;
  before(async () => {
    postgres = await startPostgres();
    const admin = await WireClient.login(postgres);
    await admin.query(`create table customers (id int, email text); insert into customers values (1, '${hidden}')`);
    admin.destroy();
    gateway = await startGateway({ postgres, via: 'built-in', settings: { masking: mask('redact') } });
    keyFile = join(dirname(gateway.configFile), 'mask.key');
    watch = new JournalWatch(gateway.data);
  });
  after(async () => {
    watch?.close();
    await gateway?.stop();
    await postgres?.stop();
  });
  const change = (changed: object): Promise<void> => reload(gateway, () => ({ ...changed }));
  const login = (): Promise<WireClient> => WireClient.login(gateway);
  const configurationOf = (client: WireClient): string | undefined =>
    watch.of(client.processId).flatMap((body) => (body.type === 'session_opened' ? body.configuration : []))[0];
  const emails = (heard: readonly WireMessage[]): readonly string[] =>
    heard.flatMap((message) => {
      if (message.tag === backendTag.errorResponse) return errorFields(message).C ?? '';
      if (message.tag !== backendTag.dataRow) return [];
      const body = message.body();
      body.int16();
      return Buffer.from(body.value() ?? []).toString();
    });
  const emailOf = async (client: WireClient): Promise<readonly string[]> =>
    emails(await client.query('select email from customers'));
  /** A portal with rows left, and a long result of which nothing is read yet, in two sessions; then the change; then the rest. */
  const acrossChange = async (changed: object): Promise<ReadonlySet<string>> => {
    const [suspended, reading] = [await login(), await login()];
    await suspended.query('begin');
    const opened = [parse('select email from customers, generate_series(1, 5)'), bind({ portal: 'p' })];
    await suspended.send(messages([...opened, execute('p', 2), sync]).bytes as Uint8Array);
    const heard = [...(await suspended.until(backendTag.readyForQuery))];
    reading.pause();
    await reading.send(messages([query(long)]).bytes as Uint8Array);
    await watch.first(reading.processId, (body) => body.type === 'statement');
    await change(changed);
    await suspended.send(messages([execute('p', 0), sync]).bytes as Uint8Array);
    heard.push(...(await suspended.until(backendTag.readyForQuery)));
    reading.resume();
    heard.push(...(await reading.until(backendTag.readyForQuery)));
    const seen = emails(heard);
    assert.equal(seen.length, 5 + 3000);
    const again = [...(await emailOf(suspended)), ...(await emailOf(reading))];
    for (const client of [suspended, reading]) client.destroy();
    return new Set([...seen, ...again]);
  };

  it('keeps its masks to the last row, and after that; the next has none', async () => {
    await change({ masking: mask('redact'), policy: [] });
    assert.deepEqual(await acrossChange({ masking: {} }), new Set(['[masked]']));
    const next = await login();
    assert.deepEqual(await emailOf(next), [hidden]);
    next.destroy();
  });

  it('gets no masks or rules in the middle; the next has them', async () => {
    await change({ masking: {}, policy: [] });
    const first = await login();
    assert.deepEqual(await acrossChange({ masking: mask('null'), policy: denies }), new Set([hidden]));
    assert.deepEqual(await emailOf(first), [hidden]);
    const next = await login();
    assert.deepEqual(await emailOf(next), ['42501']);
    assert.notEqual(configurationOf(next), configurationOf(first));
    assert.match(
      (await gateway.cli('config', 'check')).toString(),
      new RegExp((configurationOf(next) ?? '').slice(0, 12)),
    );
    for (const client of [first, next]) client.destroy();
  });

  it('keeps the key of its hashes; the next has the new one', async () => {
    writeFileSync(keyFile, 'the first key of the tests');
    await change({ masking: { ...mask('hash'), key: 'file:mask.key' }, policy: [] });
    const first = await login();
    const hash = await emailOf(first);
    assert.match(String(hash), /^[0-9a-f]{32}$/);
    writeFileSync(keyFile, 'the second key of the tests');
    await change({});
    assert.deepEqual(await emailOf(first), hash);
    const next = await login();
    const other = await emailOf(next);
    assert.match(String(other), /^[0-9a-f]{32}$/);
    assert.notDeepEqual(other, hash);
    for (const client of [first, next]) client.destroy();
  });
});
