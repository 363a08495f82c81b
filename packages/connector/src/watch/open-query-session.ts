import { decodeBackend, errorFieldText, protocolVersion, Reader } from '@onrecord/wire';
import { resolveSecret } from '../config/secret.ts';
import type { Database, WatchSettings } from '../database.ts';
import { DialError } from '../dial-error.ts';
import { dialPostgres } from '../dial-postgres.ts';
import { targetOf } from '../open-upstream.ts';
import { addressOf } from '../target.ts';
import { failOpening } from './fail-opening.ts';
import type { Opening, Ours } from './ours.ts';
import { QuerySession } from './query.ts';

/** Whose session it is, and who wants to know of it. */
export interface QuerySessionOptions {
  readonly database: Database;
  readonly watch: WatchSettings;
  readonly ours: Ours;
  readonly env: { readonly [name: string]: string | undefined };
  readonly signal: AbortSignal;
}

export interface OpenedQuerySession {
  readonly session: QuerySession;
  readonly pid: number;
  readonly opening: Opening;
  /** Resolves with the reason when the session is over. */
  readonly over: Promise<string>;
}

const dialMs = 10_000;

/**
 * Whatever the role's or the database's own settings are: the role stays what it is, nothing is found by a name that
 * others can define, nothing is written, and no query lasts.
 */
const settings: { readonly [name: string]: string } = {
  role: 'none',
  application_name: 'onrecord watch',
  client_encoding: 'UTF8',
  search_path: 'pg_catalog',
  default_transaction_read_only: 'on',
  statement_timeout: '5s',
  lock_timeout: '1s',
};

/** Opens a session with the watch's role, which is one of ours like any other. Rejects with an error that says why. */
export async function openQuerySession(options: QuerySessionOptions): Promise<OpenedQuerySession> {
  const { database, watch, ours, env, signal } = options;
  const target = await targetOf(database);
  const { password } = watch;
  const parameters = Object.entries({ user: watch.user, database: database.database, ...settings }).map(
    ([name, value]) => ({ name, value: Buffer.from(value) }),
  );
  const opening = ours.opening({ address: addressOf(target), database: database.database, user: watch.user });
  try {
    const stream = await dialPostgres(
      target,
      { version: protocolVersion.v3_0, parameters },
      {
        timeoutMs: dialMs,
        signal,
        password: password === undefined ? undefined : () => resolveSecret(password, env),
      },
    );
    const over = Promise.withResolvers<string>();
    const session = new QuerySession(stream, over.resolve);
    stream.socket.once('close', () => opening.closed());
    opening.opened(stream.backendPid);
    return { session, pid: stream.backendPid, opening, over: over.promise };
  } catch (error) {
    failOpening(opening, error);
    throw error;
  }
}

/** Why there is no session, in words that hold what the server said. */
export function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  if (!(error instanceof DialError) || error.failure.type !== 'refused') return `${error.message}${cause}`;
  const { response, sqlstate } = error.failure;
  const said = decodeBackend(response[0] ?? 0, new Reader(response, 5));
  const message = said.type === 'errorResponse' ? errorFieldText(said.fields, 'message') : undefined;
  return `the server refused the session: ${message ?? 'it did not say why'} (SQLSTATE ${sqlstate})`;
}
