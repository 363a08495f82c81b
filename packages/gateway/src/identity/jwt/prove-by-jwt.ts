import { createHash } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import type { Issuer } from '../../config/issuer.ts';
import type { Proof, Proved } from '../proved.ts';
import type { Claims } from './claims.ts';
import type { Issuers } from './issuers.ts';
import { type Mapped, mapClaims } from './map-claims.ts';

export interface JwtProofOptions {
  /** Who the client says it is. */
  readonly user: string;
  readonly method: 'jwt' | 'oauth';
  readonly issuers: Issuers;
  readonly nowMs: number;
}

/** A `jti` that can stand in the record as it is. */
const plainId = /^[\x21-\x7e]{1,128}$/;
/** Hex digits of a hash that name a token without one. */
const hashDigits = 32;

/**
 * Whether a token lets its bearer in as `user`. The token is checked before it is compared with the user, so that an
 * unknown user makes as much work as one that the token is not for.
 */
export async function proveByJwt(token: string, options: JwtProofOptions): Promise<Proof> {
  const { user, method, issuers, nowMs } = options;
  const verified = await issuers.verify(token, nowMs);
  if (verified.type !== 'verified') return verified;
  const { issuer, claims } = verified;
  const mapped = mapClaims(claims, issuer);
  if (mapped.type === 'refused') return mapped;
  if (mapped.identity !== user)
    return { type: 'refused', reason: `the token is for the identity "${mapped.identity}"` };
  const proved: Proved = {
    method,
    credential: `${issuer.name}/${tokenId(token, claims['jti'])}`,
    expiresAt: microseconds(claims['exp']),
    issuer: issuer.name,
    onBehalfOf: mapped.onBehalfOf,
    groups: mapped.groups,
    holds: (config) => holds(config, { user, method, issuer, claims, groups: mapped.groups }),
  };
  return { type: 'proved', proved };
}

interface Held {
  readonly user: string;
  readonly method: 'jwt' | 'oauth';
  readonly issuer: Issuer;
  readonly claims: Claims;
  readonly groups: readonly string[];
}

function holds(config: Config, { user, method, issuer, claims, groups }: Held): boolean {
  const now = [...config.issuers.values()].find((candidate) => candidate.issuer === issuer.issuer);
  if (now === undefined || !config.identities.get(user)?.login.includes(method)) return false;
  const audience = claims['aud'];
  const meantFor: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  if (!now.audience.some((name) => meantFor.includes(name))) return false;
  const mapped: Mapped = mapClaims(claims, now);
  if (mapped.type === 'refused' || mapped.identity !== user) return false;
  return groups.every((group) => mapped.groups.includes(group));
}

function tokenId(token: string, jti: unknown): string {
  if (typeof jti === 'string' && plainId.test(jti)) return jti;
  return createHash('sha256').update(token).digest('hex').slice(0, hashDigits);
}

/** Of a NumericDate (RFC 7519, section 2), within what a number holds exactly. */
function microseconds(seconds: unknown): number | undefined {
  return typeof seconds === 'number' ? Math.min(Math.floor(seconds * 1e6), Number.MAX_SAFE_INTEGER) : undefined;
}
