// What a guard adds to a statement in the session core, without sockets, journal and Postgres, in processor time: for a text
// that was seen before, under rules and under a mask, and for texts that are new each time.
// Run: node scripts/run.mjs run bench/micro/guard.ts
import { encodeBackend, encodeFrontend, Writer } from '@onrecord/wire';
import { activeMasks } from '../../packages/gateway/src/masking/active-masks.ts';
import { createSha256 } from '../../packages/gateway/src/net/sha256-digest.ts';
import { createPolicy } from '../../packages/gateway/src/policy/create-policy.ts';
import { noControls, rulesOf } from '../../packages/gateway/src/policy/policy.fixture.ts';
import type { Guard } from '../../packages/gateway/src/session/guard.ts';
import { guardOf } from '../../packages/gateway/src/session/policy-guard.fixture.ts';
import { Session } from '../../packages/gateway/src/session/session.ts';
import { catalogFixture } from '../../packages/gateway/src/sql/catalog.fixture.ts';

const approvers = { group: 'finance', count: 1, timeoutMs: 600_000, reuseMs: 0 };
/** Those of the README. */
const rules = rulesOf(
  {
    name: 'no blind deletes',
    when: 'statement.kind in ["delete", "update"] && !statement.hasWhere',
    then: 'deny',
  },
  {
    name: 'money moves need a second pair of eyes',
    when: 'statement.writes.exists(t, t == "public.payments") && identity.kind == "agent"',
    then: 'approve',
    approvers,
  },
  {
    name: 'agents write in office hours',
    when: 'statement.isWrite && identity.kind == "agent" && (time.hour < 8 || time.hour >= 18)',
    then: 'deny',
  },
);
const identity = { name: 'agent', kind: 'agent', groups: [], onBehalfOf: undefined, method: 'token' } as const;
const subject = {
  identity,
  connection: { name: 'c', database: 'd', role: 'app' },
  session: { client: '', application: undefined, runId: undefined },
} as const;
const masks = activeMasks(
  [
    {
      connections: undefined,
      identities: undefined,
      groups: undefined,
      except: { identities: [], groups: [] },
      columns: new Map([['public.customers.email', 'partial']]),
      detectors: new Map(),
      patterns: [],
      probe: 'allow',
      trustedFunctions: [],
    },
  ],
  { connection: 'c', identity: 'agent', groups: [] },
);
const catalog = catalogFixture({
  relations: [
    { oid: 16_384, name: 'pgbench_accounts', columns: ['aid int4', 'bid int4', 'abalance int4', 'filler text'] },
    { oid: 16_385, name: 'customers', columns: ['id int4', 'email text'] },
    { oid: 16_386, name: 'payments', columns: ['id int4'] },
  ],
});
const policy = createPolicy({ rules, controls: [noControls, noControls], subject });
const guards: { readonly [name: string]: () => Guard | undefined } = {
  'no guard': () => undefined,
  'three rules': () => guardOf({ policy, catalog: () => catalog }),
  'a mask on another table': () => guardOf({ masks, catalog: () => catalog }),
  both: () => guardOf({ policy, masks, catalog: () => catalog }),
};

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const none = new Uint8Array(0);
const column = { name: text('abalance'), tableOid: 16_384, attribute: 3, typeOid: 23, typeSize: 4 };

function result(writer: Writer): Uint8Array {
  encodeBackend({ type: 'rowDescription', columns: [{ ...column, typeModifier: -1, format: 0 }] }, writer);
  encodeBackend({ type: 'dataRow', values: [text('0')] }, writer);
  encodeBackend({ type: 'commandComplete', tag: 'SELECT 1' }, writer);
  return encodeBackend({ type: 'readyForQuery', status: 'I' }, writer).finish();
}

function simple(sql: string): Uint8Array {
  return encodeFrontend({ type: 'query', sql: text(sql) }).finish();
}

function extended(sql: string): Uint8Array {
  const writer = new Writer();
  encodeFrontend({ type: 'parse', name: none, sql: text(sql), parameterTypes: [] }, writer);
  const bind = {
    portal: none,
    statement: none,
    parameterFormats: [],
    parameters: [text('1234567')],
    resultFormats: [],
  };
  encodeFrontend({ type: 'bind', ...bind }, writer);
  encodeFrontend({ type: 'describe', target: 'portal', name: none }, writer);
  encodeFrontend({ type: 'execute', portal: none, maxRows: 0 }, writer);
  return encodeFrontend({ type: 'sync' }, writer).finish();
}

function bound(): Uint8Array {
  const writer = new Writer();
  encodeBackend({ type: 'parseComplete' }, writer);
  encodeBackend({ type: 'bindComplete' }, writer);
  return result(writer);
}

interface Traffic {
  readonly rounds: number;
  readonly query: (at: number) => Uint8Array;
  readonly answer: Uint8Array;
}

const select = 'SELECT abalance FROM pgbench_accounts WHERE aid = ';
const [one, other] = [simple(`${select}1234567`), extended(`${select}$1`)];
const cases: { readonly [name: string]: Traffic } = {
  'simple, the same text': { rounds: 100_000, query: () => one, answer: result(new Writer()) },
  'extended, the same text': { rounds: 100_000, query: () => other, answer: bound() },
  'simple, a new text each time': {
    rounds: 10_000,
    query: (at) => simple(`${select}${at}`),
    answer: result(new Writer()),
  },
  'simple, a new text each time, a join with a subquery': {
    rounds: 3_000,
    query: (at) =>
      simple(`SELECT a.bid, count(*), max(c.email) FROM pgbench_accounts a JOIN customers c ON c.id = a.aid
        WHERE a.aid IN (SELECT id FROM payments WHERE id > ${at}) AND lower(c.email) LIKE 'x%' GROUP BY a.bid ORDER BY 2`),
    answer: result(new Writer()),
  },
};

let sent = 0;

/** Processor time of a statement, in microseconds: the least of three runs. */
function cost({ rounds, query, answer }: Traffic, guard: Guard | undefined): number {
  const session = new Session({
    rows: { max: 1000, bytes: 256 * 1024 },
    messageBytes: 64 << 20,
    createDigest: createSha256,
    sql: { split: () => undefined, redact: () => undefined, effect: () => undefined, traceparent: () => undefined },
    replication: false,
    parameters: new Map(),
    guard,
  });
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 4; run += 1) {
    const from = process.cpuUsage().user;
    for (let at = 0; at < rounds; at += 1) {
      sent += 1;
      session.frontend(query(sent), at);
      session.backend(answer, at);
      if (session.pending > 0) throw new Error('a statement was not answered');
    }
    // The first one compiles.
    if (run > 0) least = Math.min(least, (process.cpuUsage().user - from) / rounds);
  }
  return least;
}

for (const [name, traffic] of Object.entries(cases)) {
  const without = cost(traffic, undefined);
  console.log(`${name}: ${without.toFixed(1)} µs`);
  for (const [guard, make] of Object.entries(guards).slice(1)) {
    console.log(`  ${guard}: + ${(cost(traffic, make()) - without).toFixed(1)} µs`);
  }
}
