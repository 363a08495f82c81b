import { type ContenderName, gatewayModes } from '../contenders/contender.ts';
import type { Options } from '../options.ts';
import type { Pgbench, Workload } from '../pgbench.ts';
import type { Report } from '../report.ts';
import { inRounds } from '../rounds.ts';
import { among, type Setup } from '../setup.ts';
import { ratio, sample, throughputLine, warmUp } from './sample.ts';

const atLeast = 0.7;
const quickContenders: readonly ContenderName[] = ['direct', 'pgbouncer', 'before-forward'];
const fullContenders: readonly ContenderName[] = ['direct', 'pgbouncer', 'forwarder', ...gatewayModes];

/** TPC-B against a Postgres that syncs its commits: seven statements a transaction, each on disk before it goes on. */
export async function measureDurable(
  setup: Setup,
  pgbench: Pgbench,
  { options, report }: { readonly options: Options; readonly report: Report },
): Promise<void> {
  const contenders = among(setup.contenders, options.quick ? quickContenders : fullContenders);
  const clients = 64;
  const seconds = options.seconds * 2;
  const workload: Workload = { script: 'tpcb', protocol: 'simple', clients, seconds, logged: 1 };
  await warmUp(pgbench, contenders, { ...workload, seconds: 1 });
  const measure = `pgbench TPC-B simple, ${clients} clients`;
  const samples = await inRounds(contenders, options.rounds, (one) => sample(pgbench, one, workload));
  const lines = contenders.map((one) => throughputLine(measure, one, samples.get(one.name) ?? []));
  report.lines(measure, lines);
  const value = ratio(lines, 'before-forward', 'direct');
  if (value === undefined) return;
  report.finding({
    measure: `${measure}: before-forward / direct`,
    value,
    unit: '',
    target: `≥ ${atLeast}`,
    reached: value >= atLeast,
    note: options.scale < clients ? `scale ${options.scale} < clients: branches are contended` : '',
  });
}
