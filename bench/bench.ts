// The speed of the gateway, as DESIGN §13 asks for it: everything in one run, contenders taking turns.
// `npm run bench -- --help` says what can be asked for, README.md what each number leaves out.
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os';
import { measureConnector } from './measures/connector.ts';
import { measureControls } from './measures/controls.ts';
import { measureDurable } from './measures/durable.ts';
import { measureLatency } from './measures/latency.ts';
import { measureMemory } from './measures/memory.ts';
import { measureStreaming } from './measures/streaming.ts';
import { measureThroughput } from './measures/throughput.ts';
import { type MeasureName, type Options, parseOptions, usage } from './options.ts';
import { Pgbench } from './pgbench.ts';
import { Report } from './report.ts';
import { type Setup, setUp } from './setup.ts';
import { describeMissing, findTools } from './tools.ts';

/** Parts of DESIGN §13 that are not here, and why. */
const elsewhere = [
  'first page of a day among 10 M statements: bench/micro/index.ts measures it (node scripts/run.mjs run bench/micro/index.ts)',
];

/** What runs without pgbench. */
const withoutPgbench: readonly MeasureName[] = ['streaming', 'memory'];

async function bench(options: Options): Promise<void> {
  const report = new Report(options.jsonFile);
  const tools = findTools();
  const missing = describeMissing(tools);
  for (const line of missing) report.say(line);
  const pgbench = tools.pgbench === undefined ? undefined : new Pgbench(tools.pgbench);
  const setup = await setUp(options, tools);
  try {
    report.context(machine(options, setup));
    const context = { options, report };
    const asked = (name: MeasureName): boolean =>
      options.only.includes(name) && (pgbench !== undefined || withoutPgbench.includes(name));
    if (pgbench !== undefined && options.only.some((name) => !withoutPgbench.includes(name))) {
      await pgbench.initialise(setup.postgres, options.scale);
      if (asked('latency')) await measureLatency(setup, pgbench, context);
      if (asked('throughput')) await measureThroughput(setup, pgbench, context);
      if (asked('durable')) await measureDurable(setup, pgbench, context);
      if (asked('connector')) await measureConnector(setup, pgbench, context);
      if (asked('controls')) await measureControls(setup, pgbench, context);
    }
    if (asked('streaming')) await measureStreaming(setup, context);
    if (asked('memory')) await measureMemory(setup, context);
    report.summary([...missing, ...elsewhere]);
  } finally {
    await setup.stop();
  }
}

function machine(options: Options, setup: Setup): { readonly [name: string]: string | number | boolean } {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${release()} ${arch()}`,
    node: process.version,
    gateway: options.built ? 'as published' : 'from sources',
    postgres: `${setup.postgres.binaries.major} (${setup.postgres.binaries.kind})`,
    scale: options.scale,
    seconds: options.seconds,
    rounds: options.rounds,
  };
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else await bench(options);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
