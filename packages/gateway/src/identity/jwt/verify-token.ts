import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type LocalJWKSet } from 'jose';
import type { Issuer } from '../../config/issuer.ts';
import type { Claims } from './claims.ts';
import { hasDuplicateNames } from './has-duplicate-names.ts';
import type { IssuerKeys } from './issuer-keys.ts';

/** What became of a token. `reason` is for operators and quotes nothing of the token. */
export type Verified =
  | { readonly type: 'verified'; readonly issuer: Issuer; readonly claims: Claims }
  | { readonly type: 'refused'; readonly reason: string }
  /** It could not be checked, because the keys of its issuer cannot be had now. */
  | { readonly type: 'unavailable'; readonly reason: string };

/** An issuer and its keys. */
export interface TrustedIssuer {
  readonly issuer: Issuer;
  readonly keys: IssuerKeys;
}

/** Types of tokens that may be shown to a service (RFC 7519, RFC 9068); others are made for something else. */
const types: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'at+jwt', 'application/at+jwt', 'application/jwt']);

/**
 * Checks a JWT: its issuer is configured, the signature is by a key that the issuer publishes, it is meant for us, and
 * valid at `nowMs` (wall clock). What it says of where its key is (`jku`, `jwk`, `x5u`, `x5c`) is not looked at. Which
 * user is asked for makes no difference to the work. Never throws for what a token holds.
 */
export async function verifyToken(
  token: string,
  issuers: ReadonlyMap<string, TrustedIssuer>,
  nowMs: number,
): Promise<Verified> {
  const peeked = peek(token);
  if (peeked === undefined) return refused('it is not a JWT');
  const trusted = typeof peeked.claims.iss === 'string' ? issuers.get(peeked.claims.iss) : undefined;
  if (trusted === undefined) return refused('the issuer of the token is not among `issuers`');
  const { issuer, keys } = trusted;
  const about = (reason: string): Verified => refused(`the token of issuers.${issuer.name}: ${reason}`);
  if (!types.has(typeOf(peeked.header.typ))) return about('its `typ` is not that of a token for a service');
  if (peeked.duplicates) return about('it has two members of one name');
  const known = await keys.current();
  if (known === undefined) {
    return { type: 'unavailable', reason: `the keys of issuers.${issuer.name} cannot be read now` };
  }
  let checked = await check(token, { issuer, keys: known, nowMs });
  if (checked instanceof errors.JWKSNoMatchingKey) {
    const newer = await keys.newerThan(known);
    if (newer !== undefined) checked = await check(token, { issuer, keys: newer, nowMs });
  }
  if (checked instanceof Error) return about(reasonOf(checked));
  if (checked['cnf'] !== undefined)
    return about('it is bound to a key of its client (`cnf`), which cannot be checked here');
  return { type: 'verified', issuer, claims: checked };
}

async function check(
  token: string,
  { issuer, keys, nowMs }: { readonly issuer: Issuer; readonly keys: LocalJWKSet; readonly nowMs: number },
): Promise<Claims | Error> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      audience: [...issuer.audience],
      algorithms: [...issuer.algorithms],
      clockTolerance: issuer.clockSkewMs / 1000,
      currentDate: new Date(nowMs),
      requiredClaims: ['exp'],
    });
    return payload;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

interface Peeked {
  readonly header: { readonly typ?: unknown };
  readonly claims: { readonly iss?: unknown };
  readonly duplicates: boolean;
}

/** What an unchecked token says of itself; undefined when it is none. */
function peek(token: string): Peeked | undefined {
  try {
    const header = decodeProtectedHeader(token);
    const claims = decodeJwt(token);
    const [first = '', second = ''] = token.split('.');
    return {
      header,
      claims,
      duplicates: hasDuplicateNames(json(first), header) || hasDuplicateNames(json(second), claims),
    };
  } catch {
    return undefined;
  }
}

function json(part: string): string {
  return Buffer.from(part, 'base64url').toString('utf8');
}

function typeOf(typ: unknown): unknown {
  return typeof typ === 'string' ? typ.toLowerCase() : typ;
}

/** In words of ours: those of the library may quote the token. */
function reasonOf(error: Error): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWKSNoMatchingKey) return 'its issuer has no such key';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'it does not say which of several keys it was signed with';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not among `algorithms`';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim in claimReasons ? String(claimReasons[error.claim]) : 'one of its claims is not as it must be';
  }
  return 'it cannot be read';
}

const claimReasons: { readonly [claim: string]: string } = {
  aud: 'it is meant for somebody else: `aud` is not in `audience`',
  exp: 'it has no `exp`',
  nbf: 'it is not valid yet',
  iat: 'it was issued in the future',
};

function refused(reason: string): Verified {
  return { type: 'refused', reason };
}
