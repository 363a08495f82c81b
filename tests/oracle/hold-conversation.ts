import { setTimeout as delay } from 'node:timers/promises';
import { backendTag } from '@onrecord/wire';
import { encodeMessage } from '../conformance/encode-message.ts';
import type { Target } from '../support/target.ts';
import { errorFields, WireClient, type WireMessage } from '../support/wire-client.ts';
import type { Seeded } from './seeded.ts';

/** One conversation as it went over the wire. */
export interface Conversation {
  readonly backendPid: number;
  /** Messages of the client, up to Terminate. */
  readonly sent: readonly Uint8Array[];
  readonly received: readonly WireMessage[];
  /** The server ended it, before it had heard everything. */
  readonly cutShort: boolean;
}

const longestPauseMs = 4;

/**
 * Says all lines, cut into packets at random places with random pauses between them, then nothing more (half-close), and
 * hears the server out.
 */
export async function holdConversation(
  lines: readonly string[],
  target: Target,
  random: Seeded,
): Promise<Conversation> {
  const client = await WireClient.login(target);
  const { processId: backendPid } = client;
  const sent = lines.map(encodeMessage);
  const received: WireMessage[] = [];
  const heard = (async () => {
    for (let message = await client.next(); message !== undefined; message = await client.next())
      received.push(message);
  })();
  for (const packet of packets(sent, random)) {
    if (client.closed) break;
    await client.send(packet).catch(() => {});
    if (random.below(3) === 0) await delay(random.below(longestPauseMs));
    else if (random.below(2) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const closed = client.closed;
  client.end();
  await heard;
  const cutShort = closed || client.reset || received.some(isFatal);
  return { backendPid, sent, received, cutShort };
}

function isFatal(message: WireMessage): boolean {
  return message.tag === backendTag.errorResponse && errorFields(message).V === 'FATAL';
}

/** Whole messages, several at once, or cut anywhere. */
function packets(sent: readonly Uint8Array[], random: Seeded): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < sent.length; ) {
    const together = 1 + random.below(random.pick([1, 4, 30]));
    const bytes = Buffer.concat(sent.slice(at, at + together));
    at += together;
    const cuts = random.below(2) === 0 ? [] : Array.from({ length: random.below(4) }, () => random.below(bytes.length));
    let from = 0;
    for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
      if (cut > from) found.push(bytes.subarray(from, cut));
      from = cut;
    }
  }
  return found;
}
