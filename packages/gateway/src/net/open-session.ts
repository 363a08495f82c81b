import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Chains, Claimed, SessionOpened } from '@onrecord/record';
import { encodeBackend, minorVersion, Writer } from '@onrecord/wire';
import type { Config, Connection } from '../config/config.ts';
import { Termination } from '../errors.ts';
import { takeClaims } from '../identity/claimed.ts';
import { gatewayIdentity } from '../identity/gateway-identity.ts';
import { appendEntries } from '../journal/append-entries.ts';
import { type Durable, durableBefore, type Receipt, type Recorder } from '../journal/receipt.ts';
import { detectText } from '../masking/detectors/detect-text.ts';
import { Session } from '../session/session.ts';
import { SessionSettings } from '../session/session-settings.ts';
import { readSessionStart, sessionStartQuery } from '../session/session-start.ts';
import type { SqlReader } from '../session/session-state.ts';
import { atWallClock } from './at-wall-clock.ts';
import type { CatalogView } from './catalog/catalogs.ts';
import type { Clock } from './clock.ts';
import { Drive } from './drive.ts';
import { gatherEvidence } from './evidence.ts';
import { type Guards, guardSession, isReadOnly, mayNeedGuard, type SessionRules } from './guard-session.ts';
import type { LiveSession, LiveSessions } from './live-sessions.ts';
import { type Login, meaningOf } from './login.ts';
import { askAsOwnSession } from './own-session.ts';
import { plannedCode } from './planned-code.ts';
import { sessionAccess } from './session-access.ts';
import { createSessionId } from './session-id.ts';
import { createSha256 } from './sha256-digest.ts';
import { replicationAsked, upstreamParameters } from './startup-parameters.ts';
import type { TypeLearner } from './type-learner.ts';
import type { DialUpstream, Upstream, UpstreamTarget } from './upstream.ts';

export interface OpenSessionOptions {
  /** The one in force, which may change while people are asked. */
  readonly config: () => Config;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly sql: SqlReader;
  readonly dial: DialUpstream;
  readonly live: LiveSessions;
  readonly types: TypeLearner;
  readonly guards: Guards;
  /** Called when the login begins to wait for people: its deadline does not count any more. */
  readonly waits: () => void;
  /** Has Postgres give up what a session is doing; resolves when it has been told. */
  readonly cancel: (live: LiveSession) => Promise<void>;
  /** Called when the time that people gave the session is over. */
  readonly accessEnded: (live: LiveSession) => void;
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
  const { message, proved } = login;
  const { recorder, clock, dial, live } = options;
  recorder.admit();
  const { claimed, reason, parameters } = takeClaims(message.parameters);
  const replication = replicationAsked(message);
  const sessionId = createSessionId(Date.now());
  const { config, connection, identity, database, needsGuard, accessUntil } = await admitted(
    { login, session: sessionId, reason, replicates: replication !== undefined },
    options,
  );
  const rules = { config, connection, identity };
  const chains: Chains = { session: sessionId, identity: identity.name };
  const owner = { identity: identity.name, groups: identity.groups };
  const target: UpstreamTarget = { connection, database, owner };
  const upstream = await dial(target, {
    parameters: upstreamParameters(parameters, {
      id: chains.session,
      claimedName: claimed.applicationName,
      replication,
      readOnly: isReadOnly(rules),
    }),
    timeoutMs: config.limits.startupMs,
    signal: options.signal,
  });
  upstream.socket.on('error', ignore);
  const { forward } = durableBefore[connection.recording.durability];
  const opened = sessionOpened({ login, connection, claimed, upstream, configuration: config.hash });
  const opening = { ...opened, identityKind: identity.kind, groups: identity.groups } as const;
  const entry: SessionOpened = replication === undefined ? opening : { ...opening, replication: true };
  const recorded = appendEntries(recorder, chains, [entry], forward);
  const catalog = needsGuard ? options.guards.catalogs.of(target) : undefined;
  const cancel = (): Promise<void> => options.cancel(opensAs);
  // What is asked for the guard goes to the journal in the same turn: both are synced together.
  const guarding =
    catalog && guardOpened({ ...rules, login, claimed, reason, upstream, catalog, chains, target, cancel }, options);
  guarding?.catch(ignore);
  let receipt: Receipt;
  try {
    receipt = await recorded;
  } catch (error) {
    catalog?.release();
    upstream.socket.destroy();
    throw error;
  }
  let guarded: ReturnType<typeof guardSession>;
  try {
    guarded = await guarding;
  } catch (error) {
    catalog?.release();
    await notOpened(upstream, { recorder, chains, forward });
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
    guard: guarded?.guard,
    catalog: guarded?.catalog,
    redact: connection.recording.redact ? detectText : undefined,
  });
  const stops: (() => void)[] = [];
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
    control: guarded?.control,
    closed: () => {
      for (const stop of stops) stop();
      if (guarded === undefined) catalog?.release();
      else guarded.end();
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
    accessUntil,
  };
  live.add(opensAs);
  const { expiresAt } = proved;
  if (expiresAt !== undefined) stops.push(atWallClock(expiresAt, clock, () => options.expired(opensAs)));
  if (accessUntil !== undefined) stops.push(atWallClock(accessUntil, clock, () => options.accessEnded(opensAs)));
  login.socket.write(greeting(upstream, pid, key));
  drive.start({ client: login.rest, upstream: upstream.rest });
  return opensAs;
}

interface Admission extends SessionRules {
  /** Another database than the connection's own. */
  readonly database: string | undefined;
  readonly needsGuard: boolean;
  readonly accessUntil: number | undefined;
}

/**
 * Where a login may go, and by which rules: by the configuration in force when people have let it in, where the connection
 * asks them. They take their time, and what has changed meanwhile counts for the session, which opens now.
 */
async function admitted(
  about: {
    readonly login: Login;
    readonly session: string;
    readonly reason: string | undefined;
    readonly replicates: boolean;
  },
  options: OpenSessionOptions,
): Promise<Admission> {
  const { login, session, reason, replicates } = about;
  const { onBehalfOf } = login.proved;
  for (;;) {
    const config = options.config();
    const meaning = meaningOf(login, config);
    if (meaning.type === 'denied') throw meaning.error;
    const { identity, connection, database } = meaning;
    const rules = { config, connection, identity };
    const needsGuard = mayNeedGuard(rules);
    if (replicates && connection.replication === 'refuse') throw replicationRefused(connection);
    if (replicates && needsGuard) throw replicationUnguarded(connection);
    const accessUntil = await sessionAccess({
      connection,
      identity,
      session,
      database: database ?? '',
      client: clientAddress(login.socket),
      onBehalfOf,
      reason,
      desk: options.guards.desk,
      waits: options.waits,
      signal: options.signal,
    });
    if (options.config() === config) return { ...rules, database, needsGuard, accessUntil };
  }
}

/** Of an error that is told elsewhere: of a socket, because `close` follows; of a promise, because it is awaited later. */
function ignore(): void {}

interface Opened extends SessionRules {
  readonly login: Login;
  readonly claimed: Claimed;
  readonly reason: string | undefined;
  readonly upstream: Upstream;
  readonly catalog: CatalogView;
  readonly chains: Chains;
  readonly target: UpstreamTarget;
  readonly cancel: () => Promise<void>;
}

/** The guard of a session whose entry is being recorded and whose client has not been greeted yet. */
async function guardOpened(
  { config, connection, identity, login, claimed, reason, upstream, catalog, chains, target, cancel }: Opened,
  options: OpenSessionOptions,
): Promise<ReturnType<typeof guardSession>> {
  const { proved } = login;
  const reading = readSettings({ config, upstream, target, salt: chains.session }, options);
  const [settings] = await Promise.all([reading, catalog.ready()]);
  const client = clientAddress(login.socket);
  const { database, role } = upstream;
  return guardSession({
    config,
    connection,
    identity,
    guards: options.guards,
    subject: {
      identity: {
        name: identity.name,
        kind: identity.kind,
        groups: identity.groups,
        onBehalfOf: proved.onBehalfOf,
        method: proved.method,
      },
      connection: { name: connection.name, database, role },
      session: { client, application: claimed.applicationName, runId: claimed.runId },
    },
    requester: {
      session: chains.session,
      identity: identity.name,
      identityKind: identity.kind,
      ...(proved.onBehalfOf === undefined ? {} : { onBehalfOf: proved.onBehalfOf }),
      connection: connection.name,
      database,
      role,
      client,
      ...(reason === undefined ? {} : { reason }),
      backendPid: upstream.backendPid,
    },
    catalog,
    settings,
    clock: options.clock,
    cancel,
    gatherEvidence: (approval, question, analyses) => {
      const { recorder, clock, sql, dial, guards, signal, log } = options;
      const session = {
        searchPath: settings.searchPathSetting,
        role: settings.role,
        calls: plannedCode(analyses, catalog.current),
      };
      const { startupMs: timeoutMs } = config.limits;
      const own = { recorder, clock, sql, dial, timeoutMs, configuration: () => config.hash };
      gatherEvidence(question, { ...own, target, session, signal })
        .then((evidence) => guards.desk.attach(approval, evidence))
        .catch((error: Error) => log(`approval ${approval} has no evidence: ${error.message}`));
    },
    log: options.log,
  });
}

/** The settings that the session begins with, asked before the client is greeted: by the gateway, on a record of its own. */
async function readSettings(
  about: {
    readonly config: Config;
    readonly upstream: Upstream;
    readonly target: UpstreamTarget;
    readonly salt: string;
  },
  { recorder, clock, sql }: OpenSessionOptions,
): Promise<SessionSettings> {
  const { config, upstream, target, salt } = about;
  const chains = { session: createSessionId(Date.now()), identity: gatewayIdentity };
  const rows = { max: 1, bytes: 64 * 1024 };
  const own = { target, upstream, chains, recorder, clock, sql, configuration: config.hash, rows };
  const [row] = await askAsOwnSession(own, sessionStartQuery);
  return new SessionSettings({ start: readSessionStart(row?.[0]), parameters: upstream.parameters, salt });
}

/** The session was recorded as opened, and cannot be. */
async function notOpened(
  upstream: Upstream,
  about: { readonly recorder: Recorder; readonly chains: Chains; readonly forward: Durable },
): Promise<void> {
  upstream.socket.destroy();
  const closed = { type: 'session_closed', reason: 'terminated by the gateway', statements: 0 } as const;
  await appendEntries(about.recorder, about.chains, [closed], about.forward);
}

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

function replicationUnguarded({ name }: Connection): Termination {
  return new Termination('0A000', `the connection "${name}" does not take replication connections of this identity`, {
    detail: 'Rules, limits or masks apply to it, and a replication stream cannot be held to them.',
  });
}

function replicationRefused({ name }: Connection): Termination {
  return new Termination('0A000', `the connection "${name}" does not take replication connections`, {
    detail: 'What a replication stream carries cannot be recorded by statement.',
    hint: 'An administrator may set `replication: allow` for this connection; the stream is then recorded as a whole.',
  });
}
