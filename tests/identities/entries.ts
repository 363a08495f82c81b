import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Body } from '@onrecord/record';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';
import type { Gateway } from '../support/gateway.ts';

type Type = Body['type'];
type Of<Name extends Type> = Extract<Body, { readonly type: Name }>;

const deadlineMs = 60_000;

/** Entries of one type, in the order in which they were recorded. */
export function entries<Name extends Type>({ data }: Pick<Gateway, 'data'>, type: Name): readonly Of<Name>[] {
  const reader = new JournalReader(join(data, 'journal'));
  try {
    return [...reader.entries(0)].map(({ entry }) => entry.body).filter((body): body is Of<Name> => body.type === type);
  } finally {
    reader.close();
  }
}

/** Waits until there are more entries of a type than `known`; gives the newest. */
export async function nextEntry<Name extends Type>(
  gateway: Pick<Gateway, 'data'>,
  type: Name,
  known: number,
): Promise<Of<Name>> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    const found = entries(gateway, type);
    const last = found.at(-1);
    if (found.length > known && last !== undefined) return last;
    if (Date.now() > until) throw new Error(`no ${type} was recorded`);
    await delay(5);
  }
}
