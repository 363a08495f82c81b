import { BlockList, isIP } from 'node:net';
import type { ExpectedSession } from '../config/config.ts';

/** What is known of a session that did not come through the gateway. */
export interface Stranger {
  readonly user: string;
  readonly database: string;
  readonly application: string;
  /** An IP address, `local` for a Unix socket, empty when nobody knows. */
  readonly address: string;
}

/** Whether a session is one of those that are known to go past the gateway: every field that an entry gives must match. */
export function isExpected(stranger: Stranger, expected: readonly ExpectedSession[]): boolean {
  return expected.some((entry) => matches(stranger, entry));
}

function matches(stranger: Stranger, { user, database, application, address }: ExpectedSession): boolean {
  if (user !== undefined && user !== stranger.user) return false;
  if (database !== undefined && database !== stranger.database) return false;
  if (application !== undefined && application !== stranger.application) return false;
  return address === undefined || isWithin(stranger.address, address);
}

/** An address, a network as in `10.0.0.0/8`, or `local`. */
function isWithin(address: string, network: string): boolean {
  const family = isIP(address);
  if (network === 'local' || family === 0) return network === address && network === 'local';
  const [base = '', bits] = network.split('/');
  const baseFamily = isIP(base);
  const list = new BlockList();
  const type = baseFamily === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) list.addAddress(base, type);
  else list.addSubnet(base, Number(bits), type);
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
