import type { Socket } from 'node:net';
import { Termination } from '../../errors.ts';
import type { Proved } from '../../identity/proved.ts';
import { passwordFailed } from '../../identity/resolve.ts';
import { type Ask, Authentication } from '../../session/authentication.ts';
import type { ChunkReader } from '../chunk-reader.ts';
import { scramCrypto } from '../scram-crypto.ts';
import { proveBySecret, provedToken, type SecretOptions } from './prove-by-secret.ts';

export interface ConverseOptions extends SecretOptions {
  readonly socket: Socket;
  readonly reader: ChunkReader;
  /** Bytes that came behind the startup message. */
  readonly ahead: Uint8Array;
  readonly ask: Ask;
}

export type Conversation =
  | {
      readonly type: 'proved';
      readonly proved: Proved;
      /** Send once the session may begin. */
      readonly bytes: Uint8Array;
      /** What the client sent behind the exchange. */
      readonly rest: Uint8Array;
    }
  /** `termination` is for the client, `reason` for the record and operators. */
  | { readonly type: 'refused'; readonly termination: Termination; readonly reason?: string }
  /** The client went away. */
  | { readonly type: 'gone' };

/** Asks a client who it is and hears it out. Throws ProtocolError for what Postgres would not read. */
export async function converse(options: ConverseOptions): Promise<Conversation> {
  const { socket, reader, ahead, ask, credentials } = options;
  const authentication = new Authentication({ ask, crypto: scramCrypto, candidates: credentials });
  socket.write(authentication.begin());
  let reason: string | undefined;
  let chunk = ahead.length > 0 ? ahead : undefined;
  for (;;) {
    let step = authentication.push(chunk);
    chunk = undefined;
    if (step.type === 'check') {
      const proof = await proveBySecret(step.secret, step.by, options);
      if (proof.type === 'proved') return proved(proof.proved, authentication.accept());
      if (proof.type === 'unavailable') return unavailable(proof.reason);
      reason = proof.reason;
      step = authentication.reject();
    }
    switch (step.type) {
      case 'more':
        chunk = await reader.next();
        if (chunk === undefined) return { type: 'gone' };
        break;
      case 'send':
        socket.write(step.bytes);
        break;
      case 'refused':
        return refused(ask, options.user, step.asked ? 'it only asked where tokens come from' : reason);
      case 'proved': {
        const proof = provedToken(step.credential, options);
        return proof.type === 'proved' ? proved(proof.proved, step.bytes) : refused(ask, options.user, proof.reason);
      }
      case 'check':
        throw new Error('a secret is checked once');
    }
  }

  function proved(about: Proved, bytes: Uint8Array): Conversation {
    return { type: 'proved', proved: about, bytes, rest: authentication.takeRest() };
  }
}

function refused(ask: Ask, user: string, reason: string | undefined): Conversation {
  const bearerOnly = ask.type === 'sasl' && ask.mechanisms.length === 1 && ask.mechanisms[0] === 'OAUTHBEARER';
  const termination = bearerOnly
    ? new Termination('28000', `OAuth bearer authentication failed for user "${user}"`)
    : passwordFailed(user);
  return { type: 'refused', termination, ...(reason === undefined ? {} : { reason }) };
}

function unavailable(reason: string): Conversation {
  const termination = new Termination('57P03', 'the token cannot be checked now', {
    hint: 'Its issuer cannot be reached; try again in a moment.',
  });
  return { type: 'refused', termination, reason };
}
