import type { TLSSocket } from 'node:tls';
import { ProtocolError } from '@onrecord/wire';
import { decodeFromGateway } from './from-gateway.ts';
import { LinkError } from './link-error.ts';
import { encodeLinkMessage, LinkFramer } from './link-framer.ts';
import type { FromConnector, FromGateway } from './messages.ts';

/** Hears what comes over a connection to a gateway. */
export interface LinkListener {
  readonly message: (message: FromGateway) => void;
  /** It is over: the gateway closed it, it broke, or what came was not the protocol. Called once. */
  readonly closed: (error: LinkError) => void;
}

/** What a gateway may leave unread before it is given up: more than all that watches have to say after a long time away. */
const unreadBytes = 16 * 1024 * 1024;

/** A connection to a gateway on which messages are exchanged, until something else is. */
export class LinkConnection {
  readonly socket: TLSSocket;
  /** May change with what the connection is used for. */
  listener: LinkListener;
  readonly #framer = new LinkFramer();
  #released = false;

  constructor(socket: TLSSocket, listener: LinkListener) {
    this.socket = socket;
    this.listener = listener;
    socket.on('data', this.#onData).once('end', this.#onEnd).once('close', this.#onClose);
  }

  send(message: FromConnector): void {
    this.socket.write(encodeLinkMessage(message));
    if (this.socket.writableLength > unreadBytes)
      this.#fail(new LinkError('the gateway does not read what it is told'));
  }

  /** The last message: the gateway is to close the connection behind it. */
  sendLast(message: FromConnector): void {
    this.socket.end(encodeLinkMessage(message));
  }

  /** Stops listening and returns what came behind the last message. From now on the socket is the caller's. */
  release(): Uint8Array {
    this.#released = true;
    this.socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    return this.#framer.takeRest();
  }

  /** Ends the connection without a word to the listener. */
  close(): void {
    this.release();
    this.socket.destroy();
  }

  #fail(error: LinkError): void {
    if (this.#released) return;
    this.close();
    this.listener.closed(error);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#framer.push(chunk);
    try {
      while (!this.#released) {
        const message = this.#framer.next();
        if (message === undefined) return;
        this.listener.message(decodeFromGateway(message));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(new LinkError(`the gateway did not keep to the protocol: ${error.message}`));
    }
  };

  readonly #onEnd = (): void => this.#fail(new LinkError('the gateway closed the connection'));

  readonly #onClose = (): void => this.#fail(new LinkError('the connection to the gateway broke'));
}

/** How long a gateway may take to answer a first message. */
const answerMs = 10_000;

/**
 * Sends a first message and waits for its answer. The connection is closed when there is none. Rejects with a LinkError,
 * also when the gateway refuses.
 */
export async function ask<Type extends FromGateway['type']>(
  socket: TLSSocket,
  message: FromConnector,
  type: Type,
): Promise<FromGateway & { readonly type: Type }> {
  const answered = Promise.withResolvers<FromGateway>();
  const connection = new LinkConnection(socket, { message: answered.resolve, closed: answered.reject });
  const timer = setTimeout(
    () => answered.reject(new LinkError(`the gateway did not answer within ${answerMs} ms`)),
    answerMs,
  );
  try {
    connection.send(message);
    const answer = await answered.promise;
    if (answer.type === 'refused') throw new LinkError(answer.reason, { final: answer.final });
    if (answer.type === type) return answer as FromGateway & { readonly type: Type };
    throw new LinkError(`the gateway answered with something else than was asked for: ${answer.type}`);
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}
