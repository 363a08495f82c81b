import type { X509Certificate } from 'node:crypto';
import type { Config, Identity } from '../config/config.ts';
import type { Proved } from './proved.ts';

/** What a session was opened by. */
export interface Opened {
  /** With its groups as they were then, those of the credential included. */
  readonly identity: Identity;
  readonly proved: Proved;
  /** Name of the connection. */
  readonly connection: string;
}

/**
 * Why a session that is open would not be let in by a configuration, in words that fit behind "because"; undefined when
 * it would. What it was opened with counts, not when: a credential that has expired since is no reason.
 * `isRevoked` knows certificates that were taken back.
 */
export function whyNotAnyMore(
  { identity, proved, connection }: Opened,
  config: Config,
  isRevoked?: (certificate: X509Certificate) => boolean,
): string | undefined {
  const { name } = identity;
  const now = config.identities.get(name);
  if (now === undefined) return `the identity "${name}" is not configured any more`;
  if (!config.connections.has(connection)) return `the connection "${connection}" is not configured any more`;
  if (!now.connections.includes(connection)) return `"${name}" may not use the connection "${connection}" any more`;
  if (!proved.holds(config)) return `what it logged in with (${proved.method}) is not a login of "${name}" any more`;
  const { certificate } = proved;
  if (certificate !== undefined && isRevoked?.(certificate) === true) return 'its certificate was revoked';
  const lost = identity.groups.find((group) => !now.groups.includes(group) && !proved.groups.includes(group));
  return lost === undefined ? undefined : `"${name}" is not in the group "${lost}" any more`;
}
