import type { Issuers } from '../../identity/jwt/issuers.ts';
import { proveByJwt } from '../../identity/jwt/prove-by-jwt.ts';
import type { Proof } from '../../identity/proved.ts';
import { findVerifier } from '../../identity/scram-verifier.ts';
import { parseToken } from '../../identity/token.ts';
import type { Credentials, Tokens } from '../../identity/tokens.ts';
import type { AskedMethod } from './methods-for.ts';

export interface SecretOptions {
  readonly user: string;
  readonly methods: readonly AskedMethod[];
  readonly credentials: Credentials;
  readonly tokens: Tokens;
  readonly issuers: Issuers;
  readonly nowMs: () => number;
}

/**
 * Checks what a client sent as it is: a password, or what it bore by OAUTHBEARER. Its form alone says how it is checked,
 * so that the work does not depend on who the client says it is.
 */
export async function proveBySecret(secret: string, by: 'password' | 'bearer', options: SecretOptions): Promise<Proof> {
  const { user, methods, issuers, nowMs } = options;
  const method = by === 'bearer' ? 'oauth' : 'jwt';
  if (method === 'jwt' && methods.includes('token') && parseToken(secret) !== undefined) {
    const found = await findVerifier(secret, options.credentials);
    return found === undefined ? wrongToken : provedToken(found.id, options);
  }
  if (!methods.includes(method)) return { type: 'refused', reason: `${method} is not a login of this identity` };
  return await proveByJwt(secret, { user, method, issuers, nowMs: nowMs() });
}

const wrongToken: Proof = { type: 'refused', reason: 'the token is wrong, expired or revoked' };

/** The proof by a token that was found to be right; it may have been revoked since its verifiers were read. */
export function provedToken(
  id: string,
  { user, credentials, tokens, nowMs }: Pick<SecretOptions, 'user' | 'credentials' | 'tokens' | 'nowMs'>,
): Proof {
  if (!tokens.isValid(id, nowMs())) return wrongToken;
  return {
    type: 'proved',
    proved: {
      method: 'token',
      credential: id,
      expiresAt: credentials.verifiers.find((verifier) => verifier.id === id)?.expiresAt,
      issuer: undefined,
      onBehalfOf: undefined,
      groups: [],
      holds: ({ identities }) => identities.get(user)?.login.includes('token') === true,
    },
  };
}
