// What masking costs a row, without sockets, in processor time: rows of ten columns as Postgres sends them, in chunks of 64 KiB.
// Run: node scripts/run.mjs run bench/micro/masking.ts
import { createHmac } from 'node:crypto';
import { encodeBackend, Writer } from '@onrecord/wire';
import { activeMasks } from '../../packages/gateway/src/masking/active-masks.ts';
import type { MaskAction } from '../../packages/gateway/src/masking/mask.ts';
import type { DetectorName, MaskingRule } from '../../packages/gateway/src/masking/masking-rule.ts';
import { planResult } from '../../packages/gateway/src/masking/plan-result.ts';
import { resolveMasks } from '../../packages/gateway/src/masking/resolved-masks.ts';
import { catalogFixture } from '../../packages/gateway/src/sql/catalog.fixture.ts';

const rows = 1_000_000;
const utf8 = new TextEncoder();
const names = ['id', 'name', 'email', 'phone', 'street', 'city', 'zip', 'country', 'created', 'note'];
const catalog = catalogFixture({
  relations: [{ oid: 16_384, name: 'customers', columns: names.map((name) => `${name} text`) }],
});
const columns = names.map((name, at) => ({ name, table: 16_384, attribute: at + 1, type: 25, format: 0 }));
const outputs = names.map((name, at) => ({ name, sources: new Set([`16384.${at + 1}` as const]), plain: true }));
const nothing: ReadonlySet<never> = new Set();
const lineage = { outputs, probes: nothing, stores: nothing, touches: nothing };

function row(at: number): readonly string[] {
  const day = `2026-0${1 + (at % 9)}-17 10:00:00.123456+00`;
  const person = `customer${at % 5000}@example.com`;
  return [
    String(at),
    `Customer ${at}`,
    person,
    '+49 30 901820',
    `${at % 99} High Street`,
    'Berlin',
    '10115',
    'DE',
    day,
    'called twice',
  ];
}

const chunks: Uint8Array[] = [];
for (let at = 0; at < 2_000; ) {
  const writer = new Writer(1 << 16);
  for (const until = Math.min(2_000, at + 400); at < until; at += 1) {
    encodeBackend({ type: 'dataRow', values: row(at).map((value) => utf8.encode(value)) }, writer);
  }
  chunks.push(writer.finish());
}
const chunkBytes = chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);

function rule(actions: readonly (readonly [string, MaskAction])[], detectors: readonly DetectorName[]): MaskingRule {
  return {
    connections: undefined,
    identities: undefined,
    groups: undefined,
    except: { identities: [], groups: [] },
    columns: new Map(actions.map(([name, action]) => [`public.customers.${name}`, action])),
    detectors: new Map(detectors.map((name) => [name, 'redact'])),
    patterns: [],
    probe: 'allow',
    trustedFunctions: [],
  };
}

const every: readonly DetectorName[] = ['card', 'email', 'phone', 'iban', 'national_id', 'api_key', 'private_key'];
const cases: { readonly [name: string]: MaskingRule } = {
  'two columns redacted': rule(
    [
      ['email', 'redact'],
      ['phone', 'redact'],
    ],
    [],
  ),
  'two columns null': rule(
    [
      ['email', 'null'],
      ['phone', 'null'],
    ],
    [],
  ),
  'two columns partial': rule(
    [
      ['email', 'partial'],
      ['phone', 'partial'],
    ],
    [],
  ),
  'two columns hashed': rule(
    [
      ['email', 'hash'],
      ['phone', 'hash'],
    ],
    [],
  ),
  'card detector, none found': rule([], ['card']),
  'every detector, two found in each row': rule([], every),
};

const hmac = (bytes: Uint8Array): Uint8Array => createHmac('sha256', 'key').update(bytes).digest();

for (const [name, masked] of Object.entries(cases)) {
  const active = activeMasks([masked], { connection: 'c', identity: 'i', groups: [] });
  if (active === undefined) throw new Error('the rule applies to everybody');
  const mask = planResult(resolveMasks(active, catalog), { lineage, columns, hmac });
  if (mask === undefined) throw new Error('the result has masked columns');
  const times: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const rounds = name.includes('every') || name.includes('hash') ? rows / 10 / 2_000 : rows / 2_000;
    const from = process.cpuUsage().user;
    for (let round = 0; round < rounds; round += 1) for (const chunk of chunks) mask.rows(chunk);
    times.push((process.cpuUsage().user - from) / (rounds * 2_000));
  }
  console.log(
    JSON.stringify({ measure: name, bytesOfRow: chunkBytes / 2_000, usOfRow: Number(Math.min(...times).toFixed(3)) }),
  );
}
