// How sessions should travel between the gateway and a connector: the candidates of candidate.ts side by side, in turns.
// Run: node scripts/run.mjs run bench/transport/measure.ts [--quick] [--rounds N] [--only TEXT] [--network TEXT]
// As root it also lays slow lines (network namespaces; needs ip and ethtool), elsewhere it says that it leaves them out.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type CandidateName, candidateNames } from './candidate.ts';
import { type Effort, fastMeasures, type Measure, type Numbers, slowMeasures } from './measures.ts';
import { loopback, type Network } from './network.ts';
import { startPair } from './pair.ts';
import { withPostgres } from './postgres-measures.ts';
import { openSlowLink, type SlowLink, whyNoSlowLink } from './slow-link.ts';
import { tableOf } from './table.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', default: '' },
    network: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const fast: Effort = values.quick
  ? { echoMs: 1_000, bulkBytes: 2e8, bulkMs: 10_000, idleSessions: 1_000 }
  : { echoMs: 3_000, bulkBytes: 1e9, bulkMs: 20_000, idleSessions: 1_000 };
const slow: Effort = { ...fast, echoMs: values.quick ? 2_000 : 5_000, bulkMs: values.quick ? 3_000 : 6_000 };

const slowLinks: readonly SlowLink[] = [
  { name: '100 ms', delayMs: 50, lossShare: 0, congestion: 'cubic' },
  { name: '100 ms, 1 % loss, cubic', delayMs: 50, lossShare: 0.01, congestion: 'cubic' },
  { name: '100 ms, 1 % loss, bbr', delayMs: 50, lossShare: 0.01, congestion: 'bbr' },
];

async function measureOn(network: Network, measures: readonly Measure[], effort: Effort): Promise<void> {
  for (const measure of measures.filter(({ name }) => name.includes(values.only))) {
    const found = new Map<CandidateName, Numbers[]>(candidateNames.map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1)
      // Forwards and backwards, so that whatever else the machine does hits all of them alike.
      for (const name of round % 2 === 0 ? candidateNames : candidateNames.toReversed())
        found.get(name)?.push(await runOnce(measure, { candidate: name, network, effort }));
    console.log(tableOf(`${network.name}: ${measure.name}`, found));
  }
}

interface Turn {
  readonly candidate: CandidateName;
  readonly network: Network;
  readonly effort: Effort;
}

async function runOnce(measure: Measure, { candidate, network, effort }: Turn): Promise<Numbers> {
  const pair = await startPair(candidate, network, measure.serverPort);
  try {
    return await measure.run(pair, effort);
  } finally {
    await pair.stop();
  }
}

// What is left to do when it ends (namespaces, children) hangs on `exit`, which a signal alone does not cause.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

console.log(`Node ${process.version}, ${availableParallelism()} processors, medians of ${rounds} rounds\n`);
const asked = (name: string): boolean => name.includes(values.network);
if (asked(loopback.name)) {
  await measureOn(loopback, fastMeasures, fast);
  await withPostgres((measures) => measureOn(loopback, measures, fast));
}
const obstacle = whyNoSlowLink();
for (const link of slowLinks.filter(({ name }) => asked(name))) {
  if (obstacle !== undefined) {
    console.log(`${link.name}: left out, because ${obstacle}`);
    continue;
  }
  const network = await openSlowLink(link);
  try {
    await measureOn(network, slowMeasures, slow);
  } finally {
    await network.close();
  }
}
