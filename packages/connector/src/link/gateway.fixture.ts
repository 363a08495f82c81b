import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { makeAuthority, type TestAuthority } from './authority.fixture.ts';
import { authorityPin, type EnrollmentToken, generateEnrollmentToken } from './enrollment-token.ts';
import { encodeLinkMessage, LinkFramer } from './link-framer.ts';
import { type FromConnector, type FromGateway, linkProtocol } from './messages.ts';

type Message<Type extends FromConnector['type']> = FromConnector & { readonly type: Type };

/** A connection of a connector, from the gateway's side, played by the test. */
export class Peer {
  readonly socket: TLSSocket;
  readonly #framer = new LinkFramer();
  readonly #messages: FromConnector[] = [];
  #raw: Buffer[] | undefined;
  #wake: () => void = () => {};
  ended = false;

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      if (this.#raw === undefined) this.#framer.push(chunk);
      else this.#raw.push(chunk);
      this.#read();
      this.#wake();
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.ended = true;
        this.#wake();
      });
    }
  }

  send(message: FromGateway): void {
    this.socket.write(encodeLinkMessage(message));
  }

  /** What the connection is for. */
  async first(): Promise<FromConnector> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.ended) throw new Error('the connection ended without a message');
      await this.#more();
    }
  }

  /** The next message of this type; others before it are passed over (pings mostly). */
  async next<Type extends FromConnector['type']>(type: Type): Promise<Message<Type>> {
    for (;;) {
      const message = this.#messages.shift();
      if (message?.type === type) return message as Message<Type>;
      if (message !== undefined) continue;
      if (this.ended) throw new Error(`the connection ended before a message "${type}"`);
      await this.#more();
    }
  }

  /** From now on bytes: all that came behind the last message, and all that comes. Waits for `length` of them. */
  async bytes(length: number): Promise<Buffer> {
    this.#raw ??= [Buffer.from(this.#framer.takeRest())];
    for (;;) {
      const all = Buffer.concat(this.#raw);
      this.#raw = [all];
      if (all.length >= length) {
        this.#raw = [all.subarray(length)];
        return all.subarray(0, length);
      }
      if (this.ended) throw new Error(`the connection ended after ${all.length} of ${length} bytes`);
      await this.#more();
    }
  }

  /** Resolves when the connector has ended the connection. */
  async end(): Promise<void> {
    while (!this.ended) await this.#more();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #read(): void {
    // What comes behind `opened` is no message.
    while (this.#raw === undefined) {
      const message = this.#framer.next() as FromConnector | undefined;
      if (message === undefined) return;
      this.#messages.push(message);
      if (message.type === 'opened') this.#raw = [Buffer.from(this.#framer.takeRest())];
    }
  }
}

/** The gateway's port for connectors, played by the test. */
export interface TestGateway {
  readonly address: { readonly host: string; readonly port: number };
  readonly authority: TestAuthority;
  token(): EnrollmentToken;
  /** The next connection whose first message is of this type, and the message. */
  accept<Type extends 'enroll' | 'hello' | 'spare'>(type: Type): Promise<{ peer: Peer; first: Message<Type> }>;
  /** Takes an enrolment and gives it a certificate. */
  enrolls(connector: string, lifetimeMs?: number): Promise<void>;
  /** Takes a control connection and welcomes it. */
  welcomes(spares?: number): Promise<{ control: Peer; hello: Message<'hello'> }>;
  /** Connections that are open. */
  open(): number;
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  readonly authority?: TestAuthority;
  readonly leaf?: { readonly serverName?: string; readonly usage?: string };
  readonly port?: number;
}

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const authority = options.authority ?? (await makeAuthority());
  const sockets = new Set<TLSSocket>();
  const arrived: { readonly peer: Peer; readonly first: FromConnector }[] = [];
  let wake: () => void = () => {};
  const server = createServer(
    {
      ...(await authority.leaf(options.leaf)),
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [linkProtocol],
      noDelay: true,
    },
    (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      const peer = new Peer(socket);
      void peer.first().then(
        (first) => {
          arrived.push({ peer, first });
          wake();
        },
        () => {},
      );
    },
  );
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const gateway: TestGateway = {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    authority,
    token: () => generateEnrollmentToken(authorityPin(authority.der)),
    accept: async (type) => {
      for (;;) {
        const at = arrived.findIndex(({ first }) => first.type === type);
        if (at !== -1) return arrived.splice(at, 1)[0] as never;
        await new Promise<void>((resolve) => {
          const before = wake;
          wake = () => {
            before();
            resolve();
          };
        });
      }
    },
    enrolls: async (connector, lifetimeMs) => {
      const { peer, first } = await gateway.accept('enroll');
      const certificate = await authority.issue(connector, first.publicKey, lifetimeMs);
      peer.send({ type: 'enrolled', connector, certificate, authority: authority.certificate, notAfter: 0 });
      peer.socket.end();
    },
    welcomes: async (spares = 0) => {
      const { peer: control, first: hello } = await gateway.accept('hello');
      control.send({ type: 'welcome', spares, refused: [] });
      return { control, hello };
    },
    open: () => sockets.size,
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
  return gateway;
}
