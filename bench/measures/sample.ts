import type { Contender } from '../contenders/contender.ts';
import { type Pgbench, statementsOf, type Workload } from '../pgbench.ts';
import { cpuUs } from '../process-cost.ts';
import type { Line } from '../report.ts';
import { median, percentile } from '../statistics.ts';

/** One pgbench run, with what it cost the process in the middle. */
export interface Sample {
  readonly transactionsPerSecond: number;
  readonly cpuUs: number;
  /** Of each statement, from the first second on: without logins and what the index still has to do. NaN of less than two seconds. */
  readonly steadyUs: number;
  readonly journalBytes: number;
  readonly statements: number;
  readonly transactions: number;
  readonly latenciesUs: readonly number[];
}

export async function sample(pgbench: Pgbench, contender: Contender, workload: Workload): Promise<Sample> {
  const cpu = (): number => cpuOf(contender);
  const journal = (): number => contender.journalBytes?.() ?? 0;
  const [cpuBefore, journalBefore] = [cpu(), journal()];
  const marks: { readonly cpuUs: number; readonly transactions: number }[] = [];
  const result = await pgbench.measure(contender, workload, (transactions) =>
    marks.push({ cpuUs: cpu(), transactions }),
  );
  const cpuAfter = cpu();
  const [first, last] = [marks[0] ?? none, marks.at(-1) ?? none];
  const steady = (last.transactions - first.transactions) * statementsOf[workload.script];
  return {
    ...result,
    steadyUs: (last.cpuUs - first.cpuUs) / steady,
    cpuUs: cpuAfter - cpuBefore,
    journalBytes: journal() - journalBefore,
    statements: result.transactions * statementsOf[workload.script],
  };
}

const none = { cpuUs: Number.NaN, transactions: Number.NaN };

/** CPU time of everything in the middle so far, in microseconds. */
export function cpuOf({ pids }: Contender): number {
  return pids.reduce((sum, pid) => sum + cpuUs(pid), 0);
}

/** A warm-up is not measured: code is compiled, caches fill. */
export async function warmUp(pgbench: Pgbench, contenders: readonly Contender[], workload: Workload): Promise<void> {
  for (const contender of contenders) await pgbench.measure(contender, workload);
}

/** The line of a contender: transactions a second, latency, and costs for each statement. */
export function throughputLine(measure: string, contender: Contender, samples: readonly Sample[]): Line {
  const each = (value: (sample: Sample) => number): number[] => samples.map(value);
  const latencies = samples.flatMap(({ latenciesUs }) => latenciesUs);
  const middle = contender.pids.length > 0;
  return {
    measure,
    contender: contender.name,
    samples: each(({ transactionsPerSecond }) => transactionsPerSecond),
    unit: 'tx/s',
    costs: {
      'p50 µs': percentile(latencies, 0.5),
      'p99 µs': percentile(latencies, 0.99),
      'CPU µs/stmt': middle ? median(each((one) => one.cpuUs / one.statements)) : undefined,
      'journal B/stmt':
        contender.journalBytes === undefined ? undefined : median(each((one) => one.journalBytes / one.statements)),
    },
  };
}

/** How far one contender's median is above another's; undefined when one did not take part. */
export function ratio(lines: readonly Line[], of: Line['contender'], against: Line['contender']): number | undefined {
  const value = (name: Line['contender']): number | undefined => {
    const line = lines.find(({ contender }) => contender === name);
    return line === undefined ? undefined : median(line.samples);
  };
  const [above, below] = [value(of), value(against)];
  return above === undefined || below === undefined ? undefined : above / below;
}
