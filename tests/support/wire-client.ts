import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { backendTag, Framer, Reader, Writer } from '@onrecord/wire';
import { ScramClient } from './scram-client.ts';
import type { Target } from './target.ts';

/** One backend message as it arrived. */
export interface WireMessage {
  readonly tag: number;
  /** All of it, type byte and length included. */
  readonly bytes: Uint8Array;
  /** A reader of what follows the length. */
  readonly body: () => Reader;
}

export interface StartupOptions {
  /** 3.0 is 196608, 3.2 is 196610. */
  readonly protocol?: number;
  /** Over user and database, which come from the target; undefined leaves one out. */
  readonly parameters?: { readonly [name: string]: string | undefined };
}

export const protocol30 = 196608;
export const protocol32 = 196610;
const defaultDeadlineMs = 60_000;

/**
 * A client that knows nothing but the wire: it sends bytes and takes messages one by one, in the order they arrived.
 * Bytes are read from the socket whether or not somebody takes them, unless `pause` was called.
 */
export class WireClient {
  #socket: Socket;
  readonly #framer = new Framer({ streams: () => false, maxHeldBytes: () => 0x7fff_ffff });
  readonly #chunks: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #reset = false;
  readonly parameters: Map<string, string> = new Map();
  /** From BackendKeyData. */
  processId = 0;
  key: Uint8Array = new Uint8Array(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** Connects and says nothing. A host that is a path is the directory of a Unix socket, as for libpq. */
  static async open({ host, port }: { readonly host: string; readonly port: number }): Promise<WireClient> {
    const path = `${host}/.s.PGSQL.${port}`;
    const socket = createConnection(host.startsWith('/') ? { path } : { host, port, noDelay: true });
    await once(socket, 'connect');
    return new WireClient(socket);
  }

  /** Connects, logs in and waits for the first ReadyForQuery; rejects with the server's message otherwise. */
  static async login(target: Target, options: StartupOptions = {}): Promise<WireClient> {
    const client = await WireClient.open(target);
    await client.send(startupMessage(target, options));
    const messages = await client.authenticate(target.password);
    const last = messages.at(-1);
    if (last?.tag !== backendTag.readyForQuery) {
      client.destroy();
      const why = last?.tag === backendTag.errorResponse ? errorText(last) : 'the connection was closed';
      throw new Error(`${target.name} did not let the client in: ${why}`);
    }
    return client;
  }

  /** Everything behind the startup packet, up to ReadyForQuery, an ErrorResponse or the end; SASL messages left out. */
  async authenticate(password: string): Promise<readonly WireMessage[]> {
    const scram = new ScramClient(password);
    const messages: WireMessage[] = [];
    for (;;) {
      const message = await this.next();
      if (message === undefined) return messages;
      if (message.tag === backendTag.authentication && (await this.#answer(message, scram))) continue;
      messages.push(message);
      this.#learn(message);
      if (message.tag === backendTag.readyForQuery || message.tag === backendTag.errorResponse) return messages;
    }
  }

  /** Resolves when the bytes have been handed to the system. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** The next message, or undefined when the server has closed the connection. */
  async next(deadlineMs: number = defaultDeadlineMs): Promise<WireMessage | undefined> {
    const framer = this.#framer;
    while (!framer.next()) {
      const chunk = await this.#chunk(deadlineMs);
      if (chunk === undefined) return undefined;
      framer.push(chunk);
    }
    const bytes = framer.bytes.subarray(framer.start, framer.end);
    return { tag: framer.tag, bytes, body: () => new Reader(bytes, 5) };
  }

  /** Messages up to and with the first that has the tag; fewer when the server closed before. */
  async until(tag: number, deadlineMs: number = defaultDeadlineMs): Promise<readonly WireMessage[]> {
    const messages: WireMessage[] = [];
    for (;;) {
      const message = await this.next(deadlineMs);
      if (message === undefined) return messages;
      messages.push(message);
      if (message.tag === tag) return messages;
    }
  }

  /** A simple Query and all of its answer. */
  async query(sql: string): Promise<readonly WireMessage[]> {
    await this.send(new Writer().begin(0x51).cstring(sql).end().finish());
    return this.until(backendTag.readyForQuery);
  }

  /** The single byte that answers SSLRequest or GSSENCRequest; undefined when the server closed instead. */
  async nextByte(deadlineMs: number = defaultDeadlineMs): Promise<number | undefined> {
    const chunk = await this.#chunk(deadlineMs);
    if (chunk === undefined) return undefined;
    if (chunk.length > 1) this.#chunks.unshift(chunk.subarray(1));
    return chunk[0];
  }

  /** Goes on in TLS; nothing that arrived before may be left. */
  async upgrade(options: { readonly alpn?: readonly string[] } = {}): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners('data');
    plain.removeAllListeners('close');
    const secure = connectTls({
      socket: plain,
      rejectUnauthorized: false,
      ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
    });
    await once(secure, 'secureConnect');
    this.#socket = secure;
    this.#listen(secure);
  }

  /** Stops reading from the socket, so that the server's writes back up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The connection has ended with an error: the last words of the server may be lost. */
  get reset(): boolean {
    return this.#reset;
  }

  /** Ends the client's direction; the server's is still read. */
  end(): void {
    this.#socket.end();
  }

  /** Goes away without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Says Terminate and waits for the server to close. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#socket.end(new Writer().begin(0x58).end().finish());
    while ((await this.next()) !== undefined);
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#wake?.();
    });
    socket.once('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
    // An end like any other for most.
    socket.on('error', () => {
      this.#reset = true;
    });
  }

  async #chunk(deadlineMs: number): Promise<Uint8Array | undefined> {
    const timer = setTimeout(() => this.#wake?.(), deadlineMs);
    const until = Date.now() + deadlineMs;
    try {
      while (this.#chunks.length === 0 && !this.#closed) {
        if (Date.now() >= until) throw new Error(`nothing arrived within ${deadlineMs} ms`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
    return this.#chunks.shift();
  }

  /** Answers a request for a password; false for AuthenticationOk, which asks for nothing. */
  async #answer(message: WireMessage, scram: ScramClient): Promise<boolean> {
    const body = message.body();
    const kind = body.int32();
    if (kind === 10) await this.#password(new Writer().cstring('SCRAM-SHA-256').value(bytesOf(scram.first())));
    else if (kind === 11) await this.#password(new Writer().bytes(bytesOf(scram.final(textOf(body.rest())))));
    else if (kind === 12) scram.verify(textOf(body.rest()));
    else return false;
    return true;
  }

  async #password(content: Writer): Promise<void> {
    await this.send(new Writer().begin(0x70).bytes(content.finish()).end().finish());
  }

  #learn(message: WireMessage): void {
    const body = message.body();
    if (message.tag === backendTag.parameterStatus) this.parameters.set(body.cstring(), body.cstring());
    if (message.tag !== backendTag.backendKeyData) return;
    this.processId = body.int32();
    this.key = body.rest();
  }
}

/** The startup packet of the target's user and database. */
export function startupMessage(target: Target, options: StartupOptions = {}): Uint8Array {
  const writer = new Writer().beginUntagged().int32(options.protocol ?? protocol30);
  const parameters = { user: target.user, database: target.database, ...options.parameters };
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) writer.cstring(name).cstring(value);
  return writer.uint8(0).end().finish();
}

/** SSLRequest is 80877103, GSSENCRequest 80877104. */
export function requestMessage(code: number): Uint8Array {
  return new Writer().beginUntagged().int32(code).end().finish();
}

export function cancelMessage(processId: number, key: Uint8Array): Uint8Array {
  return new Writer().beginUntagged().int32(80877102).int32(processId).bytes(key).end().finish();
}

/** Severity, SQLSTATE and text of an ErrorResponse or NoticeResponse. */
export function errorText(message: WireMessage): string {
  const fields = errorFields(message);
  return `${fields.V ?? fields.S} ${fields.C}: ${fields.M}`;
}

export function errorFields(message: WireMessage): { readonly [field: string]: string | undefined } {
  const fields: { [field: string]: string } = {};
  const body = message.body();
  for (let field = body.uint8(); field !== 0; field = body.uint8()) fields[String.fromCharCode(field)] = body.cstring();
  return fields;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
