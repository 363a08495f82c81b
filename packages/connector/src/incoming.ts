import type { Socket } from 'node:net';
import { Framer, ProtocolError, Reader } from '@onrecord/wire';
import { DialError } from './dial-error.ts';

/** One whole message of the server, its type byte and length included. */
export interface IncomingMessage {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly body: Reader;
}

/** More than any message of a startup needs; libpq gives up at 30,000 for an error, and at 2,000 for the rest. */
const maxMessageBytes = 64 * 1024;
const headerBytes = 5;
const nothing = new Uint8Array(0);

/**
 * What a server sends, taken piece by piece. The socket is read only while somebody waits, so that a server that talks
 * too much fills its own buffers. Rejects with a DialError when the connection ends or breaks.
 */
export class Incoming {
  readonly #socket: Socket;
  readonly #framer = new Framer({ streams: () => false, maxHeldBytes: () => maxMessageBytes });
  #chunk: Uint8Array = nothing;
  #failure: DialError | undefined;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onEnd);
    socket.pause();
  }

  /** The one byte that answers an SSLRequest. Bytes behind it were not encrypted and are refused (CVE-2021-23222). */
  async onlyByte(): Promise<number> {
    await this.#more();
    const chunk = this.#chunk;
    this.#chunk = nothing;
    if (chunk.length > 1 || this.#socket.readableLength > 0) {
      throw new DialError({ type: 'protocol' }, 'received unencrypted data behind the answer to the SSL request');
    }
    return chunk[0] as number;
  }

  async message(): Promise<IncomingMessage> {
    try {
      while (!this.#framer.next()) {
        if (this.#chunk.length === 0) await this.#more();
        this.#framer.push(this.#chunk);
        this.#chunk = nothing;
      }
    } catch (error) {
      throw error instanceof ProtocolError ? new DialError({ type: 'protocol' }, error.message, error) : error;
    }
    const { tag, bytes, start, end } = this.#framer;
    return { tag, bytes: bytes.subarray(start, end), body: new Reader(bytes, start + headerBytes, end) };
  }

  /** Lets go of the socket, which stays paused, and returns what was read and not taken. */
  release(): Uint8Array {
    const socket = this.#socket;
    socket.pause();
    socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError).off('close', this.#onEnd);
    return this.#framer.takeRest();
  }

  /** Waits for the next chunk. */
  async #more(): Promise<void> {
    if (this.#chunk.length > 0) return;
    if (this.#failure !== undefined) throw this.#failure;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#socket.resume();
    });
    if (this.#chunk.length === 0) throw this.#failure ?? ended();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#socket.pause();
    this.#chunk = chunk;
    this.#wake();
  };

  readonly #onEnd = (): void => {
    this.#failure ??= ended();
    this.#wake();
  };

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    const code = error.code ?? 'unknown';
    this.#failure ??= new DialError({ type: 'unreachable', code }, `the connection broke: ${code}`, error);
    this.#wake();
  };
}

function ended(): DialError {
  return new DialError({ type: 'unreachable', code: 'EPIPE' }, 'the server closed the connection unexpectedly');
}
