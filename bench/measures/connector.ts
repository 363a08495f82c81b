import { setTimeout as delay } from 'node:timers/promises';
import type { Contender, ContenderName } from '../contenders/contender.ts';
import type { Options } from '../options.ts';
import type { Pgbench, Protocol, Workload } from '../pgbench.ts';
import { residentBytes } from '../process-cost.ts';
import { openRaw, type RawSession } from '../raw-query.ts';
import type { Report } from '../report.ts';
import { inRounds } from '../rounds.ts';
import { among, type Setup } from '../setup.ts';
import { percentile } from '../statistics.ts';
import { ratio, sample, throughputLine, warmUp } from './sample.ts';
import { measureStreamingAmong } from './streaming.ts';

type Context = { readonly options: Options; readonly report: Report };

const names: readonly ContenderName[] = [
  'direct',
  'relaxed',
  'relaxed-connector',
  'before-forward',
  'before-forward-connector',
];
/** Each way through a connector, and the same without one. */
const pairs = [
  { through: 'relaxed-connector', without: 'relaxed' },
  { through: 'before-forward-connector', without: 'before-forward' },
] as const;
const protocols: readonly Protocol[] = ['simple', 'prepared'];
const megabyte = 1e6;
const sessionsHeld = 200;
const settleMs = 1_000;

/** What a connector between gateway and Postgres costs, against the gateway alone and against Postgres itself. */
export async function measureConnector(setup: Setup, pgbench: Pgbench, context: Context): Promise<void> {
  const { options, report } = context;
  const contenders = among(setup.contenders, names);
  for (const clients of [1, ...options.clients]) {
    for (const protocol of protocols) {
      const measure = `connector: pgbench -S ${protocol}, ${clients} clients`;
      const workload: Workload = { script: 'select', protocol, clients, seconds: options.seconds, logged: 1 };
      await warmUp(pgbench, contenders, { ...workload, seconds: 1 });
      const samples = await inRounds(contenders, options.rounds, (one) => sample(pgbench, one, workload));
      const lines = contenders.map((one) => throughputLine(measure, one, samples.get(one.name) ?? []));
      report.lines(measure, lines);
      const p50 = (name: ContenderName): number =>
        percentile(
          (samples.get(name) ?? []).flatMap((one) => one.latenciesUs),
          0.5,
        );
      for (const { through, without } of pairs) {
        finding(report, `${measure}: ${through} / ${without}`, ratio(lines, through, without), '');
        finding(report, `${measure}: ${through} / direct`, ratio(lines, through, 'direct'), '');
        finding(report, `${measure}: p50 that the connector adds to ${without}`, p50(through) - p50(without), 'µs');
      }
    }
  }
  await measureStreamingAmong(contenders, context, { of: 'relaxed-connector', against: 'relaxed' });
  const [remote] = among(contenders, ['relaxed-connector']);
  if (remote !== undefined) await measureResident(remote, report);
}

/** Memory of the connector's process, alone and with sessions that do nothing. */
async function measureResident(remote: Contender, report: Report): Promise<void> {
  const pid = remote.pids.at(-1);
  if (pid === undefined) return;
  const resident = (): number => (residentBytes(pid) ?? Number.NaN) / megabyte;
  const sessions: RawSession[] = [];
  try {
    await delay(settleMs);
    finding(report, 'connector: memory behind the runs above', resident(), 'MB');
    while (sessions.length < sessionsHeld) sessions.push(await openRaw(remote));
    await delay(settleMs);
    finding(report, `connector: memory with ${sessionsHeld} idle sessions`, resident(), 'MB');
  } finally {
    for (const session of sessions) session.close();
  }
}

function finding(report: Report, measure: string, value: number | undefined, unit: string): void {
  if (value === undefined) return;
  report.finding({ measure, value, unit, target: undefined, reached: undefined, note: '' });
}
