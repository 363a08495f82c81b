import type { TLSSocket } from 'node:tls';
import { encodeLinkMessage, type FromConnector, type FromGateway, LinkFramer } from '@onrecord/connector/link';
import { ProtocolError } from '@onrecord/wire';
import { decodeFromConnector } from './from-connector.ts';

export interface StreamListener {
  readonly message: (message: FromConnector) => void;
  /** It is over. Called once. */
  readonly closed: (end: StreamEnd) => void;
}

export interface StreamEnd {
  /** The other end closed it, or it broke; what came was not the protocol; it was closed here. */
  readonly type: 'gone' | 'malformed' | 'closed here';
  /** In words. */
  readonly reason: string;
}

/** For a first message: the longest is an `enroll` or a `hello` of a connector with a thousand connections. */
const firstBytes = 64 * 1024;
/** What a connector may leave unread before it is given up: its answers and acknowledgements are small. */
const unreadBytes = 4 * 1024 * 1024;
/** Messages of one connection that are dealt with in a turn of the event loop: a flood of them must not slow the sessions. */
const messagesATurn = 50;
/** How long the other end may take to read the last message. */
const farewellMs = 5_000;

/**
 * A connection of a connector on which messages are exchanged, until something else is. Nothing is read before `listen`.
 * Somebody else listens for `error`; `close` follows.
 */
export class MessageStream {
  readonly socket: TLSSocket;
  #framer = new LinkFramer(firstBytes);
  #listener: StreamListener | undefined;
  #closed: StreamEnd | undefined;

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', this.#onData).once('end', this.#onEnd).once('close', this.#onClose);
    socket.pause();
  }

  /** Whether the connection is gone, as far as we know. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Gives messages to a listener from here on: first those that have come already. */
  listen(listener: StreamListener): void {
    this.#listener = listener;
    if (this.#closed !== undefined) return this.#fail(this.#closed);
    this.#deliver();
  }

  /** Reads no more until there is a listener again. Those to come may be longer messages than the first one. */
  hold(): void {
    this.#listener = undefined;
    this.socket.pause();
    const held = this.#framer.takeRest();
    this.#framer = new LinkFramer();
    this.#framer.push(held);
  }

  send(message: FromGateway): void {
    if (!this.socket.writable) return;
    this.socket.write(encodeLinkMessage(message));
    if (this.socket.writableLength > unreadBytes)
      this.#fail({ type: 'malformed', reason: 'it did not read what it was told' });
  }

  /** Stops listening and returns what came behind the last message. From now on the paused socket is the caller's. */
  release(): Uint8Array {
    this.#listener = undefined;
    this.socket.pause();
    this.socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    return this.#framer.takeRest();
  }

  /** Closes the connection, behind a last message when there is one. The listener is not told. */
  close(message?: FromGateway): void {
    this.#listener = undefined;
    this.#closed ??= { type: 'closed here', reason: 'it was closed here' };
    if (message === undefined || !this.socket.writable) {
      this.socket.destroy();
      return;
    }
    this.socket.end(encodeLinkMessage(message));
    // Read on, so that what the other end still sends does not turn the message into a reset.
    this.socket.off('data', this.#onData).resume();
    const timer = setTimeout(() => this.socket.destroy(), farewellMs).unref();
    this.socket.once('end', () => this.socket.destroy()).once('close', () => clearTimeout(timer));
  }

  /** Gives the listener what has come, and reads on when that is all. */
  #deliver(): void {
    try {
      for (let left = messagesATurn; this.#listener !== undefined; left -= 1) {
        if (left === 0) return this.#goOnNextTurn();
        const message = this.#framer.next();
        if (message === undefined) return void this.socket.resume();
        this.#listener.message(decodeFromConnector(message));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail({ type: 'malformed', reason: error.message });
    }
  }

  #goOnNextTurn(): void {
    this.socket.pause();
    setImmediate(() => this.#deliver());
  }

  #fail(end: StreamEnd): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#closed ??= end;
    this.socket.destroy();
    listener?.closed(end);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#framer.push(chunk);
    this.#deliver();
  };

  readonly #onEnd = (): void => this.#fail({ type: 'gone', reason: 'it closed the connection' });

  readonly #onClose = (): void => this.#fail({ type: 'gone', reason: 'the connection broke' });
}
