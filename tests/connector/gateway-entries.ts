import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Body } from '@onrecord/record';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';
import type { Gateway } from '../support/gateway.ts';

type EntryOf<Type extends Body['type']> = Extract<Body, { readonly type: Type }>;

/** An entry of one type, with its place in the journal and when it was made (microseconds since 1970). */
export interface Found<Type extends Body['type']> {
  readonly index: number;
  readonly at: number;
  readonly body: EntryOf<Type>;
}

const deadlineMs = 60_000;

/** All entries of one type, oldest first. */
export function entriesOf<Type extends Body['type']>(gateway: Gateway, type: Type): readonly Found<Type>[] {
  const reader = new JournalReader(join(gateway.data, 'journal'));
  try {
    const found: Found<Type>[] = [];
    for (const { entry } of reader.entries(0)) {
      if (entry.body.type !== type) continue;
      found.push({ index: entry.index, at: entry.at, body: entry.body as EntryOf<Type> });
    }
    return found;
  } finally {
    reader.close();
  }
}

/** Waits until there are more than `before` entries of the type; gives the first that is new. */
export async function nextEntry<Type extends Body['type']>(
  gateway: Gateway,
  type: Type,
  before: number,
): Promise<Found<Type>> {
  for (const until = Date.now() + deadlineMs; ; ) {
    const found = entriesOf(gateway, type)[before];
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`there is no further ${type} on record:\n${gateway.log().slice(-2000)}`);
    await delay(20);
  }
}
