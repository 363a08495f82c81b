import { encodeStartup } from '@onrecord/wire';
import { abandon, connectTarget } from './connect-target.ts';
import { Deadline, type DeadlineOptions } from './deadline.ts';
import { addressOf, type Target } from './target.ts';

/** From the `UpstreamStream` whose query is to be given up. */
export interface CancelKey {
  readonly pid: number;
  readonly key: Uint8Array;
}

/**
 * Asks the server to give up what a session is doing. Resolves when the server has closed the connection, which it does
 * when it has passed the request on; whether anything came of it, nobody is told. Rejects with a DialError when the
 * server could not be reached.
 */
export async function sendCancel(target: Target, cancel: CancelKey, options: DeadlineOptions): Promise<void> {
  using deadline = new Deadline(options, `send a cancel request to ${addressOf(target)}`);
  const { socket } = await connectTarget(target, deadline);
  try {
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    // A reset is as good an end as any, and what a server says here means nothing.
    socket.on('error', () => {}).resume();
    // Not `end`: a pooler may take a half-closed connection for a client that has gone (libpq waits, too).
    socket.write(encodeStartup({ type: 'cancelRequest', ...cancel }).finish());
    await deadline.race(closed);
  } finally {
    abandon(socket);
  }
}
