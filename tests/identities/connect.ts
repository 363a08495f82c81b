import { Writer } from '@onrecord/wire';
import pg from 'pg';
import type { Target } from '../support/target.ts';
import { errorText, startupMessage, WireClient, type WireMessage } from '../support/wire-client.ts';

export interface ConnectOptions {
  readonly user?: string;
  readonly password?: string;
  /** PEM of a client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
  readonly options?: string;
}

/** A session of node-postgres over TLS; rejects with what the gateway says. */
export async function connect(
  gateway: Target,
  { user, password, cert, key, options }: ConnectOptions,
): Promise<pg.Client> {
  const client = new pg.Client({
    host: gateway.host,
    port: gateway.port,
    database: gateway.database,
    user: user ?? gateway.user,
    password: password ?? '',
    ssl: { rejectUnauthorized: false, ...(cert === undefined ? {} : { cert, key }) },
    ...(options === undefined ? {} : { options }),
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** SQLSTATE and message with which a login fails. */
export async function refusal(connecting: Promise<pg.Client>): Promise<string> {
  try {
    await (await connecting).end();
  } catch (error) {
    return `${(error as pg.DatabaseError).code} ${(error as Error).message}`;
  }
  throw new Error('the client was let in');
}

/** A raw client that has come as far as its startup message, over TLS unless it shall not, and what it is asked for. */
export async function knock(
  gateway: Target,
  { user = gateway.user, tls = true }: { readonly user?: string; readonly tls?: boolean } = {},
): Promise<{ readonly client: WireClient; readonly asked: WireMessage | undefined }> {
  const client = await WireClient.open(gateway);
  if (tls) {
    await client.send(new Writer().beginUntagged().int32(80877103).end().finish());
    await client.nextByte();
    await client.upgrade();
  }
  await client.send(startupMessage({ ...gateway, user }));
  return { client, asked: await client.next() };
}

/** What an authentication request or an error is, in a word. */
export function described(message: WireMessage | undefined): string {
  if (message === undefined) return 'closed';
  if (message.tag === 0x45) return errorText(message);
  const body = message.body();
  const code = body.int32();
  if (code !== 10)
    return ({ 0: 'ok', 3: 'password', 11: 'continue' } as { [code: number]: string })[code] ?? String(code);
  const mechanisms: string[] = [];
  for (let name = body.cstring(); name !== ''; name = body.cstring()) mechanisms.push(name);
  return mechanisms.join(' ');
}

/** Sends a `p` message. */
export async function answer(client: WireClient, content: Uint8Array): Promise<WireMessage | undefined> {
  await client.send(new Writer().begin(0x70).bytes(content).end().finish());
  return client.next();
}
