import type { Contender, ContenderName } from '../contenders/contender.ts';
import type { Options } from '../options.ts';
import { openRaw } from '../raw-query.ts';
import type { Line, Report } from '../report.ts';
import { inRounds } from '../rounds.ts';
import { among, type Setup } from '../setup.ts';
import { median } from '../statistics.ts';
import { cpuOf, ratio } from './sample.ts';

const atLeast = 0.9;
const megabyte = 1e6;
/** A row of the answer: a number and 240 bytes of text. */
const rowBytes = 260;
const answerBytes = { full: 1e9, quick: 250e6 };

const queryOf: { readonly [kind: string]: (rows: number) => string } = {
  SELECT: (rows) => `select generate_series(1, ${rows}), repeat('x', 240)`,
  'COPY OUT': (rows) => `copy (select generate_series(1, ${rows}), repeat('x', 240)) to stdout`,
};

interface Reading {
  readonly megabytesPerSecond: number;
  readonly cpuMsPerGigabyte: number;
}

/** A large result: how fast it comes, read by a client that does not decode it. */
export async function measureStreaming(
  setup: Setup,
  { options, report }: { readonly options: Options; readonly report: Report },
): Promise<void> {
  const contenders = among(setup.contenders, ['direct', 'pgbouncer', 'forwarder', 'relaxed', 'before-forward']);
  const compared = { of: 'relaxed', against: 'pgbouncer', target: atLeast } as const;
  await measureStreamingAmong(contenders, { options, report }, compared);
}

export interface Compared {
  readonly of: ContenderName;
  readonly against: ContenderName;
  /** The least that the one should have of the other. */
  readonly target?: number;
}

/** The same for some contenders, two of which are compared. */
export async function measureStreamingAmong(
  contenders: readonly Contender[],
  { options, report }: { readonly options: Options; readonly report: Report },
  { of, against, target }: Compared,
): Promise<void> {
  const bytes = options.quick ? answerBytes.quick : answerBytes.full;
  for (const [kind, query] of Object.entries(queryOf)) {
    const measure = `${kind} of ${bytes / megabyte} MB`;
    const sql = query(Math.ceil(bytes / rowBytes));
    const samples = await inRounds(contenders, options.rounds, (one) => read(one, sql));
    const lines = contenders.map((one) => lineOf(measure, one, samples.get(one.name) ?? []));
    report.lines(measure, lines);
    const value = ratio(lines, of, against);
    if (value === undefined) continue;
    const note = options.quick ? 'a shorter result than the target names' : '';
    report.finding({
      measure: `${measure}: ${of} / ${against}`,
      value,
      unit: '',
      target: target === undefined ? undefined : `≥ ${target}`,
      reached: target === undefined ? undefined : value >= target,
      note,
    });
  }
}

async function read(contender: Contender, sql: string): Promise<Reading> {
  const session = await openRaw(contender);
  try {
    const cpu = (): number => cpuOf(contender);
    const [cpuBefore, started] = [cpu(), performance.now()];
    const bytes = await session.read(sql);
    const seconds = (performance.now() - started) / 1000;
    return {
      megabytesPerSecond: bytes / megabyte / seconds,
      cpuMsPerGigabyte: (cpu() - cpuBefore) / 1000 / (bytes / 1e9),
    };
  } finally {
    session.close();
  }
}

function lineOf(measure: string, contender: Contender, readings: readonly Reading[]): Line {
  const cpu = median(readings.map(({ cpuMsPerGigabyte }) => cpuMsPerGigabyte));
  return {
    measure,
    contender: contender.name,
    samples: readings.map(({ megabytesPerSecond }) => megabytesPerSecond),
    unit: 'MB/s',
    costs: { 'CPU ms/GB': contender.pids.length === 0 ? undefined : cpu },
  };
}
