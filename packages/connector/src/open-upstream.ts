import { readFile } from 'node:fs/promises';
import { protocolVersion, type StartupParameter } from '@onrecord/wire';
import { resolveSecret } from './config/secret.ts';
import { type Database, roleFor, type SessionOwner } from './database.ts';
import { DialError } from './dial-error.ts';
import { dialPostgres, type UpstreamStream } from './dial-postgres.ts';
import { type CancelKey, sendCancel } from './send-cancel.ts';
import { addressOf, type Target } from './target.ts';
import { failOpening } from './watch/fail-opening.ts';
import type { Ours } from './watch/ours.ts';

/** What a session is to be opened with. */
export interface UpstreamRequest {
  /** Another database of the same server than the connection's own. */
  readonly database: string | undefined;
  readonly owner: SessionOwner;
  /** Besides user and database. */
  readonly parameters: readonly StartupParameter[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly env: { readonly [name: string]: string | undefined };
  /** Is told of the session, so that no watch takes it for a blind one. */
  readonly ours?: Ours | undefined;
}

/** An authenticated session of Postgres: what was reached, and as whom. */
export interface OpenedUpstream extends UpstreamStream {
  readonly address: string;
  readonly database: string;
  readonly role: string;
}

/**
 * Opens a session of a registered database as the role that is meant for its owner. The one place where a password is
 * read, and only when the server asks for one. Rejects with a DialError.
 */
export async function openUpstream(database: Database, request: UpstreamRequest): Promise<OpenedUpstream> {
  const { owner, parameters, timeoutMs, signal, env } = request;
  const login = roleFor(database, owner);
  if (login === undefined) {
    throw new DialError({ type: 'no role' }, `"${database.name}" has no role for the identity "${owner.identity}"`);
  }
  const chosen = request.database ?? database.database;
  refuseUnsendable(chosen, parameters);
  const target = await targetOf(database);
  const { password } = login;
  // 3.0 is what every server speaks; what 3.2 adds is a longer cancel key.
  const startup = {
    version: protocolVersion.v3_0,
    parameters: [
      { name: 'user', value: Buffer.from(login.user) },
      { name: 'database', value: Buffer.from(chosen) },
      ...parameters,
    ],
  };
  const address = addressOf(target);
  const opening = request.ours?.opening({ address, database: chosen, user: login.user });
  const stream = await dialPostgres(target, startup, {
    timeoutMs,
    signal,
    password: password === undefined ? undefined : () => resolveSecret(password, env),
  }).catch((error: unknown) => {
    if (opening !== undefined) failOpening(opening, error);
    throw error;
  });
  opening?.opened(stream.backendPid);
  stream.socket.once('close', () => opening?.closed());
  return { ...stream, address, database: chosen, role: login.user };
}

/** Named here and by nobody else. */
const named: ReadonlySet<string> = new Set(['user', 'database']);

/**
 * Throws a DialError for what cannot stand in a startup message, and for a second user: the last one of a name holds, so
 * that a gateway which sends one would choose the role, wherever the server asks for no password.
 */
function refuseUnsendable(database: string, parameters: readonly StartupParameter[]): void {
  const refuse = (why: string): never => {
    throw new DialError({ type: 'protocol' }, `the session cannot be asked for: ${why}`);
  };
  if (database.includes('\0')) refuse('the name of its database holds a NUL');
  for (const { name, value } of parameters) {
    if (named.has(name)) refuse(`a startup parameter names the ${name} again`);
    if (name === '' || name.includes('\0') || value.includes(0))
      refuse('a startup parameter has no name or holds a NUL');
  }
}

/** How long a server may take to be told of a cancel request. */
const cancelMs = 10_000;

/** Asks the server of a database to give up what a session is doing. Rejects with a DialError. */
export async function cancelUpstream(database: Database, key: CancelKey): Promise<void> {
  await sendCancel(await targetOf(database), key, { timeoutMs: cancelMs });
}

/** The server of a database, with what its files hold now. Rejects with a DialError that names the file. */
export async function targetOf(database: Database): Promise<Target> {
  const { host, port, tls, tlsCa, certificate } = database;
  return {
    host,
    port,
    tls,
    ca: tlsCa === undefined ? undefined : await pem(tlsCa),
    certificate:
      certificate === undefined
        ? undefined
        : { certificate: await pem(certificate.certificate), key: await pem(certificate.key) },
  };
}

async function pem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new DialError({ type: 'credential' }, `${path} cannot be read (${code})`);
  }
}
