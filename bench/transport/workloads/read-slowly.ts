import type { Duplex } from 'node:stream';

/** Reads a stream at a rate, by pausing it after each chunk; at 0 it stays paused. */
export function readSlowly(session: Duplex, bytesPerSecond: number, receive: (chunk: Buffer) => void): void {
  if (bytesPerSecond === 0) {
    session.pause();
    return;
  }
  const started = performance.now();
  let received = 0;
  session.on('data', (chunk: Buffer) => {
    received += chunk.length;
    receive(chunk);
    session.pause();
    const dueMs = (received / bytesPerSecond) * 1000 - (performance.now() - started);
    setTimeout(() => session.resume(), Math.max(0, dueMs));
  });
}
