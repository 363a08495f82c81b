import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BackendMessage,
  backendTag,
  decodeBackend,
  encodeFrontend,
  encodeStartup,
  errorFieldText,
  majorVersion,
  type NegotiateProtocolVersion,
  ProtocolError,
  type StartupMessage,
  startupParameter,
} from '@onrecord/wire';
import { authenticate } from './authenticate.ts';
import { abandon, type Connection, connectTarget } from './connect-target.ts';
import { Deadline, type DeadlineOptions } from './deadline.ts';
import { DialError, type SessionFate } from './dial-error.ts';
import { Incoming, type IncomingMessage } from './incoming.ts';
import { addressOf, isUnixSocket, type Target } from './target.ts';

export interface DialOptions extends DeadlineOptions {
  /** Called at most once, and only when the server asks for a password. */
  readonly password?: (() => Promise<string>) | undefined;
}

/** An authenticated session of Postgres that waits for its first query. */
export interface UpstreamStream {
  /**
   * Paused and without a listener: whoever takes it must listen for `error` in the same turn of the event loop. A
   * TLSSocket when `tls` is set.
   */
  readonly socket: Socket;
  /** `TLSv1.3` and the like; undefined without TLS. */
  readonly tls: string | undefined;
  /** The version that both sides speak from here: what was asked for, or the older one that the server has. */
  readonly protocol: number;
  /** Names of `_pq_.` options that the server does not know. */
  readonly unrecognized: readonly string[];
  /** ParameterStatus in the order of arrival, read as UTF-8. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The ParameterStatus messages as they came, to be passed on. */
  readonly parameterStatus: readonly Uint8Array[];
  /** The NoticeResponse messages as they came, to be passed on. */
  readonly notices: readonly Uint8Array[];
  readonly backendPid: number;
  /** What `sendCancel` needs. A secret. Empty when the server has told none. */
  readonly cancelKey: Uint8Array;
  /** What the server sent behind ReadyForQuery. */
  readonly rest: Uint8Array;
}

/** Everything that a server says before its first ReadyForQuery must fit in here. */
const maxStartupBytes = 1024 * 1024;

/** How long a session that nobody wants any more may take to say its process id. */
const farewellMs = 5_000;

/**
 * Opens a session: connects, authenticates, waits for the first ReadyForQuery. Rejects with a DialError; no socket is
 * left open then, but for the moment that its `session` takes. Asks for a password only when the server does, and never sends one in the clear over a network.
 */
export async function dialPostgres(
  target: Target,
  startup: Omit<StartupMessage, 'type'>,
  options: DialOptions,
): Promise<UpstreamStream> {
  using deadline = new Deadline(options, `open a session on ${addressOf(target)}`);
  const connection = await connectTarget(target, deadline);
  const greeting = new Greeting(new Incoming(connection.socket), startup.version);
  const opening = openSession(connection, { target, startup, options, deadline, greeting });
  try {
    return await deadline.race(opening);
  } catch (reason) {
    const error = reason instanceof ProtocolError ? asDialError(reason) : reason;
    if (!(error instanceof DialError) || !greeting.mayBeSession) {
      abandon(connection.socket);
      throw error;
    }
    const { failure, message, cause } = error;
    throw new DialError(failure, message, cause, sayFarewell(connection.socket, { opening, greeting }));
  }
}

/**
 * Ends a session that is perhaps being opened. What becomes of it is waited for, since otherwise nobody could tell it from
 * a session of somebody else.
 */
async function sayFarewell(
  socket: Socket,
  { opening, greeting }: { readonly opening: Promise<unknown>; readonly greeting: Greeting },
): Promise<SessionFate> {
  socket.unref();
  const opened = opening.then(
    () => true,
    () => false,
  );
  const isOpen = await Promise.race([opened, delay(farewellMs, false, { ref: false })]);
  socket.on('error', () => {});
  if (isOpen) socket.write(encodeFrontend({ type: 'terminate' }).finish());
  socket.destroySoon();
  const { backendPid, mayBeSession } = greeting;
  if (backendPid !== undefined) return { type: 'ended', backendPid };
  return { type: mayBeSession ? 'unclear' : 'none' };
}

interface Request {
  readonly target: Target;
  readonly startup: Omit<StartupMessage, 'type'>;
  readonly options: DialOptions;
  readonly deadline: Deadline;
  readonly greeting: Greeting;
}

async function openSession(connection: Connection, request: Request): Promise<UpstreamStream> {
  const { socket, tls, endPoint } = connection;
  const { target, startup, options, deadline, greeting } = request;
  const message: StartupMessage = { type: 'startupMessage', ...startup };
  socket.write(encodeStartup(message).finish());
  // Some are let in without being asked anything.
  greeting.mayBeSession = true;
  await authenticate({
    user: startupParameter(message, 'user') ?? new Uint8Array(0),
    password: options.password,
    encrypted: tls !== undefined,
    endPoint,
    allowCleartext: target.allowCleartext === true || isUnixSocket(target),
    deadline,
    asked: () => {
      greeting.mayBeSession = false;
    },
    send: (answer) => {
      socket.write(encodeFrontend(answer).finish());
      if (answer.type !== 'saslInitialResponse') greeting.mayBeSession = true;
    },
    next: () => greeting.authentication(),
  });
  await greeting.ready();
  return { socket, tls, ...greeting.result() };
}

/** What the server says between StartupMessage and its first ReadyForQuery. */
class Greeting {
  /** Whether the server may have a session for us, as far as was heard. */
  mayBeSession = false;
  readonly #incoming: Incoming;
  #protocol: number;
  #unrecognized: readonly string[] = [];
  readonly #parameters = new Map<string, string>();
  readonly #parameterStatus: Uint8Array[] = [];
  readonly #notices: Uint8Array[] = [];
  #backendPid = 0;
  #cancelKey: Uint8Array = new Uint8Array(0);
  #bytes = 0;

  constructor(incoming: Incoming, protocol: number) {
    this.#incoming = incoming;
    this.#protocol = protocol;
  }

  /** Undefined until the server has told it. */
  get backendPid(): number | undefined {
    return this.#backendPid === 0 ? undefined : this.#backendPid;
  }

  /** The next Authentication message. */
  async authentication(): Promise<IncomingMessage> {
    for (;;) {
      const message = await this.#next();
      if (message.tag === backendTag.authentication) return message;
      const decoded = decodeBackend(message.tag, message.body);
      if (decoded.type === 'negotiateProtocolVersion') this.#negotiate(decoded);
      else if (decoded.type === 'noticeResponse') this.#notices.push(message.bytes.slice());
      else throw outOfPlace(decoded, 'authentication');
    }
  }

  /** Reads up to ReadyForQuery. */
  async ready(): Promise<void> {
    for (;;) {
      const message = await this.#next();
      const decoded = decodeBackend(message.tag, message.body);
      if (decoded.type === 'readyForQuery') return;
      if (decoded.type === 'parameterStatus') {
        this.#parameters.set(decoded.name, Buffer.from(decoded.value).toString());
        this.#parameterStatus.push(message.bytes.slice());
      } else if (decoded.type === 'backendKeyData') {
        this.#backendPid = decoded.pid;
        this.#cancelKey = decoded.key.slice();
      } else if (decoded.type === 'noticeResponse') this.#notices.push(message.bytes.slice());
      else throw outOfPlace(decoded, 'startup');
    }
  }

  /** Ends the reading. */
  result(): Omit<UpstreamStream, 'socket' | 'tls'> {
    return {
      protocol: this.#protocol,
      unrecognized: this.#unrecognized,
      parameters: this.#parameters,
      parameterStatus: this.#parameterStatus,
      notices: this.#notices,
      backendPid: this.#backendPid,
      cancelKey: this.#cancelKey,
      rest: this.#incoming.release(),
    };
  }

  async #next(): Promise<IncomingMessage> {
    const message = await this.#incoming.message();
    this.#bytes += message.bytes.length;
    if (this.#bytes > maxStartupBytes) {
      throw new DialError({ type: 'protocol' }, `the server sent over ${maxStartupBytes} bytes and is not ready`);
    }
    if (message.tag !== backendTag.errorResponse) return message;
    // A session begins, and is counted, when its first ParameterStatus is on its way (PostgresMain in postgres.c).
    if (this.#parameterStatus.length === 0) this.mayBeSession = false;
    throw refused(message);
  }

  /** Source: pqGetNegotiateProtocolVersion3 (interfaces/libpq/fe-protocol3.c). */
  #negotiate(message: NegotiateProtocolVersion): void {
    const { version } = message;
    if (majorVersion(version) !== majorVersion(this.#protocol) || version > this.#protocol) {
      throw new DialError({ type: 'protocol' }, `the server negotiates a protocol that was not asked for: ${version}`);
    }
    this.#protocol = version;
    this.#unrecognized = message.unrecognized;
  }
}

function refused(message: IncomingMessage): DialError {
  const decoded = decodeBackend(message.tag, message.body);
  const sqlstate = decoded.type === 'errorResponse' ? errorFieldText(decoded.fields, 'sqlstate') : undefined;
  const response = message.bytes.slice();
  const failure = { type: 'refused', response, sqlstate: sqlstate ?? 'XX000' } as const;
  return new DialError(failure, `the server refused the session: SQLSTATE ${failure.sqlstate}`);
}

function outOfPlace(message: BackendMessage, during: string): DialError {
  return new DialError({ type: 'protocol' }, `${message.type} was not to be expected during ${during}`);
}

/** ProtocolErrors are not all the same: the ones of SCRAM say that the server is not to be trusted. */
function asDialError(error: ProtocolError): DialError {
  const type = error.sqlstate === '28000' || error.sqlstate === '0A000' ? 'authentication' : 'protocol';
  return new DialError({ type }, error.message, error);
}
