import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  encodeBackend,
  limits,
  ProtocolError,
  protocolVersion,
  type StartupMessage,
  startupParameter,
} from '@onrecord/wire';
import type { Config } from '../config/config.ts';
import { Termination } from '../errors.ts';
import type { Issuers } from '../identity/jwt/issuers.ts';
import type { Proved } from '../identity/proved.ts';
import { passwordFailed, type Resolution, resolveLogin } from '../identity/resolve.ts';
import type { Tokens } from '../identity/tokens.ts';
import { withoutCredentials } from '../identity/without-credentials.ts';
import { Startup } from '../session/startup.ts';
import { askFor } from './authentication/ask-for.ts';
import { converse } from './authentication/converse.ts';
import { methodsFor } from './authentication/methods-for.ts';
import { proveByCertificate } from './authentication/prove-by-certificate.ts';
import { ChunkReader } from './chunk-reader.ts';
import { clientCertificate, type ServerTls, startTls } from './client-tls.ts';
import { protocolOptions } from './startup-parameters.ts';

export interface LoginOptions {
  /** The one in force, which may change while a client logs in. */
  readonly config: () => Config;
  readonly tls: ServerTls | undefined;
  readonly tokens: Tokens;
  readonly issuers: Issuers;
  readonly nowMs: () => number;
  /** Called when the client hears what is written elsewhere from now on: nowhere while TLS begins, then inside it. */
  readonly heardAt: (socket: Socket | undefined) => void;
  /** Makes sure that what was done to tokens before now is on record, and in force. */
  readonly settleTokens: () => Promise<void>;
}

/** A client that has proved who it is. */
export interface Login {
  readonly type: 'login';
  readonly socket: Socket;
  readonly message: StartupMessage;
  readonly user: string;
  readonly resolution: Exclude<Resolution, { readonly type: 'unknown identity' }>;
  readonly proved: Proved;
  /** Bytes that the client sent ahead. */
  readonly rest: Uint8Array;
}

export type LoginResult =
  | Login
  | { readonly type: 'cancel'; readonly socket: Socket; readonly pid: number; readonly key: Uint8Array }
  /** The client went away, or only knocked. */
  | { readonly type: 'gone' };

/** Who could not log in: what the record says of it, which is no credential even where the client said one. */
export class LoginFailure extends Error {
  readonly termination: Termination;
  readonly socket: Socket;
  readonly user: string;
  readonly database: string;
  /** What the client is told and, behind it, what it is not. */
  readonly reason: string;

  constructor(
    termination: Termination,
    socket: Socket,
    message: StartupMessage | undefined,
    reasons: readonly (string | undefined)[] = [],
  ) {
    super(termination.message);
    const why = [`${termination.sqlstate} ${termination.message}`, ...reasons.filter((reason) => reason !== undefined)];
    this.reason = withoutCredentials(why.join('; '));
    this.termination = termination;
    this.socket = socket;
    this.user = claimedName(message, 'user');
    this.database = claimedName(message, 'database');
  }
}

/**
 * Takes a connection from its first byte to a proved identity: TLS, startup message, authentication. Throws a LoginFailure with
 * what to tell the client. The caller holds the deadline and destroys the socket when it has passed.
 */
export async function login(socket: Socket, options: LoginOptions): Promise<LoginResult> {
  const { tls } = options;
  const startup = new Startup(tls === undefined ? 'off' : tls.required ? 'required' : 'offered');
  let plain: Socket = socket;
  let reader = new ChunkReader(plain);
  let message: StartupMessage | undefined;
  try {
    let chunk: Uint8Array | undefined;
    for (;;) {
      const step = startup.push(chunk);
      chunk = undefined;
      switch (step.type) {
        case 'more':
          chunk = await reader.next();
          if (chunk === undefined) return { type: 'gone' };
          break;
        case 'answer':
          plain.write(step.bytes);
          break;
        case 'tls': {
          if (tls === undefined) throw new ProtocolError('TLS is not enabled on this gateway');
          const ahead = reader.release();
          if (step.answer !== undefined) plain.write(step.answer);
          if (ahead !== undefined && !step.direct) {
            throw new ProtocolError('received unencrypted data after SSL request');
          }
          const first = ahead === undefined ? step.rest : Buffer.concat([step.rest, ahead]);
          options.heardAt(undefined);
          plain = await startTls(plain, tls, { first, direct: step.direct });
          options.heardAt(plain);
          reader = new ChunkReader(plain);
          startup.encrypted();
          break;
        }
        case 'cancel':
          reader.release();
          return { type: 'cancel', socket: plain, pid: step.pid, key: step.key };
        case 'startup':
          message = step.message;
          return await authenticate({ socket: plain, reader, message, ahead: step.rest }, options);
      }
    }
  } catch (error) {
    reader.release();
    plain.on('error', () => {});
    if (error instanceof LoginFailure) throw error;
    if (error instanceof ProtocolError)
      throw new LoginFailure(new Termination(error.sqlstate, error.message), plain, message);
    if (error instanceof Termination) throw new LoginFailure(error, plain, message);
    throw error;
  }
}

interface Started {
  readonly socket: Socket;
  readonly reader: ChunkReader;
  readonly message: StartupMessage;
  readonly ahead: Uint8Array;
}

async function authenticate(started: Started, options: LoginOptions): Promise<LoginResult> {
  const { socket, reader, message, ahead } = started;
  const { tls, tokens, issuers, nowMs } = options;
  const encrypted = socket instanceof TLSSocket;
  if (tls?.required && !encrypted) {
    throw new Termination('28000', 'this gateway takes connections over TLS only', { hint: 'Use sslmode=require.' });
  }
  const user = name(message, 'user');
  if (user === '') throw new Termination('28000', 'no PostgreSQL user name specified in startup packet');
  await options.settleTokens();
  const config = options.config();
  const resolution = resolveLogin(user, name(message, 'database'), config);
  const identity = resolution.type === 'unknown identity' ? undefined : resolution.identity;
  const methods = methodsFor(user, { identity, config, lot: (text) => tokens.lot(text) });
  const negotiation = negotiate(message);
  if (negotiation !== undefined) socket.write(negotiation);
  const shown = encrypted ? clientCertificate(socket) : undefined;
  const certified = proveByCertificate(shown, identity);
  if (certified?.type === 'proved') {
    const bytes = encodeBackend({ type: 'authentication', method: 'ok' }).finish();
    return loggedIn(started, { user, config, proved: certified.proved, bytes, rest: ahead });
  }
  const ask = askFor(methods, { encrypted, endPoint: tls?.endPoint, config });
  if (ask === undefined) throw withoutTls(user);
  const found = tokens.lookup(user, nowMs());
  const credentials = identity === undefined ? { ...found, verifiers: [] } : found;
  const conversation = await converse({
    ...{ socket, reader, ahead, ask, user, methods },
    credentials,
    tokens,
    issuers,
    nowMs,
  });
  switch (conversation.type) {
    case 'gone':
      return conversation;
    case 'refused': {
      const reasons = [conversation.reason, certified?.type === 'refused' ? certified.reason : undefined];
      throw new LoginFailure(conversation.termination, socket, message, reasons);
    }
    case 'proved':
      // That may have taken a while, and what was asked for means what it means now.
      return loggedIn(started, { user, config: options.config(), ...conversation });
  }
}

/** Lets the client know, and hands everything over. Groups of the credential are the session's from here on. */
function loggedIn(
  { socket, reader, message }: Started,
  about: {
    readonly user: string;
    readonly config: Config;
    readonly proved: Proved;
    readonly bytes: Uint8Array;
    readonly rest: Uint8Array;
  },
): LoginResult {
  const { user, config, proved, bytes, rest: behind } = about;
  const resolution = meaningOf({ user, message, proved }, config);
  // It went away, or its time was over, while its proof was checked.
  if (!socket.writable) return { type: 'gone' };
  socket.write(bytes);
  const ahead = reader.release();
  const rest = ahead === undefined ? behind : Buffer.concat([behind, ahead]);
  return { type: 'login', socket, message, user, resolution, proved, rest };
}

/**
 * What a proved login asks for, by a configuration; groups of its credential are the identity's. Throws a Termination when
 * the identity is not in it.
 */
export function meaningOf(
  { user, message, proved }: Pick<Login, 'user' | 'message' | 'proved'>,
  config: Config,
): Login['resolution'] {
  const resolution = resolveLogin(user, name(message, 'database'), config);
  if (resolution.type === 'unknown identity') throw passwordFailed(user);
  const { identity } = resolution;
  const groups = [...new Set([...identity.groups, ...proved.groups])];
  return { ...resolution, identity: { ...identity, groups } };
}

/** Said to strangers of the same names, so that it does not tell who is known. */
function withoutTls(user: string): Termination {
  return new Termination('28000', `"${user}" can log in over TLS only`, { hint: 'Use sslmode=require.' });
}

/** Tells a client that asked for a newer protocol, or for options of it, what there is (SendNegotiateProtocolVersion). */
function negotiate(message: StartupMessage): Uint8Array | undefined {
  const unrecognized = protocolOptions(message);
  if (message.version <= protocolVersion.v3_2 && unrecognized.length === 0) return undefined;
  const version = Math.min(message.version, protocolVersion.v3_2);
  return encodeBackend({ type: 'negotiateProtocolVersion', version, unrecognized }).finish();
}

/** A name of the startup message, cut as Postgres cuts it (ProcessStartupPacket). */
function name(message: StartupMessage, parameter: string): string {
  const value = startupParameter(message, parameter);
  return value === undefined ? '' : Buffer.from(value.subarray(0, limits.nameBytes * 3)).toString('utf8');
}

const claimedBytes = 256;

function claimedName(message: StartupMessage | undefined, parameter: string): string {
  const value = message === undefined ? undefined : startupParameter(message, parameter);
  return value === undefined ? '' : withoutCredentials(Buffer.from(value.subarray(0, claimedBytes)).toString('utf8'));
}
