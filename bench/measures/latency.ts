import { gatewayModes } from '../contenders/contender.ts';
import { diskSyncUs } from '../disk-sync.ts';
import type { Options } from '../options.ts';
import type { Pgbench, Workload } from '../pgbench.ts';
import type { Report } from '../report.ts';
import { inRounds } from '../rounds.ts';
import { among, type Setup } from '../setup.ts';
import { percentile } from '../statistics.ts';
import { sample, throughputLine, warmUp } from './sample.ts';

const diskSamples = 200;
const syncs = 2;
const allowanceUs = 60;

/** One client: what each contender adds to a statement, next to what the disk needs for one sync. */
export async function measureLatency(
  setup: Setup,
  pgbench: Pgbench,
  { options, report }: { readonly options: Options; readonly report: Report },
): Promise<void> {
  const contenders = among(setup.contenders, ['direct', 'pgbouncer', 'forwarder', ...gatewayModes]);
  const measure = 'pgbench -S simple, 1 client';
  const workload: Workload = { script: 'select', protocol: 'simple', clients: 1, seconds: options.seconds, logged: 1 };
  await warmUp(pgbench, contenders, { ...workload, seconds: 1 });
  const disk: number[] = [];
  const samples = await inRounds(contenders, options.rounds, (one) => {
    disk.push(...diskSyncUs(setup.journalDisk, diskSamples));
    return sample(pgbench, one, workload);
  });
  const latency = (name: string, share: number): number =>
    percentile(
      [...samples].filter(([one]) => one === name).flatMap(([, all]) => all.flatMap((s) => s.latenciesUs)),
      share,
    );
  const added = (name: string, share: number): number => latency(name, share) - latency('direct', share);
  report.lines(
    measure,
    contenders.map((one) => {
      const line = throughputLine(measure, one, samples.get(one.name) ?? []);
      const costs = { ...line.costs, 'added p50 µs': added(one.name, 0.5), 'added p99 µs': added(one.name, 0.99) };
      return { ...line, costs };
    }),
  );
  const sync = percentile(disk, 0.5);
  report.say(
    `  write + fdatasync of the disk: p50 ${Math.round(sync)} µs, p99 ${Math.round(percentile(disk, 0.99))} µs`,
  );
  const value = added('before-forward', 0.5);
  const allowed = syncs * sync + allowanceUs;
  report.finding({
    measure: `${measure}: latency that before-forward adds, p50`,
    value,
    unit: 'µs',
    target: `≤ ${Math.round(allowed)} µs`,
    reached: value <= allowed,
    note: `${syncs} × fdatasync ${Math.round(sync)} µs + ${allowanceUs} µs`,
  });
}
