import { readFile } from 'node:fs/promises';
import {
  addressOf,
  type CancelKey,
  DialError,
  dialPostgres,
  sendCancel,
  type Target,
  type UpstreamStream,
} from '@onrecord/connector';
import { decodeBackend, errorFieldText, protocolVersion, Reader, type StartupParameter } from '@onrecord/wire';
import type { Connection } from '../config/config.ts';
import { resolveSecret } from '../config/secret.ts';
import { ServerRefusal, Termination } from '../errors.ts';

/** Where a session goes and as whom. */
export interface UpstreamTarget {
  readonly connection: Connection;
  readonly database: string;
  /** Asked for only when the server wants a password. */
  readonly password: (() => Promise<string>) | undefined;
}

/** An authenticated session of Postgres, and the address it was reached at. */
export interface Upstream extends UpstreamStream {
  readonly address: string;
}

export interface UpstreamRequest {
  readonly parameters: readonly StartupParameter[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Opens a session of Postgres. Throws a Termination that a client may read. */
export type DialUpstream = (target: UpstreamTarget, request: UpstreamRequest) => Promise<Upstream>;

export function upstreamTarget(connection: Connection, database: string, env: NodeJS.ProcessEnv): UpstreamTarget {
  const reference = connection.password;
  return {
    connection,
    database,
    password: reference === undefined ? undefined : () => resolveSecret(reference, env),
  };
}

/** Reaches Postgres from this process: the built-in connector. `log` hears what a client must not. */
export function builtInConnector(log: (message: string) => void): DialUpstream {
  return async ({ connection, database, password }, { parameters, timeoutMs, signal }) => {
    const target = await socketTarget(connection);
    const identity = [
      { name: 'user', value: Buffer.from(connection.user) },
      { name: 'database', value: Buffer.from(database) },
    ];
    // 3.0 is what every server speaks; what 3.2 adds is a longer cancel key.
    const startup = { version: protocolVersion.v3_0, parameters: [...identity, ...parameters] };
    try {
      const stream = await dialPostgres(target, startup, { timeoutMs, signal, password });
      return { ...stream, address: addressOf(target) };
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      log(`connection "${connection.name}": ${describe(error)}`);
      throw asTermination(error, connection);
    }
  };
}

/** How long a server may take to be told of a cancel request. */
const cancelMs = 10_000;

export async function cancelUpstream({ connection }: UpstreamTarget, key: CancelKey): Promise<void> {
  await sendCancel(await socketTarget(connection), key, { timeoutMs: cancelMs });
}

async function socketTarget(connection: Connection): Promise<Target> {
  const { host, port, tls, tlsCa } = connection;
  return { host, port, tls, ca: tlsCa === undefined ? undefined : await readFile(tlsCa, 'utf8') };
}

function describe(error: DialError): string {
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
 * What a client is told. Which role, host and password the gateway uses is none of its business, so an error of
 * authentication (class 28) is not passed on; others are the server's word about what the client asked for.
 */
function asTermination(error: DialError, { name }: Connection): Termination {
  const { failure } = error;
  const about = `the gateway could not open a session on the connection "${name}"`;
  const hint = "The gateway's log says why; tell its administrator.";
  if (failure.type === 'refused' && !failure.sqlstate.startsWith('28')) {
    return new ServerRefusal(failure.sqlstate, serverMessage(failure.response), failure.response);
  }
  if (failure.type === 'unreachable' || failure.type === 'timeout') {
    return new Termination('08006', about, { detail: 'Postgres cannot be reached.', hint });
  }
  if (failure.type === 'aborted') return new Termination('57P01', 'the gateway is shutting down');
  return new Termination('08004', about, { detail: 'Postgres and the gateway do not agree on how to log in.', hint });
}
