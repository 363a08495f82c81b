import type { TLSSocket } from 'node:tls';
import { type LinkCredentials, linkCredentials } from './credentials.ts';
import { startHeartbeat } from './heartbeat.ts';
import { LinkConnection } from './link-connection.ts';
import { LinkError } from './link-error.ts';
import type { Ask, CancelElsewhere, FromGateway, Hello, Watched, Welcome } from './messages.ts';
import { certificateRequest, newKey } from './new-key.ts';

/** What a gateway may want of a connector. */
export interface ControlListener {
  /** The answer to each hello. */
  readonly welcome: (welcome: Welcome) => void;
  /** What an ask comes to, as JSON; it may reject with an Error whose message the gateway may read. */
  readonly request: (ask: Ask) => Promise<unknown>;
  /** Watch events up to this one are on the record. */
  readonly acknowledged: (seq: number) => void;
  readonly cancelElsewhere: (cancel: CancelElsewhere) => void;
}

/** How long a gateway may take to answer a hello or a renewal. */
const answerMs = 10_000;
/** How long a gateway may take to close after us. */
const farewellMs = 1_000;

interface Renewal {
  readonly id: number;
  readonly renewed: PromiseWithResolvers<{ readonly certificate: string }>;
}

/** A control connection from its hello to its end. While it lives, so does the link. */
export class Control {
  readonly #connection: LinkConnection;
  readonly #listener: ControlListener;
  readonly #ended = Promise.withResolvers<LinkError>();
  readonly #heartbeat = startHeartbeat({
    beat: () => this.#connection.send({ type: 'ping' }),
    dead: () => this.end(new LinkError('the gateway has not been heard for too long')),
  });
  #unanswered: NodeJS.Timeout | undefined;
  #lastId = 0;
  #renewal: Renewal | undefined;

  constructor(socket: TLSSocket, listener: ControlListener) {
    this.#listener = listener;
    this.#connection = new LinkConnection(socket, {
      message: (message) => this.#hear(message),
      closed: (error) => this.end(error),
    });
  }

  /** Resolves when the connection is over, with the reason. */
  get ended(): Promise<LinkError> {
    return this.#ended.promise;
  }

  /** Says who we are and what we offer; again when that changes. */
  hello(hello: Hello): void {
    this.#connection.send(hello);
    this.#unanswered ??= setTimeout(
      () => this.end(new LinkError(`the gateway did not answer within ${answerMs} ms`)),
      answerMs,
    );
  }

  report(event: Watched): void {
    this.#connection.send(event);
  }

  cancelElsewhere(cancel: CancelElsewhere): void {
    this.#connection.send(cancel);
  }

  /** Gets new credentials, with a new key. Rejects with a LinkError; the connection goes on all the same. */
  async renew(authority: string): Promise<LinkCredentials> {
    const key = await newKey();
    this.#lastId += 1;
    const renewal: Renewal = { id: this.#lastId, renewed: Promise.withResolvers() };
    this.#renewal = renewal;
    const { renewed } = renewal;
    const late = new LinkError(`the gateway did not renew the certificate within ${answerMs} ms`);
    const timer = setTimeout(() => renewed.reject(late), answerMs);
    try {
      this.#connection.send({ type: 'renew', id: renewal.id, ...certificateRequest(key, this.#connection.socket) });
      const { certificate } = await renewed.promise;
      return linkCredentials({ key: key.privateKey, certificate, authority }, Date.now());
    } finally {
      clearTimeout(timer);
      this.#renewal = undefined;
    }
  }

  /** Ends the connection in order: what was sent arrives, and the gateway closes. */
  finish(): void {
    const error = new LinkError('this connector is shutting down');
    setTimeout(() => this.end(error), farewellMs).unref();
    this.#connection.socket.end();
  }

  end(error: LinkError): void {
    this.#heartbeat.stop();
    clearTimeout(this.#unanswered);
    this.#connection.close();
    this.#renewal?.renewed.reject(error);
    this.#ended.resolve(error);
  }

  #hear(message: FromGateway): void {
    this.#heartbeat.heard();
    switch (message.type) {
      case 'welcome':
        clearTimeout(this.#unanswered);
        this.#unanswered = undefined;
        return this.#listener.welcome(message);
      case 'refused':
        return this.end(new LinkError(message.reason, { final: message.final }));
      case 'request':
        return void this.#answer(message.id, message.ask);
      case 'watch ack':
        return this.#listener.acknowledged(message.seq);
      case 'cancel elsewhere':
        return this.#listener.cancelElsewhere(message);
      case 'renewed':
        if (message.id === this.#renewal?.id) this.#renewal.renewed.resolve(message);
        return;
      case 'ping':
        return this.#connection.send({ type: 'pong' });
      case 'pong':
        return;
      case 'enrolled':
      case 'open':
        return this.end(new LinkError(`the gateway said "${message.type}" where it means nothing`));
    }
  }

  async #answer(id: number, ask: Ask): Promise<void> {
    try {
      const value = await this.#listener.request(ask);
      this.#connection.send({ type: 'result', id, value: value ?? null });
    } catch (error) {
      this.#connection.send({ type: 'error', id, message: (error as Error).message });
    }
  }
}
