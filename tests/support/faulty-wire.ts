import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/** What went over one connection, as bytes. */
export interface Overheard {
  readonly fromClient: readonly Buffer[];
  readonly fromServer: readonly Buffer[];
}

interface HostPort {
  readonly host: string;
  readonly port: number;
}

interface Cable {
  readonly client: Socket;
  readonly server: Socket;
}

export interface FaultyWireOptions {
  /** Keeps everything that passes, for `overheard`. */
  readonly listens?: boolean;
}

/** A TCP pass-through that can fail as networks do. Each fault lasts until `heal`. */
export class FaultyWire {
  /** `host:port` to dial instead of the target. */
  readonly address: string;
  readonly overheard: Overheard[] = [];
  readonly #server: Server;
  #target: HostPort;
  readonly #listens: boolean;
  readonly #cables = new Set<Cable>();
  #state: 'whole' | 'frozen' | 'cut' = 'whole';

  private constructor(server: Server, target: string, { listens = false }: FaultyWireOptions) {
    this.#target = hostPort(target);
    this.#server = server;
    this.#listens = listens;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client) => this.#join(client));
  }

  static async start(target: string, options: FaultyWireOptions = {}): Promise<FaultyWire> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultyWire(server, target, options);
  }

  /** Where connections lead from now on: `host:port`. */
  redirect(target: string): void {
    this.#target = hostPort(target);
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#cables.size;
  }

  /** Resets every connection, and whoever dials. */
  cut(): void {
    this.#state = 'cut';
    for (const { client, server } of this.#cables) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Nothing arrives any more, and nobody is told: as when a cable is pulled somewhere on the way. */
  freeze(): void {
    this.#state = 'frozen';
    for (const { client, server } of this.#cables) {
      client.pause();
      server.pause();
    }
  }

  heal(): void {
    this.#state = 'whole';
    for (const { client, server } of this.#cables) {
      client.resume();
      server.resume();
    }
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const { client, server } of this.#cables) {
      client.destroy();
      server.destroy();
    }
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    if (this.#state === 'cut') return void client.on('error', () => {}).resetAndDestroy();
    const server = createConnection({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const cable: Cable = { client, server };
    const overheard = { fromClient: [] as Buffer[], fromServer: [] as Buffer[] };
    if (this.#listens) this.overheard.push(overheard);
    this.#cables.add(cable);
    this.#pass(client, server, overheard.fromClient);
    this.#pass(server, client, overheard.fromServer);
    client.once('close', () => this.#cables.delete(cable));
    if (this.#state === 'frozen') for (const socket of [client, server]) socket.pause();
  }

  #pass(from: Socket, to: Socket, heard: Buffer[]): void {
    from.on('data', (chunk: Buffer) => {
      if (this.#listens) heard.push(chunk);
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (this.#state !== 'frozen') from.resume();
    });
    from.on('error', () => {});
    from.once('end', () => to.end());
    // Who was reset resets the other; in a frozen network nobody learns of it.
    from.once('close', (hadError) => {
      if (this.#state === 'frozen') return;
      if (hadError) to.resetAndDestroy();
      else to.destroySoon();
    });
  }
}

function hostPort(address: string): HostPort {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}
