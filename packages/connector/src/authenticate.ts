import {
  type Authentication,
  backendTag,
  chooseMechanism,
  decodeBackend,
  type FrontendMessage,
  md5Password,
  ScramClient,
} from '@onrecord/wire';
import type { Deadline } from './deadline.ts';
import { DialError } from './dial-error.ts';
import type { IncomingMessage } from './incoming.ts';
import { md5, nodeCrypto, saltPassword } from './node-crypto.ts';

/** What a way to authenticate may depend on. */
export interface AuthenticationContext {
  /** As in StartupMessage. */
  readonly user: Uint8Array;
  readonly password: (() => Promise<string>) | undefined;
  readonly encrypted: boolean;
  /** Channel binding data of the connection; see `tlsServerEndPoint`. */
  readonly endPoint: Uint8Array | undefined;
  readonly allowCleartext: boolean;
  readonly deadline: Deadline;
  /** The server wants to know who we are: there is no session before it has been told. */
  readonly asked: () => void;
  readonly send: (message: FrontendMessage) => void;
  /** The next message that is an Authentication; what may come in between is seen to. */
  readonly next: () => Promise<IncomingMessage>;
}

/** Gives the server what it asks for, up to its AuthenticationOk. Asks for the password only when the server does. */
export async function authenticate(context: AuthenticationContext): Promise<void> {
  const asked = await next(context);
  if (asked.method === 'ok') return;
  context.asked();
  switch (asked.method) {
    case 'cleartextPassword':
      if (!context.encrypted && !context.allowCleartext) throw refuseCleartext();
      sendPassword(context, Buffer.from(await password(context)));
      break;
    case 'md5Password': {
      const secret = Buffer.from(await password(context));
      sendPassword(context, md5Password(md5, { user: context.user, password: secret, salt: asked.salt }));
      break;
    }
    case 'sasl':
      await scram(context, asked.mechanisms);
      break;
    default:
      throw unsupported(`the server asks for an authentication that is not supported: ${asked.method}`);
  }
  const verdict = await next(context);
  if (verdict.method !== 'ok') throw unexpected(verdict);
}

async function scram(context: AuthenticationContext, offered: readonly string[]): Promise<void> {
  const { mechanism, binding } = chooseMechanism(offered, context);
  const client = new ScramClient(nodeCrypto, binding);
  context.send({ type: 'saslInitialResponse', mechanism, data: client.first() });
  const challenge = await next(context);
  if (challenge.method !== 'saslContinue') throw unexpected(challenge);
  const salting = client.salting(challenge.data);
  const salted = await context.deadline.race(saltPassword(await password(context), salting));
  context.send({ type: 'saslResponse', data: client.proof(salted) });
  const final = await next(context);
  if (final.method !== 'saslFinal') throw unexpected(final);
  client.verify(final.data);
}

async function next(context: AuthenticationContext): Promise<Authentication> {
  const { body } = await context.next();
  const message = decodeBackend(backendTag.authentication, body);
  return message as Authentication;
}

async function password(context: AuthenticationContext): Promise<string> {
  if (context.password === undefined) throw unsupported('the server asks for a password and there is none');
  let secret: string;
  try {
    secret = await context.deadline.race(context.password());
  } catch (error) {
    if (error instanceof DialError) throw error;
    throw new DialError({ type: 'credential' }, 'the password could not be obtained', error);
  }
  // recv_password_packet refuses it in any case, and NUL would cut it.
  if (secret === '' || secret.includes('\0')) throw unsupported('the password is empty or holds a NUL');
  return secret;
}

function sendPassword(context: AuthenticationContext, secret: Uint8Array): void {
  context.send({ type: 'passwordMessage', password: secret });
}

function unsupported(message: string): DialError {
  return new DialError({ type: 'authentication' }, message);
}

function refuseCleartext(): DialError {
  return unsupported('the server asks for the password in the clear, and the connection is not encrypted');
}

/** An AuthenticationOk before the server has proved that it knows the password, or a second question. */
function unexpected(message: Authentication): DialError {
  return unsupported(`the server broke off the authentication: ${message.method} was not to be expected`);
}
