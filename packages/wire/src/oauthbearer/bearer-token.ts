import { octets } from '../scram/octets.ts';

const scheme = 'bearer ';
/** b64token (RFC 6750, section 2.1). */
const token = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * The token in an `auth` value, `Bearer …`; undefined when it is another scheme or not the form of a bearer token.
 * Source: validate_token_format (backend/libpq/auth-oauth.c).
 */
export function bearerToken(auth: Uint8Array): string | undefined {
  const text = octets(auth);
  if (text.slice(0, scheme.length).toLowerCase() !== scheme) return undefined;
  const rest = text.slice(scheme.length).replace(/^ +/, '');
  return token.test(rest) ? rest : undefined;
}
