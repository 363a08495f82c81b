import type { Body, Chains, SessionOpened } from '@onrecord/record';
import { encodeFrontend, protocolVersion } from '@onrecord/wire';
import { gatewayIdentity } from '../identity/gateway-identity.ts';
import type { Receipt, Recorder } from '../journal/receipt.ts';
import { Session } from '../session/session.ts';
import type { SqlReader } from '../session/session-state.ts';
import type { Clock } from './clock.ts';
import { OwnRecord } from './own-record.ts';
import { type Query, recordedQueries, recordedQuery } from './recorded-query.ts';
import { createSessionId } from './session-id.ts';
import { createSha256 } from './sha256-digest.ts';
import { upstreamParameters } from './startup-parameters.ts';
import type { DialUpstream, Upstream, UpstreamTarget } from './upstream.ts';

export interface OwnSessionOptions {
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly sql: SqlReader;
  readonly dial: DialUpstream;
  /** For the login. */
  readonly timeoutMs: number;
  readonly configuration: () => string;
}

/** A session of the gateway's own, and what may be done in it. */
export interface OwnSession {
  readonly upstream: Upstream;
  /**
   * Runs one statement and returns its rows as text. With `parameters`, even none, Postgres takes one command and no more.
   * Rejects with QueryFailed when Postgres answers with an error.
   */
  query(sql: string, parameters?: readonly (string | null)[]): Promise<(string | null)[][]>;
  /** Runs statements one behind the other, as one Query: on record together. Returns the rows of each. */
  queryAll(texts: readonly string[]): Promise<(string | null)[][][]>;
  /**
   * As `query`, for a text that is asked again and again: Postgres prepares it under the name the first time, and every
   * further entry refers to the one that has the text. One name, one text.
   */
  queryAs(name: string, sql: string): Promise<(string | null)[][]>;
  /** Appends an entry to the session. */
  record(body: Body): Promise<void>;
}

/** What a session of the gateway's own is opened with. */
export interface WithOwnSession extends OwnSessionOptions {
  /** When it aborts, the connection is cut. */
  readonly signal: AbortSignal;
  /** How much of its results is kept; what the connection says when absent. `max: 0` keeps the digest only. */
  readonly rows?: { readonly max: number; readonly bytes: number };
}

/** For whom the gateway's own sessions are opened: a role may be configured for it. */
export const gatewayOwner: UpstreamTarget['owner'] = { identity: gatewayIdentity, groups: [] };

const maxStatementBytes = 1 << 20;

/**
 * Opens a session of the gateway's own, lets `work` use it, and closes it: recorded as an agent's is, so that nothing
 * runs in Postgres that is not on the record. When `signal` aborts, the connection is cut and `work` fails.
 */
export async function withOwnSession<Result>(
  target: UpstreamTarget,
  { signal, rows, ...options }: WithOwnSession,
  work: (session: OwnSession) => Promise<Result>,
): Promise<Result> {
  const { recorder, clock, sql, dial, timeoutMs, configuration } = options;
  recorder.admit();
  const chains = { session: createSessionId(Date.now()), identity: gatewayIdentity };
  const parameters = upstreamParameters([], { id: chains.session, claimedName: undefined, replication: undefined });
  const upstream = await dial(target, { parameters, timeoutMs, signal });
  const { socket } = upstream;
  socket.on('error', () => {});
  // Postgres may take as long as somebody likes: a catalog can be locked.
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  if (signal.aborted) socket.destroy();
  const kept = rows ?? target.connection.recording.rows;
  const about = { target, upstream, chains, recorder, clock, sql, configuration: configuration(), rows: kept };
  try {
    return await asOwnSession(about, work);
  } finally {
    socket.end(encodeFrontend({ type: 'terminate' }).finish());
    // Nobody reads its last words, and its end must be seen.
    socket.resume();
  }
}

export interface AsOwnSession extends Pick<OwnSessionOptions, 'recorder' | 'clock' | 'sql'> {
  readonly target: UpstreamTarget;
  readonly upstream: Upstream;
  readonly chains: Chains;
  readonly configuration: string;
  readonly rows: { readonly max: number; readonly bytes: number };
}

/**
 * Lets `work` use a connection to Postgres that is open already, as a session of the gateway's own on the record: from
 * its entry to the one that closes it. The connection stays open.
 */
export async function asOwnSession<Result>(
  about: AsOwnSession,
  work: (session: OwnSession) => Promise<Result>,
): Promise<Result> {
  const { upstream, clock } = about;
  const { session, record } = begin(about);
  const append = (bodies: readonly Body[]): Promise<Receipt> => record.append(bodies);
  const run = (query: Query): Promise<(string | null)[][]> =>
    recordedQuery(query, { upstream, session, append, clock });
  const prepared = new Set<string>();
  try {
    return await work({
      upstream,
      query: (sql, parameters) => run(parameters === undefined ? { sql } : { sql, parameters }),
      queryAll: (texts) => recordedQueries({ sql: texts.join(';\n') }, { upstream, session, append, clock }),
      queryAs: async (name, sql) => {
        const rows = await run({ ...(prepared.has(name) ? {} : { sql }), name, parameters: [] });
        prepared.add(name);
        return rows;
      },
      record: async (body) => void (await append([body])),
    });
  } finally {
    await record.close();
  }
}

/**
 * Asks one thing on a connection to Postgres that is open already, as a session of the gateway's own of which that is
 * all. The connection stays open. Two syncs of the disk in all, because a client waits for it.
 */
export async function askAsOwnSession(about: AsOwnSession, sql: string): Promise<(string | null)[][]> {
  const { upstream, clock } = about;
  const { session, record } = begin(about);
  try {
    return await recordedQuery({ sql }, { upstream, session, append: (bodies) => record.appendLast(bodies), clock });
  } finally {
    await record.close();
  }
}

function begin(about: AsOwnSession): { readonly session: Session; readonly record: OwnRecord } {
  const { target, upstream, chains, recorder, clock, sql, configuration, rows } = about;
  const session = new Session({
    rows,
    messageBytes: maxStatementBytes,
    createDigest: createSha256,
    sql,
    replication: false,
    parameters: upstream.parameters,
  });
  const record = new OwnRecord({ recorder, chains, clock, session, opened: opened(target, upstream, configuration) });
  return { session, record };
}

function opened({ connection }: UpstreamTarget, upstream: Upstream, configuration: string): SessionOpened {
  const { connector, database, role, address, backendPid, parameters } = upstream;
  return {
    type: 'session_opened',
    identityKind: 'service',
    groups: [],
    method: 'gateway',
    credential: '',
    connection: connection.name,
    ...(connector === undefined ? {} : { connector }),
    database,
    role,
    upstream: address,
    backendPid,
    client: '',
    protocol: protocolVersion.v3_0,
    configuration,
    durability: 'before-forward',
    claimed: {},
    parameters: Object.fromEntries(parameters),
  };
}
