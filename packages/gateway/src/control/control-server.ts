import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { GatewayError } from '../errors.ts';
import { type ControlAnswer, type ControlRequest, controlSocketName, maxRequestBytes } from './control-request.ts';

export interface ControlOptions {
  readonly dataDirectory: string;
  /** Rejects with a GatewayError for what the asker should read. */
  readonly answer: (request: ControlRequest) => Promise<unknown>;
  readonly log: (message: string) => void;
}

/** How long a command may take to ask. */
const askMs = 5_000;

/**
 * Answers the commands that ask the running gateway. Whoever holds the journal's lock may take the socket's name: one
 * that a killed gateway left behind is replaced. Where there can be no socket (a path that is too long for one), the
 * gateway runs without, and says so.
 */
export class ControlServer {
  readonly #options: ControlOptions;
  readonly #server: Server;
  readonly #path: string;
  readonly #open = new Set<Socket>();

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#path = join(options.dataDirectory, controlSocketName);
    // Half-open: who asks has nothing more to say, and waits.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket));
  }

  listen(): Promise<void> {
    rmSync(this.#path, { force: true });
    return new Promise((resolve) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        this.#options.log(`no command can ask this gateway: ${this.#path} cannot be listened at (${error.code})`);
        resolve();
      });
      this.#server.listen(this.#path, () => {
        // The directory has mode 0700 already; a copied one may not.
        chmodSync(this.#path, 0o600);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(socket: Socket): Promise<void> {
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#open.delete(socket));
    const line = await firstLine(socket);
    if (line === undefined) return void socket.destroy();
    socket.resume();
    socket.end(`${await this.#answer(line)}\n`);
  }

  /** The answer as it is sent. What a connector has said may be nothing that can be written. */
  async #answer(line: string): Promise<string> {
    try {
      return encode({ type: 'answer', value: await this.#options.answer(JSON.parse(line) as ControlRequest) });
    } catch (error) {
      if (error instanceof GatewayError) {
        const { message, hint } = error;
        return encode({ type: 'error', message, ...(hint === undefined ? {} : { hint }) });
      }
      this.#options.log(`a command could not be answered: ${error instanceof Error ? error.stack : String(error)}`);
      return encode({ type: 'error', message: 'internal error of the gateway', hint: "The gateway's log says more." });
    }
  }
}

function encode(answer: ControlAnswer): string {
  return JSON.stringify(answer);
}

/** What stands before the first line end; undefined when none comes in time, or too much before it. */
function firstLine(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => resolve(undefined), askMs);
    const onData = (chunk: string): void => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end !== -1) done(text.slice(0, end));
      else if (text.length > maxRequestBytes) done(undefined);
    };
    const done = (line: string | undefined): void => {
      clearTimeout(timer);
      socket.off('data', onData);
      resolve(line);
    };
    socket.setEncoding('utf8');
    socket.on('data', onData);
    socket.once('end', () => done(undefined)).once('close', () => done(undefined));
  });
}
