import type { Socket } from 'node:net';
import {
  cancelUpstream,
  DialError,
  type DialFailure,
  type OpenedUpstream,
  type Ours,
  openUpstream,
  type SessionOwner,
} from '@onrecord/connector';
import { decodeBackend, errorFieldText, Reader, type StartupParameter } from '@onrecord/wire';
import type { Connection } from '../config/config.ts';
import { ServerRefusal, Termination } from '../errors.ts';

/** Where a session goes and for whom. */
export interface UpstreamTarget {
  readonly connection: Connection;
  /** Another database than the connection's own. */
  readonly database: string | undefined;
  readonly owner: SessionOwner;
}

/** An authenticated session of Postgres, however it was reached. */
export interface Upstream
  extends Pick<
    OpenedUpstream,
    'parameters' | 'parameterStatus' | 'notices' | 'backendPid' | 'rest' | 'address' | 'database' | 'role'
  > {
  /** Paused and without a listener: whoever takes it must listen for `error` in the same turn of the event loop. */
  readonly socket: Socket;
  /** Name of the connector that reached it; absent for the built-in one. */
  readonly connector?: string;
  /** Asks Postgres to give up what the session is doing. */
  cancel(): Promise<void>;
  /** Why the socket closed, where that is known and was not Postgres's doing. */
  lostBecause?(): string | undefined;
}

export interface UpstreamRequest {
  readonly parameters: readonly StartupParameter[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Opens a session of Postgres. Throws a Termination that a client may read. */
export type DialUpstream = (target: UpstreamTarget, request: UpstreamRequest) => Promise<Upstream>;

export interface BuiltInConnectorOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Is told of every session, so that no watch takes it for a blind one. */
  readonly ours: Ours;
  /** Hears what a client must not. */
  readonly log: (message: string) => void;
}

/** Reaches Postgres from this process. */
export function builtInConnector({ env, ours, log }: BuiltInConnectorOptions): DialUpstream {
  return async ({ connection, database, owner }, { parameters, timeoutMs, signal }) => {
    const { reach } = connection;
    if (reach.type !== 'built-in') throw new Error(`"${connection.name}" is not reached from this process`);
    try {
      const opened = await openUpstream(reach.database, { database, owner, parameters, timeoutMs, signal, env, ours });
      const key = { pid: opened.backendPid, key: opened.cancelKey };
      return { ...opened, cancel: () => cancelUpstream(reach.database, key) };
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      log(`connection "${connection.name}": ${describeFailure(error)}`);
      throw notOpened(connection, error.failure, owner);
    }
  };
}

/** What a log says of it: the server's words, and the cause. */
export function describeFailure(error: DialError): string {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  const { failure } = error;
  const said = failure.type === 'refused' ? `: ${serverMessage(failure.response)}` : '';
  return `${error.message}${said}${cause}`;
}

function serverMessage(response: Uint8Array): string {
  const decoded = decodeBackend(response[0] ?? 0, new Reader(response, 5));
  return decoded.type === 'errorResponse' ? (errorFieldText(decoded.fields, 'message') ?? '') : '';
}

/**
 * What a client is told. Which role, host and password are used is none of its business, so an error of authentication
 * (class 28) is not passed on; others are the server's word about what the client asked for.
 */
export function notOpened({ name }: Connection, failure: DialFailure, owner: SessionOwner): Termination {
  const about = `the gateway could not open a session on the connection "${name}"`;
  const hint = "The gateway's log says why; tell its administrator.";
  if (failure.type === 'refused' && !failure.sqlstate.startsWith('28')) {
    return new ServerRefusal(failure.sqlstate, serverMessage(failure.response), failure.response);
  }
  if (failure.type === 'unreachable' || failure.type === 'timeout') {
    return new Termination('08006', about, { detail: 'Postgres cannot be reached.', hint });
  }
  if (failure.type === 'aborted') return new Termination('57P01', 'the gateway is shutting down');
  if (failure.type === 'no role') {
    return new Termination('42501', `the connection "${name}" has no role for "${owner.identity}"`, {
      hint: 'An administrator may add one to `roles` of the connection.',
    });
  }
  return new Termination('08004', about, { detail: 'Postgres and the gateway do not agree on how to log in.', hint });
}
