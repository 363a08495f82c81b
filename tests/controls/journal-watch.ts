import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Body } from '@onrecord/record';
import { JournalReader, type Place } from '../../packages/gateway/src/journal/reader.ts';

/** Follows a gateway's journal while it is written. */
export class JournalWatch {
  readonly #reader: JournalReader;
  /** Bodies by session, and the sessions of each backend: the gateway's own question before an agent is let in is one. */
  readonly #sessions = new Map<string, Body[]>();
  readonly #backends = new Map<number, string[]>();
  #next = 0;
  #last: Place | undefined;

  constructor(dataDirectory: string) {
    this.#reader = new JournalReader(join(dataDirectory, 'journal'));
  }

  /** What is on record of the sessions of that backend. */
  of(backendPid: number): readonly Body[] {
    this.#read();
    return (this.#backends.get(backendPid) ?? []).flatMap((session) => this.#sessions.get(session) ?? []);
  }

  /** The first body of those that is wanted, as soon as there is one; rejects when it is called off. */
  async first<Wanted extends Body>(
    backendPid: number,
    wanted: (body: Body) => body is Wanted,
    signal: AbortSignal = AbortSignal.timeout(60_000),
  ): Promise<Wanted> {
    for (;;) {
      const found = this.of(backendPid).find(wanted);
      if (found !== undefined) return found;
      await delay(2, undefined, { signal });
    }
  }

  close(): void {
    this.#reader.close();
  }

  #read(): void {
    for (const { entry, place } of this.#reader.entries(this.#next, this.#last)) {
      this.#next = entry.index + 1;
      this.#last = place;
      const bodies = this.#sessions.get(entry.session) ?? [];
      bodies.push(entry.body);
      this.#sessions.set(entry.session, bodies);
      if (entry.body.type !== 'session_opened') continue;
      const { backendPid } = entry.body;
      this.#backends.set(backendPid, [...(this.#backends.get(backendPid) ?? []), entry.session]);
    }
  }
}
