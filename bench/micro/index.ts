// How fast the index is projected from the journal, and how fast it answers. Prints one JSON object a measure.
// Leaves out: the journal's writer, value decoding, and a cold page cache.
// Usage: node scripts/run.mjs run bench/micro/index.ts [STATEMENTS] [repeated|distinct]
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Body } from '@onrecord/record';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';
import { catchUp } from '../../packages/gateway/src/store/catch-up.ts';
import { openIndex } from '../../packages/gateway/src/store/index-database.ts';
import { type FixtureEntry, JournalFixture, utf8 } from '../../packages/gateway/src/store/journal.fixture.ts';
import { kyselyOver } from '../../packages/gateway/src/store/kysely-over.ts';
import { indexedStatements } from '../../packages/gateway/src/store/statement-rows-query.ts';
import { Store } from '../../packages/gateway/src/store/store.ts';
import { tablesReader } from '../../packages/gateway/src/store/text-tables.ts';

const statements = Number(process.argv[2] ?? 200_000);
const kind = process.argv[3] ?? 'repeated';
const day = Date.UTC(2026, 10, 17) * 1000;
const sessions = 64;
/** A quarter of all statements is one identity's. */
const identities = ['billing-agent', 'support-agent', 'reporting', 'nightly'];

const opened = (identity: string): Body => ({
  type: 'session_opened',
  identityKind: 'agent',
  groups: [],
  method: 'token',
  credential: 't',
  connection: 'billing',
  database: 'billing',
  role: 'app',
  upstream: '127.0.0.1:5432',
  backendPid: 1,
  client: '127.0.0.1:9',
  protocol: 196608,
  configuration: identity,
  durability: 'relaxed',
  claimed: {},
  parameters: { client_encoding: 'UTF8' },
});

function textOf(n: number): string {
  const id = kind === 'repeated' ? n % 50 : n;
  return `SELECT abalance, ${id} FROM pgbench_accounts_${id % 10} WHERE aid = ${id} AND bid = ${n % 7}`;
}

function write(journal: JournalFixture): void {
  const numbers = new Array<number>(sessions).fill(0);
  const of = (s: number) => ({ session: String(s).padStart(16, '0'), identity: identities[s % 4] as string });
  journal.append(...numbers.map((_, s) => ({ at: day, ...of(s), body: opened(of(s).identity) })));
  const digest = new Uint8Array(32);
  for (let at = 0; at < statements; ) {
    const batch: FixtureEntry[] = [];
    for (let count = 0; count < sessions && at < statements; count += 1, at += 1) {
      const s = at % sessions;
      const n = (numbers[s] as number) + 1;
      numbers[s] = n;
      // Spread over a week.
      const time = day + Math.floor((at / statements) * 7 * 86_400_000_000);
      const sql = utf8(textOf(at));
      batch.push(
        { at: time, ...of(s), body: { type: 'statement', n, kind: 'simple', sql, transactionBefore: 'I' } },
        {
          at: time + 500,
          ...of(s),
          body: {
            type: 'outcome',
            of: n,
            outcome: at % 1000 === 0 ? 'failed' : 'completed',
            tag: 'SELECT 1',
            rowCount: 1,
            rowBytes: 11,
            digest,
            transactionAfter: 'I',
          },
        },
      );
    }
    journal.append(...batch);
  }
}

const journal = new JournalFixture();
const report = (measure: string, values: object): void => console.log(JSON.stringify({ measure, ...values }));
try {
  write(journal);
  const reader = new JournalReader(join(journal.data, 'journal'));
  const index = openIndex(journal.data);
  let from = performance.now();
  const next = await catchUp(index, reader, { tablesOf: await tablesReader() });
  const seconds = (performance.now() - from) / 1000;
  index.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  report('projection', {
    kind,
    statements,
    entriesPerSecond: Math.round(next / seconds),
    indexBytesPerStatement: Math.round(statSync(join(journal.data, 'index.sqlite')).size / statements),
  });
  const kysely = kyselyOver(index.database);
  const tuesday = { identity: 'billing-agent', fromUs: day + 86_400_000_000, untilUs: day + 2 * 86_400_000_000 };
  for (const [name, filter] of Object.entries({
    'identity, one day': tuesday,
    'identity, one day, a word': { ...tuesday, search: 'pgbench_accounts_4' },
    'identity, one day, a table': { ...tuesday, table: 'pgbench_accounts_4' },
    'identity, one day, a rare word': { ...tuesday, search: '"aid = 30000"' },
    'identity, one day, failed': { ...tuesday, outcome: 'failed' as const },
    everything: {},
  })) {
    const times: number[] = [];
    let rows = 0;
    for (let run = 0; run < 5; run += 1) {
      from = performance.now();
      rows = 0;
      for await (const _ of indexedStatements(kysely, { ...filter, limit: 100 })) rows += 1;
      times.push(performance.now() - from);
    }
    times.sort((a, b) => a - b);
    report('first page', {
      name,
      rows,
      firstMs: Number(times.at(-1)?.toFixed(2)),
      medianMs: Number(times[2]?.toFixed(2)),
    });
  }
  from = performance.now();
  let all = 0;
  for await (const _ of indexedStatements(kysely, { identity: 'billing-agent' })) all += 1;
  report('stream', { rows: all, rowsPerSecond: Math.round((all / (performance.now() - from)) * 1000) });
  const store = new Store(journal.data);
  from = performance.now();
  let views = 0;
  for await (const view of store.statements({ limit: 50_000 })) views += Number(view.parameters.length === 0);
  report('views', { rows: views, rowsPerSecond: Math.round((views / (performance.now() - from)) * 1000) });
  store.close();
} finally {
  journal.remove();
}
