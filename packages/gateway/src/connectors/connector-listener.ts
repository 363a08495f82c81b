import { constants, type X509Certificate } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { HostPort } from '@onrecord/connector/config';
import { type FromConnector, linkProtocol } from '@onrecord/connector/link';
import type { Authority, ServerLeaf } from './authority.ts';
import { Knocks } from './knocks.ts';
import { LinkRefusal } from './link-refusal.ts';
import { MessageStream } from './message-stream.ts';
import type { Refused } from './refusals.ts';

/** Somebody at the port for connectors who has said what the connection is for. Nothing of it is believed yet. */
export interface Peer {
  /** On hold: nothing behind the first message was read. */
  readonly stream: MessageStream;
  readonly first: FromConnector;
  /** `address:port`, as seen by the gateway. */
  readonly client: string;
  /** The other end has its key; whose it is, and whether it is good, the state says. */
  readonly certificate: X509Certificate | undefined;
}

export interface ConnectorListenerOptions {
  readonly authority: Authority;
  readonly listen: HostPort;
  /** Connections that have not said who they are: how many, and for how long. */
  readonly unauthenticated: number;
  readonly startupMs: number;
  readonly nowMs: () => number;
  /** Takes a connection; its time to say who it is goes on until this is resolved. Throws a LinkRefusal. */
  readonly admit: (peer: Peer) => Promise<void>;
  readonly refused: (refused: Refused) => void;
  readonly log: (message: string) => void;
}

/** When the first probe of an idle connection is sent: devices on the way forget connections after some minutes. */
const keepAliveMs = 30_000;
/** The gateway's certificate is made again every day, so a connector never sees the end of one. */
const leafMs = 86_400_000;

/**
 * The port for connectors: TLS 1.3 with a certificate of the gateway's own authority. Any client gets through the
 * handshake; who it is, its certificate and its first message say.
 */
export class ConnectorListener {
  readonly #options: ConnectorListenerOptions;
  readonly #server: Server;
  readonly #knocks: Knocks;
  readonly #renewal: NodeJS.Timeout;
  #context: SecureContext;

  private constructor(options: ConnectorListenerOptions, leaf: ServerLeaf) {
    this.#options = options;
    this.#context = contextOf(leaf);
    this.#knocks = new Knocks({ maximum: options.unauthenticated, withinMs: options.startupMs });
    // Half-open: the last bytes of a session may still be under way when its other direction has ended.
    const socketOptions = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    this.#server = createServer(socketOptions, (socket) => this.#accept(socket));
    this.#renewal = setInterval(() => void this.#renew(), leafMs).unref();
  }

  /** Resolves when connections are taken. */
  static async start(options: ConnectorListenerOptions): Promise<ConnectorListener> {
    const listener = new ConnectorListener(options, await options.authority.serverLeaf(options.nowMs()));
    const server = listener.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...options.listen, backlog: 1024 }, () => {
        server.off('error', reject);
        server.on('error', (error) => options.log(`cannot take connectors: ${error.message}`));
        resolve();
      });
    });
    return listener;
  }

  get address(): HostPort {
    const { address: host, port } = this.#server.address() as AddressInfo;
    return { host, port };
  }

  /** Takes no more connections, and drops those that have not been let in. */
  close(): void {
    clearInterval(this.#renewal);
    this.#server.close();
    this.#knocks.destroyAll();
  }

  #accept(plain: Socket): void {
    const client = clientOf(plain);
    const refuse = (reason: string): void => this.#options.refused({ client, reason });
    plain.on('error', ignore);
    this.#knocks.add(plain, () => {
      // Health checks of load balancers, and connections that a browser opens ahead, say nothing at all.
      if (plain.bytesRead > 0) refuse(`it did not say who it is within ${this.#options.startupMs} ms`);
    });
    const socket = new TLSSocket(plain, {
      isServer: true,
      secureContext: this.#context,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNCallback: ({ protocols }) => (protocols.includes(linkProtocol) ? linkProtocol : undefined),
    });
    const failed = (error: NodeJS.ErrnoException): void => {
      if (plain.bytesRead > 0) refuse(`it does not speak TLS 1.3 as connectors do (${error.code ?? 'unknown error'})`);
      plain.destroy();
    };
    socket.on('error', ignore).once('error', failed);
    socket.once('secure', () => {
      socket.off('error', failed);
      const stream = new MessageStream(socket);
      if (socket.alpnProtocol !== linkProtocol) {
        refuse('it did not ask for the protocol of connectors');
        return stream.close();
      }
      this.#greet(stream, plain, client);
    });
  }

  #greet(stream: MessageStream, plain: Socket, client: string): void {
    const certificate = stream.socket.getPeerX509Certificate();
    stream.listen({
      message: (first) => {
        stream.hold();
        void this.#admit({ stream, first, client, certificate }, plain);
      },
      closed: ({ type, reason }) => {
        // An enrolment begins with a connection on which nothing is said.
        if (type === 'malformed') this.#options.refused({ client, reason });
      },
    });
  }

  async #admit(peer: Peer, plain: Socket): Promise<void> {
    const { stream, client } = peer;
    try {
      await this.#options.admit(peer);
    } catch (error) {
      const refusal = error instanceof LinkRefusal ? error : undefined;
      const { reason, connector, final } = refusal ?? new LinkRefusal('the gateway cannot say now', { final: false });
      if (refusal === undefined) this.#options.log(`a connector was not let in: ${detailOf(error)}`);
      this.#options.refused({ client, reason, ...(connector === undefined ? {} : { connector }) });
      stream.close({ type: 'refused', reason, final });
    } finally {
      this.#knocks.delete(plain);
    }
  }

  async #renew(): Promise<void> {
    const { authority, nowMs, log } = this.#options;
    try {
      this.#context = contextOf(await authority.serverLeaf(nowMs()));
    } catch (error) {
      log(`the certificate of the port for connectors was not renewed: ${detailOf(error)}`);
    }
  }
}

function contextOf({ certificate, key }: ServerLeaf): SecureContext {
  return createSecureContext({
    cert: certificate,
    key,
    minVersion: 'TLSv1.3',
    // No resumption: each connection shows its certificate again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
}

function clientOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

function detailOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function ignore(): void {}
