import type { ContenderName } from '../contenders/contender.ts';
import type { Options } from '../options.ts';
import type { Pgbench, Protocol, Workload } from '../pgbench.ts';
import type { Report } from '../report.ts';
import { inRounds } from '../rounds.ts';
import { among, type Setup } from '../setup.ts';
import { ratio, sample, throughputLine, warmUp } from './sample.ts';

const quickProtocols: readonly Protocol[] = ['simple', 'prepared'];
const fullProtocols: readonly Protocol[] = ['simple', 'extended', 'prepared'];

/** The modes that wait for the disk are what `durable` and `latency` measure; a full run shows them here as well. */
const quickContenders: readonly ContenderName[] = ['direct', 'pgbouncer', 'forwarder', 'relaxed'];
const fullContenders: readonly ContenderName[] = [...quickContenders, 'before-reveal', 'before-forward'];

const targets: readonly { readonly against: ContenderName; readonly atLeast: number }[] = [
  { against: 'pgbouncer', atLeast: 0.9 },
  { against: 'forwarder', atLeast: 0.8 },
];

/** `pgbench -S` in three protocols: one indexed SELECT of one row, everything in memory. */
export async function measureThroughput(
  setup: Setup,
  pgbench: Pgbench,
  { options, report }: { readonly options: Options; readonly report: Report },
): Promise<void> {
  const contenders = among(setup.contenders, options.quick ? quickContenders : fullContenders);
  const protocols = options.quick ? quickProtocols : fullProtocols;
  const base: Workload = { script: 'select', protocol: 'simple', clients: 8, seconds: options.seconds, logged: 0.05 };
  for (const protocol of protocols) await warmUp(pgbench, contenders, { ...base, protocol, seconds: 1 });
  for (const clients of options.clients) {
    for (const protocol of protocols) {
      const measure = `pgbench -S ${protocol}, ${clients} clients`;
      const workload: Workload = { ...base, protocol, clients };
      const samples = await inRounds(contenders, options.rounds, (one) => sample(pgbench, one, workload));
      const lines = contenders.map((one) => throughputLine(measure, one, samples.get(one.name) ?? []));
      report.lines(measure, lines);
      for (const { against, atLeast } of targets) {
        const value = ratio(lines, 'relaxed', against);
        if (value === undefined) continue;
        report.finding({
          measure: `${measure}: relaxed / ${against}`,
          value,
          unit: '',
          target: `≥ ${atLeast}`,
          reached: value >= atLeast,
          note: '',
        });
      }
    }
  }
}
