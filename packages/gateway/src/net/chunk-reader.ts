import type { Socket } from 'node:net';

/** Takes a socket's bytes one chunk at a time; between two calls the socket is paused, so at most one is held. */
export class ChunkReader {
  readonly #socket: Socket;
  #waiting: ((chunk: Uint8Array | undefined) => void) | undefined;
  #chunk: Uint8Array | undefined;
  #ended = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.pause();
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('error', this.#onError);
  }

  /** The next bytes; undefined when the peer is gone. */
  next(): Promise<Uint8Array | undefined> {
    const chunk = this.#chunk;
    if (chunk !== undefined) {
      this.#chunk = undefined;
      return Promise.resolve(chunk);
    }
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#socket.resume();
    });
  }

  /** Gives the socket back, paused and without listeners, and what has been read and not taken. */
  release(): Uint8Array | undefined {
    const socket = this.#socket;
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onEnd);
    socket.off('error', this.#onError);
    return this.#chunk;
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#socket.pause();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#chunk = chunk;
    else waiting(chunk);
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
  };

  /** `close` follows; without a listener the process would end. */
  readonly #onError = (): void => {};
}
