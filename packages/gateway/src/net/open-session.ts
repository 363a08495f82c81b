import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Chains, Claimed, SessionOpened } from '@onrecord/record';
import { encodeBackend, minorVersion, Writer } from '@onrecord/wire';
import type { Config, Connection } from '../config/config.ts';
import { Termination } from '../errors.ts';
import { takeClaims } from '../identity/claimed.ts';
import { appendEntries } from '../journal/append-entries.ts';
import { durableBefore, type Receipt, type Recorder } from '../journal/receipt.ts';
import { Session } from '../session/session.ts';
import type { SqlReader } from '../session/session-state.ts';
import { atWallClock } from './at-wall-clock.ts';
import type { Clock } from './clock.ts';
import { Drive } from './drive.ts';
import type { LiveSession, LiveSessions } from './live-sessions.ts';
import type { Login } from './login.ts';
import { createSessionId } from './session-id.ts';
import { createSha256 } from './sha256-digest.ts';
import { replicationAsked, upstreamParameters } from './startup-parameters.ts';
import type { TypeLearner } from './type-learner.ts';
import type { DialUpstream, Upstream, UpstreamTarget } from './upstream.ts';

export interface OpenSessionOptions {
  readonly config: Config;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly sql: SqlReader;
  readonly dial: DialUpstream;
  readonly live: LiveSessions;
  readonly types: TypeLearner;
  readonly log: (message: string) => void;
  /** Called when the session has closed and is not among the live ones any more. */
  readonly closed: () => void;
  /** Called when the credential that the session was opened with has expired. */
  readonly expired: (live: LiveSession) => void;
  readonly signal: AbortSignal;
}

const keyBytes = { v3_0: 4, v3_2: 32 };

/**
 * Opens a session for a client that has proved who it is: reaches Postgres, records that the session opens, greets the
 * client as Postgres would, and starts to drive it. Throws a Termination that tells the client why not.
 */
export async function openSession(login: Login, options: OpenSessionOptions): Promise<LiveSession> {
  const { resolution, message, proved } = login;
  if (resolution.type === 'denied') throw resolution.error;
  const { identity, connection, database } = resolution;
  const { config, recorder, clock, dial, live } = options;
  recorder.admit();
  const { claimed, parameters } = takeClaims(message.parameters);
  const replication = replicationAsked(message);
  if (replication !== undefined && connection.replication === 'refuse') throw replicationRefused(connection);
  const chains: Chains = { session: createSessionId(Date.now()), identity: identity.name };
  const owner = { identity: identity.name, groups: identity.groups };
  const target: UpstreamTarget = { connection, database, owner };
  const upstream = await dial(target, {
    parameters: upstreamParameters(parameters, {
      id: chains.session,
      claimedName: claimed.applicationName,
      replication,
    }),
    timeoutMs: config.limits.startupMs,
    signal: options.signal,
  });
  upstream.socket.on('error', ignore);
  const { forward } = durableBefore[connection.recording.durability];
  const opened = sessionOpened({ login, connection, claimed, upstream, configuration: config.hash });
  const opening = { ...opened, identityKind: identity.kind, groups: identity.groups } as const;
  const entry: SessionOpened = replication === undefined ? opening : { ...opening, replication: true };
  let receipt: Receipt;
  try {
    receipt = await appendEntries(recorder, chains, [entry], forward);
  } catch (error) {
    upstream.socket.destroy();
    throw error;
  }
  const pid = upstream.backendPid;
  const key = randomBytes(minorVersion(message.version) >= 2 ? keyBytes.v3_2 : keyBytes.v3_0);
  const session = new Session({
    rows: connection.recording.rows,
    messageBytes: config.limits.messageBytes,
    createDigest: createSha256,
    sql: options.sql,
    replication: replication !== undefined,
    parameters: upstream.parameters,
  });
  let stopWaiting = (): void => {};
  const drive = new Drive({
    session,
    client: login.socket,
    upstream: upstream.socket,
    recorder,
    chains,
    durable: durableBefore[connection.recording.durability],
    receipt,
    clock,
    lostBecause: () => upstream.lostBecause?.(),
    pipeline: config.limits.pipeline,
    log: options.log,
    sighted: (types) => options.types.learn(target, types),
    closed: () => {
      stopWaiting();
      live.remove(opensAs);
      options.closed();
    },
  });
  const opensAs: LiveSession = {
    chains,
    identity,
    proved,
    session,
    drive,
    pid,
    key,
    connection: connection.name,
    upstream,
  };
  live.add(opensAs);
  const { expiresAt } = proved;
  if (expiresAt !== undefined) stopWaiting = atWallClock(expiresAt, clock, () => options.expired(opensAs));
  login.socket.write(greeting(upstream, pid, key));
  drive.start({ client: login.rest, upstream: upstream.rest });
  return opensAs;
}

/** `close` follows, and Drive looks for it. */
function ignore(): void {}

function sessionOpened(about: {
  readonly login: Login;
  readonly connection: Connection;
  readonly claimed: Claimed;
  readonly upstream: Upstream;
  readonly configuration: string;
}): Omit<SessionOpened, 'identityKind' | 'groups'> {
  const { login, connection, claimed, upstream, configuration } = about;
  const { proved } = login;
  const tls = login.socket instanceof TLSSocket ? login.socket.getProtocol() : null;
  return {
    type: 'session_opened',
    method: proved.method,
    credential: proved.credential,
    ...(proved.onBehalfOf === undefined ? {} : { onBehalfOf: proved.onBehalfOf }),
    ...(proved.issuer === undefined ? {} : { issuer: proved.issuer }),
    ...(proved.expiresAt === undefined ? {} : { credentialExpiresAt: proved.expiresAt }),
    connection: connection.name,
    ...(upstream.connector === undefined ? {} : { connector: upstream.connector }),
    database: upstream.database,
    role: upstream.role,
    upstream: upstream.address,
    backendPid: upstream.backendPid,
    client: clientAddress(login.socket),
    ...(tls === null ? {} : { tls }),
    protocol: login.message.version,
    configuration,
    durability: connection.recording.durability,
    claimed,
    parameters: Object.fromEntries(upstream.parameters),
  };
}

/** `address:port`, as seen by the gateway. */
export function clientAddress(socket: Socket): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket;
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

/** What Postgres sends between authentication and the first command. */
function greeting(upstream: Upstream, pid: number, key: Uint8Array): Uint8Array {
  const writer = new Writer(1024);
  for (const message of upstream.parameterStatus) writer.bytes(message);
  encodeBackend({ type: 'backendKeyData', pid, key }, writer);
  for (const message of upstream.notices) writer.bytes(message);
  encodeBackend({ type: 'readyForQuery', status: 'I' }, writer);
  return writer.finish();
}

function replicationRefused({ name }: Connection): Termination {
  return new Termination('0A000', `the connection "${name}" does not take replication connections`, {
    detail: 'What a replication stream carries cannot be recorded by statement.',
    hint: 'An administrator may set `replication: allow` for this connection; the stream is then recorded as a whole.',
  });
}
