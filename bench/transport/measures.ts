import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../statistics.ts';
import type { Cost } from './cost.ts';
import type { Pair } from './pair.ts';
import type { Opened } from './workloads/open-at-once.ts';

/** How thorough a run is. */
export interface Effort {
  readonly echoMs: number;
  readonly bulkBytes: number;
  /** Bulk ends then also when not all has come. */
  readonly bulkMs: number;
  readonly idleSessions: number;
}

/** What a measure found, by name with unit. */
export type Numbers = { readonly [name: string]: number };

/** A table. Each run has a pair of its own. */
export interface Measure {
  readonly name: string;
  /** The server behind the connector, when it is not the one that echoes and sends in bulk. */
  readonly serverPort?: number;
  readonly run: (pair: Pair, effort: Effort) => Promise<Numbers>;
}

const tenGigabytes = 10e9;
const slowBytesPerSecond = 1e6;
/** What happens once a process lives (compilation, heaps that find their size) is over by then. */
const warmUpMs = 500;
/** From the start of a transfer until its windows and congestion control have settled on a machine, or a line. */
const settleMs = 1_000;
/** Between sessions that are opened one after the other: what was taken in advance is there again. */
const restMs = 100;

/** Where nothing but the processors limits. */
export const fastMeasures: readonly Measure[] = [
  { name: 'echo, 1 stream', run: echoes(1) },
  { name: 'echo, 8 streams', run: echoes(8) },
  { name: 'echo, 64 streams', run: echoes(64) },
  { name: 'bulk, 1 stream', run: bulk(1) },
  { name: 'bulk, 4 streams', run: bulk(4) },
  {
    name: 'echo beside a 1 MB/s reader of 10 GB',
    run: echoBeside(1, { streams: 1, bytesPerSecond: slowBytesPerSecond }),
  },
  { name: 'echo beside 32 stopped readers', run: echoBeside(1, { streams: 32, bytesPerSecond: 0 }) },
  { name: 'echo beside a bulk transfer', run: echoBeside(1, { streams: 1 }) },
  { name: 'open 1', run: opening(1, 20) },
  { name: 'open 200 at once', run: opening(200, 1) },
  { name: 'idle sessions', run: idle },
];

/** Where a line limits. */
export const slowMeasures: readonly Measure[] = [
  { name: 'open 1', run: opening(1, 20) },
  { name: 'open 200 at once', run: opening(200, 1) },
  { name: 'bulk, 1 stream', run: bulk(1) },
  { name: 'echo, 20 streams', run: echoes(20) },
  { name: 'echo, 20 streams, beside a bulk transfer', run: echoBeside(20, { streams: 1 }) },
];

function echoes(streams: number): Measure['run'] {
  return async (pair, { echoMs }) => {
    await pair.gateway.ask('echo', { streams, forMs: warmUpMs });
    const costs = await costsOf(pair, () => pair.gateway.ask('echo', { streams, forMs: echoMs }));
    return {
      'p50 µs': costs.result.p50Us,
      'p99 µs': costs.result.p99Us,
      'echoes/s': costs.result.perSecond,
      'gateway CPU µs/echo': costs.gatewayCpuUs / costs.result.count,
      'connector CPU µs/echo': costs.connectorCpuUs / costs.result.count,
    };
  };
}

function bulk(streams: number): Measure['run'] {
  return async (pair, { bulkBytes, bulkMs }) => {
    const load = { streams, bytes: bulkBytes / streams, atMostMs: bulkMs };
    const costs = await costsOf(pair, () => pair.gateway.ask('read', load));
    const gigabytes = costs.result.bytes / 1e9;
    return {
      'MB/s': costs.result.bytesPerSecond / 1e6,
      'gateway CPU ms/GB': costs.gatewayCpuUs / 1000 / gigabytes,
      'connector CPU ms/GB': costs.connectorCpuUs / 1000 / gigabytes,
    };
  };
}

/** Echoes while other sessions are read, as slowly as `beside` says. */
function echoBeside(
  streams: number,
  beside: { readonly streams: number; readonly bytesPerSecond?: number },
): Measure['run'] {
  return async (pair, { echoMs }) => {
    await pair.gateway.ask('echo', { streams, forMs: warmUpMs });
    const atMostMs = 2 * settleMs + echoMs;
    const reading = pair.gateway.ask('read', { ...beside, bytes: tenGigabytes, atMostMs });
    await delay(settleMs);
    const before = await resident(pair);
    const echo = await pair.gateway.ask('echo', { streams, forMs: echoMs });
    const after = await resident(pair);
    const { bytesPerSecond } = await reading;
    return {
      'p50 µs': echo.p50Us,
      'p99 µs': echo.p99Us,
      'echoes/s': echo.perSecond,
      'beside it MB/s': bytesPerSecond / 1e6,
      'gateway MB': after.gateway,
      'gateway grew by MB': after.gateway - before.gateway,
      'connector MB': after.connector,
      'connector grew by MB': after.connector - before.connector,
    };
  };
}

/** Opens `count` sessions in one turn of the event loop, several times one after the other. */
function opening(count: number, times: number): Measure['run'] {
  return async (pair) => {
    await pair.gateway.ask('openAtOnce', 1);
    const costs = await costsOf(pair, async () => {
      const opened: Opened[] = [];
      while (opened.length < times) {
        await delay(restMs);
        opened.push(await pair.gateway.ask('openAtOnce', count));
      }
      return opened;
    });
    return {
      'p50 ms': median(costs.result.map(({ p50Ms }) => p50Ms)),
      'max ms': Math.max(...costs.result.map(({ maxMs }) => maxMs)),
      'gateway CPU ms/session': costs.gatewayCpuUs / 1000 / count / times,
      'connector CPU ms/session': costs.connectorCpuUs / 1000 / count / times,
    };
  };
}

async function idle(pair: Pair, { idleSessions }: Effort): Promise<Numbers> {
  await pair.gateway.ask('echo', { streams: 1, forMs: warmUpMs });
  const before = await resident(pair);
  await pair.gateway.ask('holdIdle', idleSessions);
  await delay(settleMs);
  const after = await resident(pair);
  return {
    'gateway MB': after.gateway,
    'gateway KB/session': ((after.gateway - before.gateway) * 1000) / idleSessions,
    'connector MB': after.connector,
    'connector KB/session': ((after.connector - before.connector) * 1000) / idleSessions,
  };
}

/** Does some work; what it cost the two processes comes with its result. */
export async function costsOf<Result>(
  { gateway, connector }: Pair,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly gatewayCpuUs: number; readonly connectorCpuUs: number }> {
  const costs = (): Promise<readonly [Cost, Cost]> =>
    Promise.all([gateway.ask('cost', undefined), connector.ask('cost', undefined)]);
  const before = await costs();
  const result = await work();
  const after = await costs();
  return {
    result,
    gatewayCpuUs: after[0].cpuUs - before[0].cpuUs,
    connectorCpuUs: after[1].cpuUs - before[1].cpuUs,
  };
}

/** Resident memory of both, in megabytes. */
async function resident({
  gateway,
  connector,
}: Pair): Promise<{ readonly gateway: number; readonly connector: number }> {
  const [one, other] = await Promise.all([gateway.ask('cost', undefined), connector.ask('cost', undefined)]);
  return { gateway: one.residentBytes / 1e6, connector: other.residentBytes / 1e6 };
}
