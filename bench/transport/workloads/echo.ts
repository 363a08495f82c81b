import type { Duplex } from 'node:stream';
import { percentile } from '../../statistics.ts';
import type { GatewayEnd } from '../candidate.ts';
import { encodeRequest } from '../request.ts';

export interface EchoLoad {
  readonly streams: number;
  readonly forMs: number;
}

export interface Echoes {
  readonly count: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** The size of a short statement with its frame. */
const messageBytes = 100;
const message = Buffer.alloc(messageBytes, 'e');

/** Sessions that each send a message when they have the last one back. The first echo of each, which opens it, is not counted. */
export async function echo(open: GatewayEnd['open'], { streams, forMs }: EchoLoad): Promise<Echoes> {
  const sessions = await Promise.all(Array.from({ length: streams }, open));
  await Promise.all(sessions.map(firstEcho));
  const latenciesMs: number[] = [];
  const started = performance.now();
  await Promise.all(sessions.map((session) => pingPong(session, started + forMs, latenciesMs)));
  const elapsedMs = performance.now() - started;
  for (const session of sessions) session.destroy();
  return {
    count: latenciesMs.length,
    perSecond: (latenciesMs.length / elapsedMs) * 1000,
    p50Us: percentile(latenciesMs, 0.5) * 1000,
    p99Us: percentile(latenciesMs, 0.99) * 1000,
  };
}

/** Asks for an echo, and waits for the first. */
export async function firstEcho(session: Duplex): Promise<void> {
  session.write(encodeRequest({ type: 'echo' }));
  await pingPong(session, 0, []);
}

/** Echoes until the time `until` (performance.now); at least one. */
function pingPong(session: Duplex, until: number, latenciesMs: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = messageBytes;
    let sent = performance.now();
    const receive = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left > 0) return;
      const now = performance.now();
      latenciesMs.push(now - sent);
      if (now < until) return send(now);
      session.off('data', receive);
      session.off('close', lost);
      resolve();
    };
    const send = (now: number): void => {
      left = messageBytes;
      sent = now;
      session.write(message);
    };
    const lost = (): void => reject(new Error('a session was closed while it echoed'));
    session.on('data', receive);
    session.once('close', lost);
    send(sent);
  });
}
