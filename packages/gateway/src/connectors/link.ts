import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  type Ask,
  type FromConnector,
  type FromGateway,
  type Heartbeat,
  type Hello,
  type OfferedConnection,
  type Renew,
  startHeartbeat,
  type Watched,
} from '@onrecord/connector/link';
import type { LiveLink } from './connector-gate.ts';
import type { MessageStream } from './message-stream.ts';

export interface LinkAbout extends Pick<LiveLink, 'connector' | 'instance' | 'host' | 'version' | 'client' | 'since'> {
  /** What it showed, until it is given a new one. */
  readonly certificate: ShownCertificate;
}

/** A certificate as the state knows it. */
export type ShownCertificate = Pick<LiveLink, 'certificate' | 'notAfter'>;

/** Hears what a connector wants of the gateway, and of the end of its link. */
export interface LinkListener {
  readonly hello: (link: Link, hello: Hello) => void;
  readonly renew: (link: Link, renew: Renew) => void;
  readonly watched: (link: Link, watched: Watched) => void;
  readonly cancelElsewhere: (link: Link, cancel: FromConnector & { readonly type: 'cancel elsewhere' }) => void;
  /** There is a spare, or what the connector serves has changed. */
  readonly spare: (link: Link) => void;
  /** Called once. So many sessions ended with it. */
  readonly ended: (link: Link, end: { readonly reason: string; readonly sessions: number }) => void;
}

export interface LinkOptions {
  readonly about: LinkAbout;
  /** On hold behind the hello. */
  readonly control: MessageStream;
  readonly listener: LinkListener;
  readonly nowUs: () => number;
  /** How often it says that it is there; as `startHeartbeat` has it by default. */
  readonly beatMs?: number | undefined;
}

/** What a connector keeps ready at most; what it dials beyond that is closed. */
const maximumSpares = 256;
/** How long a connector may take to answer a request: longer than anything that it waits for itself. */
const answerMs = 30_000;
const maximumRequests = 10_000;

/**
 * A connector's process that is connected: its control connection, its spares, and the sessions that went over them. They
 * all end with the control connection.
 */
export class Link {
  readonly about: LinkAbout;
  /** All that the connector would serve, as it says. */
  offered: readonly OfferedConnection[] = [];
  readonly #control: MessageStream;
  readonly #listener: LinkListener;
  readonly #nowUs: () => number;
  readonly #heartbeat: Heartbeat;
  readonly #spares: MessageStream[] = [];
  readonly #sessions = new Set<Socket>();
  readonly #requests = new Map<number, PromiseWithResolvers<unknown>>();
  #certificate: ShownCertificate;
  #serves: ReadonlyMap<string, OfferedConnection> = new Map();
  #lastRequest = 0;
  #heardUs: number;
  #ended: string | undefined;

  constructor({ about, control, listener, nowUs, beatMs }: LinkOptions) {
    this.about = about;
    this.#certificate = about.certificate;
    this.#control = control;
    this.#listener = listener;
    this.#nowUs = nowUs;
    this.#heardUs = nowUs();
    this.#heartbeat = startHeartbeat({
      beat: () => this.send({ type: 'ping' }),
      dead: () => this.end('it was not heard for too long'),
      intervalMs: beatMs,
    });
  }

  /** Reads what the connector says from here on. */
  start(): void {
    this.#control.listen({
      message: (message) => this.#hear(message),
      closed: ({ reason }) => this.end(reason),
    });
  }

  /** Why it has ended; undefined while it lives. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Of the control connection. */
  get socket(): TLSSocket {
    return this.#control.socket;
  }

  /** When the connector was last heard, in microseconds. */
  get heardUs(): number {
    return this.#heardUs;
  }

  get certificate(): ShownCertificate {
    return this.#certificate;
  }

  /** The connector was given another certificate, and may live as long as that. */
  set certificate(certificate: ShownCertificate) {
    this.#certificate = certificate;
  }

  /** The connections that may be opened over it. */
  get serves(): ReadonlyMap<string, OfferedConnection> {
    return this.#serves;
  }

  set serves(serves: ReadonlyMap<string, OfferedConnection>) {
    this.#serves = serves;
    if (this.#ended === undefined) this.#listener.spare(this);
  }

  get spares(): number {
    return this.#spares.length;
  }

  view(): LiveLink {
    const { certificate, ...about } = this.about;
    return {
      ...about,
      ...this.#certificate,
      connections: [...this.#serves.keys()],
      sessions: this.#sessions.size,
      spares: this.#spares.length,
    };
  }

  send(message: FromGateway): void {
    this.#control.send(message);
  }

  /** Takes a connection that waits for a session. */
  addSpare(spare: MessageStream): void {
    if (this.#ended !== undefined || this.#spares.length >= maximumSpares) return spare.close();
    const gone = (): void => {
      const at = this.#spares.indexOf(spare);
      if (at !== -1) this.#spares.splice(at, 1);
    };
    // It has nothing to say before it is asked.
    const message = (): void => {
      gone();
      spare.close();
    };
    this.#spares.push(spare);
    spare.listen({ message, closed: gone });
    if (!spare.closed) this.#listener.spare(this);
  }

  /** The spare that came last: the connector drops those that wait for too long. It ends with the link. */
  takeSpare(): MessageStream | undefined {
    const spare = this.#spares.pop();
    if (spare === undefined) return undefined;
    spare.hold();
    const { socket } = spare;
    this.#sessions.add(socket);
    socket.once('close', () => this.#sessions.delete(socket));
    return spare;
  }

  /** Asks the connector. Rejects with what it says, or when there is no answer in time. */
  async request(ask: Ask): Promise<unknown> {
    if (this.#ended !== undefined) throw new Error(`the link has ended: ${this.#ended}`);
    if (this.#requests.size >= maximumRequests) throw new Error('the connector does not answer');
    this.#lastRequest += 1;
    const id = this.#lastRequest;
    const answer = Promise.withResolvers<unknown>();
    const timer = setTimeout(
      () => answer.reject(new Error(`the connector did not answer within ${answerMs} ms`)),
      answerMs,
    );
    this.#requests.set(id, answer);
    try {
      this.send({ type: 'request', id, ask });
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#requests.delete(id);
    }
  }

  /** Ends it, and its sessions. With `final`, the connector is told that it need not come back before somebody did something. */
  end(reason: string, { final }: { readonly final?: boolean } = {}): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#heartbeat.stop();
    this.#control.close(final === undefined ? undefined : { type: 'refused', reason, final });
    for (const { reject } of this.#requests.values()) reject(new Error(`the link has ended: ${reason}`));
    for (const spare of this.#spares.splice(0)) spare.close();
    const sessions = this.#sessions.size;
    for (const socket of this.#sessions) socket.destroy();
    this.#listener.ended(this, { reason, sessions });
  }

  #hear(message: FromConnector): void {
    this.#heartbeat.heard();
    this.#heardUs = this.#nowUs();
    switch (message.type) {
      case 'ping':
        return this.send({ type: 'pong' });
      case 'pong':
        return;
      case 'hello':
        return this.#listener.hello(this, message);
      case 'renew':
        return this.#listener.renew(this, message);
      case 'watch':
        return this.#listener.watched(this, message);
      case 'cancel elsewhere':
        return this.#listener.cancelElsewhere(this, message);
      case 'result':
        return this.#requests.get(message.id)?.resolve(message.value);
      case 'error':
        return this.#requests.get(message.id)?.reject(new Error(message.message));
      case 'enroll':
      case 'spare':
      case 'opened':
      case 'failed':
        return this.end(`it said "${message.type}", which has no place on a control connection`);
    }
  }
}
