import { freemem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contender } from '../contenders/contender.ts';
import { startGateway } from '../contenders/start-gateway.ts';
import type { Options } from '../options.ts';
import { residentBytes } from '../process-cost.ts';
import { openRaw, type RawSession } from '../raw-query.ts';
import type { Report } from '../report.ts';
import type { Setup } from '../setup.ts';

const megabyte = 1e6;
const idleSessions = 1_000;
/** What a Postgres backend may take that does nothing; with less than that free, there are fewer sessions. */
const backendBytes = 5 * megabyte;
const connecting = 16;
const settleMs = 2_000;
const idleLimitBytes = 200 * megabyte;

const slowBytesPerSecond = 20 * megabyte;
/** Noise of a heap that is collected now and then; a gateway that keeps what it cannot deliver grows by more in a second. */
const flatBytes = 32 * megabyte;
const slowSeconds = { full: 30, quick: 8 };
const sampleMs = 100;
/** 10 GB; it is cut off after `slowSeconds`. */
const endless = "select generate_series(1, 40000000), repeat('x', 240)";

type Context = { readonly options: Options; readonly report: Report };

/** A gateway that was just started, with many sessions that do nothing, and with one that reads slowly. */
export async function measureMemory(setup: Setup, context: Context): Promise<void> {
  const gateway = await startGateway(setup.postgres, { built: context.options.built, connector: false });
  try {
    const contender = gateway.contenders.find(({ name }) => name === 'relaxed');
    if (contender === undefined) return;
    await measureIdle(contender, context);
    await measureSlowReader(contender, context);
  } finally {
    await gateway.stop();
  }
}

async function measureIdle(gateway: Contender, { report }: Context): Promise<void> {
  const count = Math.min(idleSessions, Math.floor(freemem() / 2 / backendBytes));
  const empty = resident(gateway);
  const sessions: RawSession[] = [];
  try {
    const connect = async (): Promise<void> => {
      while (sessions.length + connecting <= count) sessions.push(await openRaw(gateway));
    };
    await Promise.all(Array.from({ length: connecting }, connect));
    while (sessions.length < count) sessions.push(await openRaw(gateway));
    await delay(settleMs);
    const value = resident(gateway);
    report.finding({
      measure: `memory with ${count.toLocaleString('en-US')} idle sessions`,
      value: value / megabyte,
      unit: 'MB',
      target: `≤ ${idleLimitBytes / megabyte} MB`,
      reached: value <= idleLimitBytes && count === idleSessions,
      note:
        `${Math.round(empty / megabyte)} MB without any` +
        (count < idleSessions ? '; too little memory here for 1,000 backends' : ''),
    });
  } finally {
    for (const session of sessions) session.close();
  }
}

async function measureSlowReader(gateway: Contender, { options, report }: Context): Promise<void> {
  const seconds = options.quick ? slowSeconds.quick : slowSeconds.full;
  await delay(settleMs);
  const session = await openRaw(gateway);
  try {
    session.send(endless);
    const started = performance.now();
    const elapsedMs = (): number => performance.now() - started;
    let received = 0;
    session.socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      session.socket.pause();
      const dueMs = (received / slowBytesPerSecond) * 1000;
      setTimeout(() => session.socket.resume(), Math.max(0, dueMs - elapsedMs()));
    });
    const before = resident(gateway);
    const all: number[] = [];
    while (elapsedMs() < seconds * 1000) {
      await delay(sampleMs);
      all.push(resident(gateway));
    }
    // The first part fills buffers of fixed size and grows the heap to what it needs; what comes then must not grow.
    const settled = all.slice(Math.floor(all.length / 3));
    const growth = Math.max(...settled) - (settled[0] ?? 0);
    report.finding({
      measure: `memory while a client reads a 10 GB result at ${slowBytesPerSecond / megabyte} MB/s: growth`,
      value: growth / megabyte,
      unit: 'MB',
      target: `flat (≤ ${flatBytes / megabyte} MB)`,
      reached: growth <= flatBytes && received > slowBytesPerSecond,
      note: `in the last two thirds of ${seconds} s; ${Math.round(received / megabyte)} MB read; ${Math.round(before / megabyte)} MB before, at most ${Math.round(Math.max(...all) / megabyte)} MB`,
    });
  } finally {
    session.close();
  }
}

function resident(gateway: Contender): number {
  const [pid] = gateway.pids;
  return (pid === undefined ? undefined : residentBytes(pid)) ?? Number.NaN;
}
