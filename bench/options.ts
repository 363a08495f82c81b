import { parseArgs } from 'node:util';
import type { BinariesKind } from '../tests/support/postgres-binaries.ts';

export const measureNames = [
  'throughput',
  'durable',
  'latency',
  'streaming',
  'memory',
  'connector',
  'controls',
] as const;
export type MeasureName = (typeof measureNames)[number];

/** What a run of the bench is asked to do. */
export interface Options {
  readonly quick: boolean;
  readonly only: readonly MeasureName[];
  /** Length of one pgbench run. */
  readonly seconds: number;
  /** How often each contender has its turn. */
  readonly rounds: number;
  /** Scale factor of pgbench's tables: branches, which TPC-B locks. */
  readonly scale: number;
  readonly clients: readonly number[];
  readonly jsonFile: string | undefined;
  /** Runs the gateway from dist, as it is published, and not from its sources. */
  readonly built: boolean;
  /** Which Postgres; undefined takes the system's where there is one. */
  readonly postgres: BinariesKind | undefined;
}

export const usage = `Usage: npm run bench -- [options]
  --quick            a look in about three minutes instead of a measurement in twenty
  --only NAME        ${measureNames.join(', ')}; may be repeated
  --seconds N        length of one pgbench run
  --rounds N         how often each contender has its turn
  --scale N          scale factor of pgbench's tables
  --clients N        clients of the throughput runs; may be repeated
  --postgres KIND    system or embedded
  --built            the gateway as it is published (\`npm run build\` first), not from its sources
  --json FILE        writes every run and every finding, one JSON object a line; "-" is standard output
  --help`;

/** The options, or undefined when only help was asked for. Throws an Error for the user. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      scale: { type: 'string' },
      clients: { type: 'string', multiple: true },
      built: { type: 'boolean', default: false },
      postgres: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick } = values;
  return {
    quick,
    only: (values.only ?? measureNames).map(measureName),
    seconds: number(values.seconds, '--seconds') ?? (quick ? 1 : 5),
    rounds: number(values.rounds, '--rounds') ?? (quick ? 2 : 3),
    scale: number(values.scale, '--scale') ?? 64,
    clients: values.clients?.map((text) => number(text, '--clients') ?? 0) ?? [8, 64],
    jsonFile: values.json,
    built: values.built,
    postgres: kind(values.postgres),
  };
}

function measureName(text: string): MeasureName {
  const name = measureNames.find((one) => one === text);
  if (name === undefined)
    throw new Error(`--only ${text}: there is no such measure; there are ${measureNames.join(', ')}`);
  return name;
}

function number(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${option} ${text}: must be a whole number from 1`);
  return Number(text);
}

function kind(text: string | undefined): BinariesKind | undefined {
  if (text === undefined || text === 'system' || text === 'embedded') return text;
  throw new Error(`--postgres ${text}: must be system or embedded`);
}
