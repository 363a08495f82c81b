import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { HostPort } from '@onrecord/connector/config';
import {
  encodeLinkMessage,
  type FromConnector,
  type FromGateway,
  gatewayServerName,
  LinkFramer,
  linkProtocol,
  linkVersion,
  proofBytes,
  proofLabel,
} from '@onrecord/connector/link';

export interface TestKey {
  readonly privateKey: KeyObject;
  readonly pem: string;
  readonly spki: Uint8Array;
}

/** What a connector holds after its enrolment; PEM. */
export interface TestCredentials {
  readonly authority: string;
  readonly key: string;
  readonly certificate: string;
}

export function testKey(namedCurve = 'P-256'): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    privateKey,
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    spki: publicKey.export({ format: 'der', type: 'spki' }),
  };
}

/** One connection to the port for connectors, by hand: says what a test wants it to, and keeps what it hears. */
export class TestConnection {
  readonly socket: TLSSocket;
  readonly #framer = new LinkFramer();
  readonly #heard: FromGateway[] = [];
  #raw: Buffer[] | undefined;
  #wake: () => void = () => {};
  #ended = false;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    const ended = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('error', () => {});
    socket.once('end', ended).once('close', ended);
    socket.on('data', (chunk) => {
      if (this.#raw !== undefined) this.#raw.push(chunk);
      else this.#take(chunk);
      this.#wake();
    });
  }

  /** Resolves after the handshake; what the gateway says to the certificate comes later. */
  static async dial(
    { host, port }: HostPort,
    credentials: Partial<TestCredentials> = {},
    options: ConnectionOptions = {},
  ): Promise<TestConnection> {
    const { authority, key, certificate } = credentials;
    const trust: ConnectionOptions = authority === undefined ? { rejectUnauthorized: false } : { ca: authority };
    const own: ConnectionOptions = key === undefined || certificate === undefined ? {} : { key, cert: certificate };
    const to = { host, port, servername: gatewayServerName, ALPNProtocols: [linkProtocol], allowHalfOpen: true };
    const socket = connect({ ...to, ...trust, ...own, ...options });
    socket.setNoDelay(true);
    await once(socket, 'secureConnect');
    return new TestConnection(socket);
  }

  get ended(): boolean {
    return this.#ended;
  }

  send(message: FromConnector): void {
    this.socket.write(encodeLinkMessage(message));
  }

  /** Proof that this end of this very connection has a key. */
  prove({ privateKey, spki }: TestKey): { readonly publicKey: string; readonly proof: string } {
    const material = this.socket.exportKeyingMaterial(proofBytes, proofLabel, Buffer.alloc(0));
    const proof = sign('sha256', Buffer.concat([material, spki]), privateKey);
    return { publicKey: Buffer.from(spki).toString('base64'), proof: proof.toString('base64') };
  }

  /** The next message that is no ping; undefined when the connection has ended before one. Pings are answered. */
  async next(): Promise<FromGateway | undefined> {
    for (;;) {
      const message = this.#heard.shift();
      if (message?.type === 'ping') this.send({ type: 'pong' });
      else if (message !== undefined || this.#ended) return message;
      else await this.#change();
    }
  }

  /** The next message, which must be of a type. */
  async expect<Type extends FromGateway['type']>(type: Type): Promise<FromGateway & { readonly type: Type }> {
    const message = await this.next();
    if (message?.type === type) return message as FromGateway & { readonly type: Type };
    throw new Error(`${type} was expected, and what came is ${JSON.stringify(message)}`);
  }

  /** Resolves when the connection is closed. */
  async closed(): Promise<void> {
    while (!this.#ended) await this.#change();
  }

  /** From here on the connection carries bytes. Resolves with the first `count` of those that come. */
  async bytes(count: number): Promise<string> {
    this.#raw ??= [Buffer.from(this.#framer.takeRest())];
    for (;;) {
      const all = Buffer.concat(this.#raw);
      if (all.length >= count) {
        this.#raw = [all.subarray(count)];
        return all.toString('latin1', 0, count);
      }
      if (this.#ended) throw new Error(`the connection ended after ${all.length} bytes`);
      await this.#change();
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    this.#framer.push(chunk);
    for (;;) {
      const message = this.#framer.next();
      if (message === undefined) return;
      this.#heard.push(message as never as FromGateway);
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Uses a token, and returns what it was good for. */
export async function enrollByHand(
  address: HostPort,
  token: string,
  key: TestKey = testKey(),
): Promise<{ readonly answer: FromGateway | undefined; readonly credentials: TestCredentials | undefined }> {
  const connection = await TestConnection.dial(address);
  try {
    connection.send({ type: 'enroll', link: linkVersion, token, version: '1.0.0', ...connection.prove(key) });
    const answer = await connection.next();
    if (answer?.type !== 'enrolled') return { answer, credentials: undefined };
    const { authority, certificate } = answer;
    return { answer, credentials: { authority, certificate, key: key.pem } };
  } finally {
    connection.destroy();
  }
}

/** A connector's process: a control connection that was welcomed, and spares by hand. */
export class TestConnector {
  readonly address: HostPort;
  readonly credentials: TestCredentials;
  readonly instance: string;
  readonly control: TestConnection;

  private constructor(of: Pick<TestConnector, 'address' | 'credentials' | 'instance' | 'control'>) {
    this.address = of.address;
    this.credentials = of.credentials;
    this.instance = of.instance;
    this.control = of.control;
  }

  static async connect(
    address: HostPort,
    credentials: TestCredentials,
    { instance = 'i1', connections = ['billing'] }: { instance?: string; connections?: readonly string[] } = {},
  ): Promise<TestConnector> {
    const control = await TestConnection.dial(address, credentials);
    control.send(helloOf(instance, connections));
    await control.expect('welcome');
    return new TestConnector({ address, credentials, instance, control });
  }

  hello(connections: readonly string[]): void {
    this.control.send(helloOf(this.instance, connections));
  }

  async spare(): Promise<TestConnection> {
    const spare = await TestConnection.dial(this.address, this.credentials);
    spare.send({ type: 'spare', link: linkVersion, instance: this.instance });
    return spare;
  }
}

function helloOf(instance: string, connections: readonly string[]): FromConnector {
  return {
    type: 'hello',
    link: linkVersion,
    version: '1.0.0',
    instance,
    host: 'db.example.com',
    connections: connections.map((name) => ({ name, watched: true })),
  };
}

/** The answer to an `open`, as of a server that has just said one parameter. */
export function openedMessage(backendPid: number, rest = ''): FromConnector & { readonly type: 'opened' } {
  return {
    type: 'opened',
    address: 'db.example.com:5432',
    database: 'billing',
    role: 'billing_app',
    protocol: 196_608,
    backendPid,
    parameterStatus: [parameterStatus('TimeZone', 'UTC')],
    notices: [],
    rest: Buffer.from(rest, 'latin1').toString('base64'),
  };
}

function parameterStatus(name: string, value: string): string {
  const body = Buffer.from(`${name}\0${value}\0`);
  const header = Buffer.from('S\0\0\0\0');
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]).toString('base64');
}
