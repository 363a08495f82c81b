import { Client } from 'pg';
import type { Contender, ContenderName } from '../contenders/contender.ts';
import type { Options } from '../options.ts';
import type { Pgbench, Protocol, Workload } from '../pgbench.ts';
import { openRaw } from '../raw-query.ts';
import type { Report } from '../report.ts';
import { inRounds } from '../rounds.ts';
import { among, type Setup } from '../setup.ts';
import { median } from '../statistics.ts';
import { ratio, type Sample, sample, throughputLine, warmUp } from './sample.ts';

interface Context {
  readonly options: Options;
  readonly report: Report;
}

/** What rules and masks cost, and what they cost those whom none applies to. */
export async function measureControls(setup: Setup, pgbench: Pgbench, context: Context): Promise<void> {
  await measureStatements(setup, pgbench, context);
  await measureLogins(setup, context);
  await measureMasks(setup, context);
}

/** pgbench writes the row's number into the text of a simple Query, and sends it as a parameter otherwise. */
const textsOf: { readonly [Name in Protocol]: string } = {
  simple: 'a text that is new almost each time',
  extended: 'the same text, parsed each time',
  prepared: 'the same text, prepared once',
};
const clients = 8;
/** The first second is left out where processor time is told. */
const leastSeconds = 4;
/** The code of a guard is more, and takes longer to be compiled. */
const warmSeconds = 10;
/** What rules add is a tenth of what the same run costs a little later on a machine that is shared. */
const leastRounds = { quick: 2, full: 9 };
const leastOfBefore = 0.97;
const mostUs = 15;

async function measureStatements(setup: Setup, pgbench: Pgbench, { options, report }: Context): Promise<void> {
  const seconds = Math.max(options.seconds, leastSeconds);
  const rounds = Math.max(options.rounds, options.quick ? leastRounds.quick : leastRounds.full);
  for (const [protocol, texts] of Object.entries(textsOf) as [Protocol, string][]) {
    const measure = `pgbench -S ${protocol}, ${clients} clients`;
    const workload: Workload = { script: 'select', protocol, clients, seconds, logged: 0.05 };
    const long = { ...workload, seconds: Math.max(seconds, warmSeconds) };
    await warmUp(pgbench, among(setup.contenders, ['before-controls', 'relaxed', 'policy']), long);
    const turns: Turns = { setup, pgbench, report, measure, texts, workload, rounds };
    const rate = ({ transactionsPerSecond }: Sample): number => transactionsPerSecond;
    const kept = await compare(turns, ['before-controls', 'relaxed'], (now, before) => rate(now) / rate(before));
    if (kept.length > 0) {
      report.finding({
        measure: `${measure}, no rule: relaxed / before controls`,
        value: median(kept),
        unit: '',
        target: `≥ ${leastOfBefore}`,
        reached: median(kept) >= leastOfBefore,
        note: `rounds: ${kept.map((each) => each.toFixed(2)).join(', ')}`,
      });
    }
    const added = await compare(turns, ['relaxed', 'policy'], (ruled, free) => ruled.steadyUs - free.steadyUs);
    const repeated = protocol !== 'simple';
    report.finding({
      measure: `${measure}, three rules: CPU added a statement`,
      value: median(added),
      unit: 'µs',
      target: repeated ? `≤ ${mostUs} µs` : undefined,
      reached: repeated ? median(added) <= mostUs : undefined,
      note: `${texts}; rounds: ${added.map((us) => us.toFixed(0)).join(', ')}`,
    });
  }
}

interface Turns {
  readonly setup: Setup;
  readonly pgbench: Pgbench;
  readonly report: Report;
  readonly measure: string;
  readonly texts: string;
  readonly workload: Workload;
  readonly rounds: number;
}

/** Two contenders, one next to the other in each round: what the second has more or less of than the first, round by round. */
async function compare(
  { setup, pgbench, report, measure, texts, workload, rounds }: Turns,
  names: readonly [ContenderName, ContenderName],
  difference: (second: Sample, first: Sample) => number,
): Promise<readonly number[]> {
  const contenders = among(setup.contenders, names);
  const samples = await inRounds(contenders, rounds, (one) => sample(pgbench, one, workload));
  const lines = contenders.map((one) => throughputLine(measure, one, samples.get(one.name) ?? []));
  report.lines(`${measure}: ${texts}`, lines);
  const [first = [], second = []] = names.map((name) => samples.get(name));
  return second.flatMap((one, round) => (first[round] === undefined ? [] : [difference(one, first[round])]));
}

const logins = { quick: 20, full: 50 };

/** From the client's first byte to ReadyForQuery, one login after the other. */
async function measureLogins(setup: Setup, { options, report }: Context): Promise<void> {
  const contenders = among(setup.contenders, ['direct', 'before-forward', 'policy-before-forward']);
  const count = options.quick ? logins.quick : logins.full;
  for (const one of contenders) for (let warm = 0; warm < 5; warm += 1) await loginMs(one);
  const samples = await inRounds(contenders, options.rounds, async (one) => {
    const times: number[] = [];
    for (let login = 0; login < count; login += 1) times.push(await loginMs(one));
    return median(times);
  });
  const measure = 'one login';
  report.lines(
    measure,
    contenders.map(({ name }) => ({
      measure,
      contender: name,
      samples: samples.get(name) ?? [],
      unit: 'ms',
      costs: {},
    })),
  );
  const of = (name: ContenderName): number => median(samples.get(name) ?? []);
  report.finding({
    measure: `${measure}, before-forward: added by three rules`,
    value: of('policy-before-forward') - of('before-forward'),
    unit: 'ms',
    target: undefined,
    reached: undefined,
    note: 'the catalog is known already',
  });
}

async function loginMs({ host, port, user, password, database }: Contender): Promise<number> {
  const client = new Client({ host, port, user, password, database });
  const started = performance.now();
  await client.connect();
  const ms = performance.now() - started;
  await client.end();
  return ms;
}

const people = { quick: 100_000, full: 1_000_000 };
const leastOfUnmasked = 0.5;

/** A result of ten columns, two of which are masked. */
async function measureMasks(setup: Setup, { options, report }: Context): Promise<void> {
  const contenders = among(setup.contenders, ['direct', 'relaxed', 'masked', 'detected']);
  const rows = options.quick ? people.quick : people.full;
  await makePeople(setup, rows);
  for (const format of ['text', 'binary'] as const) {
    const measure = `${rows.toLocaleString('en-US')} rows of ten columns, ${format}`;
    const samples = await inRounds(contenders, options.rounds, (one) => rowsPerSecond(one, rows, format));
    const lines = contenders.map(({ name }) => ({
      measure,
      contender: name,
      samples: samples.get(name) ?? [],
      unit: 'rows/s',
      costs: {},
    }));
    report.lines(measure, lines);
    for (const name of ['masked', 'detected'] as const) {
      const value = ratio(lines, name, 'relaxed');
      if (value === undefined) continue;
      const target = name === 'masked' ? { target: `≥ ${leastOfUnmasked}`, reached: value >= leastOfUnmasked } : none;
      const note = name === 'masked' ? '' : 'two columns masked, five detectors on the others';
      report.finding({ measure: `${measure}: ${name} / unmasked`, value, unit: '', ...target, note });
    }
  }
}

const none = { target: undefined, reached: undefined } as const;

async function makePeople({ postgres: { host, port, user, password, database } }: Setup, rows: number): Promise<void> {
  const client = new Client({ host, port, user, password, database });
  await client.connect();
  await client.query(`CREATE TABLE bench_people AS
    SELECT id, 'Customer ' || id AS name, 'customer' || id || '@example.com' AS email, '+49 30 ' || 100000 + id % 900000 AS phone,
      id % 99 || ' High Street' AS street, 'Berlin' AS city, '10115' AS zip, 'DE' AS country,
      timestamptz '2026-01-01' + id * interval '1 minute' AS created, 'called twice' AS note
    FROM generate_series(1, ${rows}) AS id`);
  await client.query('VACUUM ANALYZE bench_people');
  await client.end();
}

async function rowsPerSecond(contender: Contender, rows: number, format: 'text' | 'binary'): Promise<number> {
  const session = await openRaw(contender);
  try {
    const sql = 'SELECT * FROM bench_people';
    const started = performance.now();
    await (format === 'text' ? session.read(sql) : session.readBinary(sql));
    return rows / ((performance.now() - started) / 1000);
  } finally {
    session.close();
  }
}
