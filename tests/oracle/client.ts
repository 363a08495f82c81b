import { backendTag } from '@onrecord/wire';
import type { Target } from '../support/target.ts';
import { WireClient } from '../support/wire-client.ts';
import type { Seeded } from './seeded.ts';
import { nextAction } from './workload.ts';

/** What a client was told in one session: the command tags, in order. */
export interface Seen {
  readonly backendPid: number;
  readonly tags: string[];
}

export interface ClientOptions {
  readonly target: Target;
  readonly name: string;
  readonly random: Seeded;
  /** Asked before every action. */
  readonly goesOn: () => boolean;
  /** Resolves when it may connect again, after the connection was lost. */
  readonly mayConnect: () => Promise<void>;
}

/** Works until it may not go on, over as many connections as it takes. */
export async function work(options: ClientOptions): Promise<readonly Seen[]> {
  const { target, name, random, goesOn, mayConnect } = options;
  const sessions: Seen[] = [];
  let number = 0;
  while (goesOn()) {
    const client = await WireClient.login(target).catch(() => undefined);
    if (client === undefined) {
      await mayConnect();
      continue;
    }
    const seen: Seen = { backendPid: client.processId, tags: [] };
    sessions.push(seen);
    while (goesOn() && !client.closed) {
      const action = nextAction(name, number, random);
      number += 1;
      await client.send(action.bytes).catch(() => {});
      await hear(client, action.answers, seen);
    }
    if (!client.closed) await client.close();
    else await mayConnect();
  }
  return sessions;
}

async function hear(client: WireClient, answers: number, seen: Seen): Promise<void> {
  for (let ready = 0; ready < answers; ) {
    const message = await client.next();
    if (message === undefined) return;
    if (message.tag === backendTag.commandComplete) seen.tags.push(message.body().cstring());
    if (message.tag === backendTag.readyForQuery) ready += 1;
  }
}
