import { once } from 'node:events';
import type { Writable } from 'node:stream';

const flushBytes = 32 * 1024;

/**
 * Writes text to a stream at the pace of whoever reads it: pieces are collected, and a full stream is waited for, so
 * that an answer of any length takes little memory.
 */
export class Output {
  readonly #stream: Writable;
  #pieces: string[] = [];
  #length = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Resolves when more may be written. */
  async write(text: string): Promise<void> {
    this.#pieces.push(text);
    this.#length += text.length;
    if (this.#length >= flushBytes) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#length === 0) return;
    const text = this.#pieces.join('');
    this.#pieces = [];
    this.#length = 0;
    if (!this.#stream.write(text)) await once(this.#stream, 'drain');
  }
}
