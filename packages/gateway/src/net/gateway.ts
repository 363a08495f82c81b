import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Body, type Chains, gatewaySession } from '@onrecord/record';
import type { Config } from '../config/config.ts';
import type { ForeignCancel } from '../connectors/connector-gate.ts';
import { GatewayError, Halt, Refusal, Termination } from '../errors.ts';
import { Issuers } from '../identity/jwt/issuers.ts';
import type { Tokens } from '../identity/tokens.ts';
import { whyNotAnyMore } from '../identity/why-not-any-more.ts';
import { appendEntries } from '../journal/append-entries.ts';
import type { Receipt, Recorder } from '../journal/receipt.ts';
import { errorResponse } from '../session/error-response.ts';
import type { SqlReader } from '../session/session-state.ts';
import type { CatalogRows } from '../sql/catalog-index.ts';
import { prepareCatalogSession, readCatalog } from './catalog/read-catalog.ts';
import type { ServerTls } from './client-tls.ts';
import type { Clock } from './clock.ts';
import type { Guards } from './guard-session.ts';
import { type LiveSession, LiveSessions } from './live-sessions.ts';
import { type Login, LoginFailure, login } from './login.ts';
import { clientAddress, openSession } from './open-session.ts';
import { gatewayOwner, type OwnSessionOptions, withOwnSession } from './own-session.ts';
import {
  accessEnded,
  accessRevoked,
  credentialExpired,
  notAllowedAnyMore,
  type SessionEnding,
  shuttingDown,
  tokenRevoked,
} from './session-endings.ts';
import { type ConnectionTest, testConnection } from './test-connection.ts';
import { TypeLearner } from './type-learner.ts';
import type { DialUpstream } from './upstream.ts';

export interface GatewayOptions {
  readonly config: Config;
  readonly tls: ServerTls | undefined;
  readonly recorder: Recorder;
  readonly tokens: Tokens;
  readonly settleTokens: () => Promise<void>;
  readonly clock: Clock;
  readonly sql: SqlReader;
  readonly dial: DialUpstream;
  /** What sessions under rules, limits or masks share, around sessions of the gateway's own. */
  readonly guards: (own: OwnSessionOptions) => Guards;
  /** Passes on a cancel request whose key is not of this gateway. */
  readonly cancelElsewhere: (cancel: ForeignCancel) => void;
  /** Something that an operator should know and no client is told. */
  readonly log: (message: string) => void;
}

/** A connection that has not logged in yet. */
interface Knock {
  readonly socket: Socket;
  /** Where it hears what is written: not while TLS begins, and inside TLS after that. */
  heardAt: Socket | undefined;
  readonly deadline: NodeJS.Timeout;
}

/** How long sessions may take to end after they were told to. */
const shutdownMs = 5_000;

/**
 * Listens for clients and opens a session for each that logs in. Connections that do not log in are few and short-lived:
 * when too many knock at a time, the one that has waited longest is turned away, so that idle ones keep nobody out.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #live: LiveSessions = new LiveSessions();
  readonly #knocks = new Set<Knock>();
  /** Logins that wait for people: proved, without a deadline, and not turned away for others. */
  readonly #held = new Set<Knock>();
  readonly #closing = new AbortController();
  readonly #own: OwnSessionOptions;
  readonly #types: TypeLearner;
  readonly #guards: Guards;
  readonly #issuers: Issuers;
  readonly #tests = new Set<Promise<ConnectionTest>>();
  #config: Config;
  #tls: ServerTls | undefined;
  #idle: (() => void) | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#tls = options.tls;
    const { recorder, clock, sql, dial, log } = options;
    const { startupMs: timeoutMs } = options.config.limits;
    const configuration = (): string => this.#config.hash;
    this.#own = { recorder, clock, sql, dial, timeoutMs, configuration };
    this.#types = new TypeLearner({ ...this.#own, log });
    this.#guards = options.guards(this.#own);
    this.#issuers = new Issuers(options.config, { nowMs: () => clock.monotonicUs() / 1000, log });
    // Half-open: a client that has said its last word still gets its answers.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
      void this.#accept(socket);
    });
  }

  /** Resolves with the address when connections are taken. */
  listen(): Promise<{ readonly host: string; readonly port: number }> {
    const { host, port } = this.#config.listen.postgres;
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: 1024 }, () => {
        server.off('error', reject);
        server.on('error', (error) => this.#options.log(`cannot take connections: ${error.message}`));
        const { address, port: bound } = server.address() as AddressInfo;
        resolve({ host: address, port: bound });
      });
    });
  }

  /** New sessions use this configuration; open ones keep theirs, but for those that it would not let in. */
  reload(config: Config, tls: ServerTls | undefined): void {
    this.#config = config;
    this.#tls = tls;
    this.#issuers.configure(config);
    for (const live of this.#live) this.#reconsider(live);
  }

  get sessions(): number {
    return this.#live.size;
  }

  /**
   * Opens a session of the gateway's own on a connection and says what was found; in the role of an identity, or in the
   * one that the connection has for the gateway. Throws a Refusal when there is no such connection or identity.
   */
  async testConnection(name: string, identity: string | undefined): Promise<ConnectionTest> {
    const connection = this.#config.connections.get(name);
    if (connection === undefined) throw new Refusal('42704', `there is no connection "${name}"`);
    const known = identity === undefined ? undefined : this.#config.identities.get(identity);
    if (identity !== undefined && known === undefined) {
      throw new Refusal('42704', `there is no identity "${identity}"`);
    }
    const owner = known === undefined ? gatewayOwner : { identity: known.name, groups: known.groups };
    const target = { connection, database: undefined, owner };
    const test = testConnection(target, { ...this.#own, signal: this.#closing.signal });
    this.#tests.add(test);
    return await test.finally(() => this.#tests.delete(test));
  }

  /**
   * Reads the catalog of a connection's database, or of another one of its server. Throws a Refusal when there is no such
   * connection, or it cannot be read.
   */
  async readCatalog(name: string, database: string | undefined): Promise<CatalogRows> {
    const connection = this.#config.connections.get(name);
    if (connection === undefined) throw new Refusal('42704', `there is no connection "${name}"`);
    const target = { connection, database, owner: gatewayOwner };
    const options = { ...this.#own, signal: this.#closing.signal, rows: { max: 0, bytes: 0 } };
    try {
      return await withOwnSession(target, options, async (session) =>
        readCatalog(await prepareCatalogSession(session)),
      );
    } catch (error) {
      throw new Refusal('55000', `the catalog of "${name}" could not be read`, { hint: (error as Error).message });
    }
  }

  /** A cancel request that came to another gateway: cancels the session when it is one of this gateway. */
  cancelForeign({ pid, key, client }: ForeignCancel): void {
    const live = this.#live.find(pid, key);
    if (live !== undefined) void this.#passCancel(live, client);
  }

  /** Ends the sessions that were opened with a token, because it was revoked. */
  endSessionsOf(token: string): void {
    for (const live of this.#live) {
      const { method, credential } = live.proved;
      if (method !== 'token' || credential !== token) continue;
      const { session } = live.chains;
      this.#guards.desk.endWhere((question) => question.session === session, 'the token of the session was revoked');
      this.#end(live, tokenRevoked);
    }
  }

  /** Ends the sessions that stand on people's leave to use the connection, because it was taken back. */
  endAccess({ identity, connection }: { readonly identity: string; readonly connection: string }): void {
    for (const live of this.#live) {
      if (live.accessUntil === undefined) continue;
      if (live.identity.name === identity && live.connection === connection) this.#end(live, accessRevoked);
    }
  }

  /** Takes no more connections, ends every session on the record, resolves when they are closed. */
  async close(): Promise<void> {
    this.#server.close();
    this.#closing.abort();
    for (const knock of this.#knocks) knock.socket.destroy();
    for (const live of this.#live) this.#end(live, shuttingDown);
    if (this.#live.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
        setTimeout(resolve, shutdownMs * 2).unref();
      });
    }
    await this.#types.close();
    await this.#guards.catalogs.close();
    await Promise.all(this.#tests);
  }

  async #accept(socket: Socket): Promise<void> {
    const knock = this.#knock(socket);
    const { tokens, settleTokens, clock } = this.#options;
    try {
      if (this.#live.size + this.#knocks.size + this.#held.size > this.#config.limits.clients)
        throw tooMany(socket, this.#config);
      const result = await login(socket, {
        config: () => this.#config,
        tls: this.#tls,
        tokens,
        issuers: this.#issuers,
        settleTokens,
        nowMs: () => clock.wallUs() / 1000,
        heardAt: (at) => {
          knock.heardAt = at;
        },
      });
      if (result.type === 'gone') socket.destroy();
      else if (result.type === 'cancel') await this.#cancel(result);
      else await this.#open(result, knock);
    } catch (error) {
      this.#fail(socket, error);
    } finally {
      clearTimeout(knock.deadline);
      this.#knocks.delete(knock);
      this.#held.delete(knock);
    }
  }

  #knock(socket: Socket): Knock {
    const { unauthenticated, startupMs } = this.#config.limits;
    for (const oldest of this.#knocks) {
      if (this.#knocks.size < unauthenticated) break;
      clearTimeout(oldest.deadline);
      this.#knocks.delete(oldest);
      oldest.socket.destroy();
    }
    const deadline = setTimeout(() => {
      const { heardAt } = knock;
      if (heardAt === undefined) {
        socket.destroy();
        return;
      }
      // In the words of Postgres, which then says nothing more either (authentication_timeout).
      heardAt.end(errorResponse(new Termination('57014', 'canceling authentication due to timeout')));
      heardAt.destroySoon();
    }, startupMs);
    const knock: Knock = { socket, deadline, heardAt: socket };
    this.#knocks.add(knock);
    return knock;
  }

  async #open(result: Login, knock: Knock): Promise<void> {
    const { recorder, clock, sql, dial, log } = this.#options;
    const { socket } = result;
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    socket.once('close', leave);
    // Nobody else listens while Postgres is being reached.
    socket.on('error', ignore);
    try {
      const live = await openSession(result, {
        config: () => this.#config,
        recorder,
        clock,
        sql,
        dial,
        live: this.#live,
        types: this.#types,
        guards: this.#guards,
        waits: () => {
          clearTimeout(knock.deadline);
          this.#knocks.delete(knock);
          this.#held.add(knock);
        },
        cancel: (live) => {
          const { current } = live.session;
          return this.#passCancel(live, 'the gateway', () => live.session.current === current);
        },
        accessEnded: (live) => this.#end(live, accessEnded),
        log,
        closed: () => {
          if (this.#live.size === 0) this.#idle?.();
        },
        expired: (live) => this.#expire(live),
        signal: AbortSignal.any([gone.signal, this.#closing.signal]),
      });
      this.#reconsider(live);
    } catch (error) {
      if (!(error instanceof GatewayError) || error instanceof Halt) throw error;
      throw new LoginFailure(asTermination(error), socket, result.message);
    } finally {
      socket.off('close', leave);
      socket.off('error', ignore);
    }
  }

  async #cancel({ socket, pid, key }: { socket: Socket; pid: number; key: Uint8Array }): Promise<void> {
    socket.on('error', ignore);
    const live = this.#live.find(pid, key);
    // The client waits until the connection closes; by then the server has been told.
    if (live !== undefined) await this.#passCancel(live, clientAddress(socket));
    else this.#options.cancelElsewhere({ pid, key, client: clientAddress(socket) });
    socket.destroySoon();
  }

  /**
   * Records that a session is to give up what it does, then tells the server, unless that is not wanted any more. What waits
   * for approval is not with Postgres: it is given up where nothing in front of it is.
   */
  async #passCancel(live: LiveSession, client: string, isWanted: () => boolean = () => true): Promise<void> {
    if (live.session.current === undefined) await live.drive.arrived();
    const of = live.session.current;
    try {
      await this.#record(live.chains, { type: 'cancel_requested', client, ...(of === undefined ? {} : { of }) });
      if (!isWanted()) return;
      if (live.session.current !== undefined || !live.drive.withdraw()) await live.upstream.cancel();
    } catch (error) {
      // The session may have closed in the meantime, and nothing is sent that is not on record.
      this.#options.log(`a cancel request did not reach Postgres: ${(error as Error).message}`);
    }
  }

  /** Ends a session that would not be let in now: it may have been opened while that was changed. */
  #reconsider(live: LiveSession): void {
    const { tokens, clock } = this.#options;
    const why = whyNotAnyMore(live, this.#config, this.#tls?.isRevoked);
    const { method, credential, expiresAt } = live.proved;
    if (why !== undefined) this.#end(live, notAllowedAnyMore(why));
    else if (expiresAt !== undefined && expiresAt <= clock.wallUs()) this.#expire(live);
    else if (method === 'token' && !tokens.isValid(credential, clock.wallUs() / 1000)) this.#end(live, tokenRevoked);
  }

  #expire(live: LiveSession): void {
    if (this.#config.sessions.endAtExpiry) this.#end(live, credentialExpired);
  }

  /** Ends a session, and what Postgres does for it: a backend alone would work on until it has something to say. */
  #end(live: LiveSession, { error, end }: SessionEnding): void {
    if (live.session.current !== undefined) void this.#passCancel(live, 'the gateway');
    live.drive.terminate(error, end);
  }

  #fail(socket: Socket, error: unknown): void {
    if (!(error instanceof LoginFailure)) {
      socket.destroy();
      this.#options.log(`a connection failed: ${error instanceof Error ? error.stack : String(error)}`);
      return;
    }
    const { termination, user, database } = error;
    const body: Body = {
      type: 'login_refused',
      user,
      database,
      client: clientAddress(error.socket),
      reason: error.reason,
    };
    void this.#record({ session: gatewaySession, identity: '' }, body).catch(() => {});
    error.socket.on('error', ignore);
    error.socket.end(errorResponse(termination));
    // Read on, so that what the client still sends does not turn the answer into a reset.
    error.socket.resume();
    setTimeout(() => error.socket.destroy(), shutdownMs).unref();
  }

  #record(chains: Chains, body: Body): Promise<Receipt> {
    return appendEntries(this.#options.recorder, chains, [body], 'written');
  }
}

function ignore(): void {}

function asTermination(error: GatewayError): Termination {
  if (error instanceof Termination) return error;
  const { sqlstate, message, hint, detail } = error;
  return new Termination(sqlstate, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(detail === undefined ? {} : { detail }),
  });
}

function tooMany(socket: Socket, { limits }: Config): LoginFailure {
  const termination = new Termination('53300', `the gateway already has ${limits.clients} connections`, {
    hint: 'Close some, or raise `limits.clients`.',
  });
  return new LoginFailure(termination, socket, undefined);
}
