import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import type { Database } from '../database.ts';
import { DialError } from '../dial-error.ts';
import { cancelUpstream, type OpenedUpstream, openUpstream } from '../open-upstream.ts';
import type { CancelKey } from '../send-cancel.ts';
import type { Ours } from '../watch/ours.ts';
import type { LinkConnection } from './link-connection.ts';
import type { Open, Opened } from './messages.ts';
import { describeDialError, remoteFailure } from './remote-failure.ts';
import { splice } from './splice.ts';

export interface SessionsOptions {
  /** What a connection's name stands for now. */
  readonly database: (connection: string) => Database | undefined;
  readonly ours: Ours;
  readonly env: { readonly [name: string]: string | undefined };
  readonly log: (message: string) => void;
}

interface LiveSession {
  readonly database: Database;
  readonly data: TLSSocket;
  readonly upstream: Socket;
  /** Never leaves this process but to Postgres. */
  readonly key: CancelKey;
}

/** How long sessions that end may take to tell Postgres. */
const farewellMs = 5_000;
/** Cancel requests under way at once when many sessions end. */
const maximumCancels = 16;

/** The sessions that this process has opened for one gateway, over one life of its link. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sockets = new Set<TLSSocket>();
  readonly #live = new Set<LiveSession>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Opens a session of Postgres and joins it with the connection that asked for it. Never rejects. */
  async serve(connection: LinkConnection, open: Open): Promise<void> {
    const { socket } = connection;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const gone = new AbortController();
    connection.listener = {
      message: () => {
        connection.close();
        gone.abort();
      },
      closed: () => gone.abort(),
    };
    connection.send({ type: 'opening' });
    const database = this.#options.database(open.connection);
    if (database === undefined) {
      const message = `this connector has no connection "${open.connection}"`;
      return connection.sendLast({ type: 'failed', failure: { type: 'no connection' }, message });
    }
    try {
      this.#join(connection, database, await this.#dial(database, open, gone.signal));
    } catch (error) {
      if (gone.signal.aborted) return;
      const failed = error instanceof DialError ? error : this.#unforeseen(error);
      this.#options.log(`connection "${open.connection}": ${describeDialError(failed)}`);
      connection.sendLast({ type: 'failed', failure: remoteFailure(failed.failure), message: failed.message });
    }
  }

  /** Asks Postgres to give up what a session is doing. Throws an Error for a session that is not of this gateway. */
  async cancel(connection: string, backendPid: number): Promise<void> {
    for (const session of this.#live) {
      if (session.database.name !== connection || session.key.pid !== backendPid) continue;
      return await cancelUpstream(session.database, session.key);
    }
    throw new Error(`there is no session with the process id ${backendPid} on "${connection}"`);
  }

  /**
   * Ends all sessions. What they were doing is given up: nobody would learn what came of it, and it holds locks. Resolves
   * when nothing is left.
   */
  async endAll(): Promise<void> {
    const sessions = [...this.#live];
    for (const { data } of sessions) data.pause();
    const next = sessions.values();
    const told = Promise.all(Array.from({ length: maximumCancels }, () => this.#giveUp(next)));
    await Promise.race([told, delay(farewellMs, undefined, { ref: false })]);
    for (const { upstream } of sessions) upstream.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #giveUp(sessions: Iterable<LiveSession>): Promise<void> {
    for (const { database, key, upstream } of sessions) {
      if (upstream.destroyed) continue;
      await cancelUpstream(database, key).catch((error: Error) => this.#options.log(error.message));
      upstream.destroy();
    }
  }

  /** A bug ends this session and not those of others; only our own log hears what it was. */
  #unforeseen(error: unknown): DialError {
    this.#options.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return new DialError({ type: 'protocol' }, 'internal error of the connector');
  }

  async #dial(database: Database, open: Open, signal: AbortSignal): Promise<OpenedUpstream> {
    const { ours, env } = this.#options;
    return await openUpstream(database, {
      database: open.database,
      owner: { identity: open.identity, groups: open.groups },
      parameters: open.parameters.map(([name, value]) => ({ name, value: Buffer.from(value, 'base64') })),
      timeoutMs: open.timeoutMs,
      signal,
      ours,
      env,
    });
  }

  #join(connection: LinkConnection, database: Database, opened: OpenedUpstream): void {
    const { socket: upstream } = opened;
    upstream.on('error', () => {});
    const data = connection.socket;
    const session: LiveSession = { database, data, upstream, key: { pid: opened.backendPid, key: opened.cancelKey } };
    this.#live.add(session);
    upstream.once('close', () => this.#live.delete(session));
    this.#answer(connection, opened);
    const early = connection.release();
    if (early.length > 0) upstream.write(early);
    splice(data, upstream);
  }

  #answer(connection: LinkConnection, opened: OpenedUpstream): void {
    try {
      connection.send(openedMessage(opened));
    } catch (error) {
      opened.socket.destroy();
      throw new DialError({ type: 'protocol' }, 'the server said more before its first query than a link takes', error);
    }
  }
}

function openedMessage(opened: OpenedUpstream): Opened {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const { address, database, role, protocol, backendPid, tls } = opened;
  return {
    type: 'opened',
    address,
    database,
    role,
    protocol,
    backendPid,
    parameterStatus: opened.parameterStatus.map(base64),
    notices: opened.notices.map(base64),
    ...(tls === undefined ? {} : { tls }),
    rest: base64(opened.rest),
  };
}
