import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { readSessions } from '../oracle/recorded-sessions.ts';
import { Admin } from '../support/admin.ts';
import { errorFields, startupMessage, WireClient } from '../support/wire-client.ts';
import { assertNothingLost, outcomesOfWrites } from './assert-nothing-lost.ts';
import { Crew, type Farewell } from './crew.ts';
import { entriesOf, nextEntry } from './gateway-entries.ts';
import { type LinkedPair, startLinkedPair } from './linked-pair.ts';

const size = 6;
const waitMs = 2_000;
/** Ten seconds of silence at most, and what a busy machine adds. */
const noticedMs = 11_000;

describe('when gateway and connector lose each other', { timeout: 1_200_000 }, () => {
  let pair: LinkedPair;
  let crew: Crew;
  const crews: Crew[] = [];
  before(async () => {
    pair = await startLinkedPair({ settings: { connectors: { wait: `${waitMs}ms` } } });
  });
  after(() => pair?.stop());
  beforeEach(async () => {
    crew = new Crew(pair.gateway, size, `crew${crews.length}-`);
    crews.push(crew);
    await crew.progress(size * 5);
  });
  afterEach(async () => {
    pair.wire.heal();
    await crew.stop();
  });

  const everybodyTold = async (sqlstate: string): Promise<void> => {
    await crew.until(() => crew.farewells.length >= size, 'ends of sessions');
    for (const farewell of crew.farewells) assert.equal(farewell.sqlstate, sqlstate, JSON.stringify(farewell));
  };
  const goesOn = async (): Promise<void> => {
    await crew.progress(size * 5);
    await crew.stop();
    await assertNothingLost(pair, crews);
  };

  it('because the connections are reset: every session is told, and the connector comes back', async () => {
    const lost = entriesOf(pair.gateway, 'connector_disconnected').length;
    const came = entriesOf(pair.gateway, 'connector_connected').length;
    pair.wire.cut();
    await everybodyTold('08006');
    for (const { hint } of crew.farewells) assert.match(hint ?? '', /connect again/);
    await nextEntry(pair.gateway, 'connector_disconnected', lost);
    const unfinished = crew.writes.filter(({ told }) => told === 'lost');
    pair.wire.heal();
    await nextEntry(pair.gateway, 'connector_connected', came);
    await goesOn();
    const outcomes = outcomesOfWrites(pair);
    const known = new Set(unfinished.map(({ id }) => outcomes.get(id)));
    assert.ok(known.has('unknown'), 'nothing was under way');
    assert.equal(known.has('failed'), false);
    const reasons = readSessions(pair.gateway.data).map(({ closed }) => closed?.reason);
    assert.equal(reasons.filter((reason) => reason === 'upstream lost').length, size);
  });

  it('for less than it may take: a new session waits, and is opened', async () => {
    const lost = entriesOf(pair.gateway, 'connector_disconnected').length;
    pair.wire.cut();
    await everybodyTold('08006');
    await nextEntry(pair.gateway, 'connector_disconnected', lost);
    const waiting = WireClient.login(pair.gateway);
    // It has proved who it is, and waits: everybody who works has been let in that far as well.
    const state = await Promise.race([waiting.then(() => 'opened'), asManyWait(crew)]);
    assert.equal(state, 'waiting');
    pair.wire.heal();
    await (await waiting).close();
    await goesOn();
  });

  it('for longer: a new session is told so, with what to do', async () => {
    pair.wire.cut();
    await everybodyTold('08006');
    const began = performance.now();
    const told = await refusal(pair);
    assert.ok(performance.now() - began >= waitMs * 0.9, 'it did not wait');
    assert.equal(told.sqlstate, '57P03');
    assert.match(told.hint ?? '', /Try again/);
    assert.match(told.detail ?? '', /"test-connector" has been away since/);
    pair.wire.heal();
    await goesOn();
  });

  it('and neither is told: both find out by themselves, within ten seconds', async () => {
    const lost = entriesOf(pair.gateway, 'connector_disconnected').length;
    const before = pair.connector.log().length;
    const began = performance.now();
    pair.wire.freeze();
    await everybodyTold('08006');
    const { body } = await nextEntry(pair.gateway, 'connector_disconnected', lost);
    assert.equal(body.sessions, size);
    // The connector has ended its sessions when nobody is left on the server.
    await pair.admin.alone();
    const tookMs = performance.now() - began;
    assert.ok(tookMs < noticedMs, `it took ${Math.round(tookMs)} ms`);
    assert.match(pair.connector.log().slice(before), /no link: the gateway has not been heard/);
    pair.wire.heal();
    await goesOn();
  });
});

describe('when one of them dies', { timeout: 1_200_000 }, () => {
  let pair: LinkedPair;
  let crew: Crew;
  const crews: Crew[] = [];
  before(async () => {
    pair = await startLinkedPair();
  });
  after(() => pair?.stop());
  beforeEach(async () => {
    crew = new Crew(pair.gateway, size, `crew${crews.length}-`);
    crews.push(crew);
    await crew.progress(size * 5);
  });
  afterEach(() => crew.stop());

  const everybodyGone = (): Promise<void> => crew.until(() => crew.farewells.length >= size, 'ends of sessions');
  /** Of the tests' own sessions on a server that has died. */
  const otherPids: number[] = [];
  const goesOn = async (): Promise<void> => {
    await crew.progress(size * 5);
    await crew.stop();
    await assertNothingLost(pair, crews, otherPids);
  };
  const states = (farewells: readonly Farewell[]): readonly (string | undefined)[] => [
    ...new Set(farewells.map(({ sqlstate }) => sqlstate)),
  ];

  it('the connector, without a word', async () => {
    await pair.connector.kill9();
    await everybodyGone();
    assert.deepEqual(states(crew.farewells), ['08006']);
    await pair.connector.restart();
    await goesOn();
  });

  it('the connector, because it is told to', async () => {
    const lost = entriesOf(pair.gateway, 'connector_disconnected').length;
    await pair.connector.shutDown();
    await everybodyGone();
    assert.deepEqual(states(crew.farewells), ['08006']);
    await nextEntry(pair.gateway, 'connector_disconnected', lost);
    await pair.connector.restart();
    await goesOn();
  });

  it('the gateway, without a word', async () => {
    await pair.gateway.kill9();
    await everybodyGone();
    assert.deepEqual(states(crew.farewells), [undefined]);
    await pair.admin.alone();
    await pair.gateway.restart();
    await goesOn();
  });

  it('the gateway, because it is told to', async () => {
    await pair.gateway.shutDown();
    await everybodyGone();
    assert.deepEqual(states(crew.farewells), ['57P01']);
    await pair.gateway.restart();
    await goesOn();
  });

  it('both', async () => {
    await Promise.all([pair.gateway.kill9(), pair.connector.kill9()]);
    await everybodyGone();
    await pair.gateway.restart();
    await pair.connector.restart();
    await goesOn();
  });

  it('the server behind the connector', async () => {
    pair.admin.close();
    await pair.postgres.kill9();
    await everybodyGone();
    await crew.until(() => crew.refusals.length > 0, 'logins while the server was away');
    assert.equal(crew.refusals[0]?.sqlstate, '08006');
    await pair.postgres.restart();
    otherPids.push(pair.admin.pid);
    pair = { ...pair, admin: await Admin.login(pair.postgres) };
    await goesOn();
  });

  it('nobody: both read their configuration again, and no session notices', async () => {
    const configured = entriesOf(pair.gateway, 'configured').length;
    process.kill(pair.gateway.pid(), 'SIGHUP');
    process.kill(pair.connector.pid(), 'SIGHUP');
    await nextEntry(pair.gateway, 'configured', configured);
    await crew.progress(size * 10);
    assert.deepEqual([crew.farewells, crew.refusals], [[], []]);
    await goesOn();
  });
});

/** Resolves when clients of the crew wait, too: they have been silent for a while. */
async function asManyWait(crew: Crew): Promise<string> {
  for (let silent = 0; silent < 10; silent += 1) {
    const before = crew.seen.length + crew.refusals.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (crew.seen.length + crew.refusals.length !== before) silent = 0;
  }
  return 'waiting';
}

async function refusal(
  pair: LinkedPair,
): Promise<{ readonly [name in 'sqlstate' | 'hint' | 'detail']: string | undefined }> {
  const client = await WireClient.open(pair.gateway);
  await client.send(startupMessage(pair.gateway));
  const last = (await client.authenticate(pair.gateway.password)).at(-1);
  client.destroy();
  if (last === undefined) throw new Error('the connection was closed without a word');
  const { C: sqlstate, H: hint, D: detail } = errorFields(last);
  return { sqlstate, hint, detail };
}
