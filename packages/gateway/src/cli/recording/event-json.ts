import type { RecordedEvent } from '../../store/views.ts';
import { isoMicros } from './statement-json.ts';

/** What scripts read of an event, documented in docs/commands.md. `details` is what was recorded, times in words. */
export function eventJson({ at, type, summary, body, index }: RecordedEvent): object {
  const { type: _, ...recorded } = body;
  const details = Object.fromEntries(Object.entries(recorded).map(([name, value]) => [name, shown(name, value)]));
  return { at: isoMicros(at), type, summary, details, index };
}

/** Names of times end so in every entry. */
const isTime = /At$|^notAfter$|^usableUntil$/;

function shown(name: string, value: unknown): unknown {
  if (typeof value === 'number' && isTime.test(name)) return isoMicros(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
