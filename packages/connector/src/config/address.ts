import { isIPv6 } from 'node:net';

/** Where something listens. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What an address looks like: host:port, an IPv6 host in brackets. */
export const addressPattern: RegExp = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^\s:[\]/]+)):(\d{1,5})$/;

/** `127.0.0.1:6432`, `localhost:6432`, `[::1]:6432`; port 0 lets the system choose. Undefined when it is not an address. */
export function parseAddress(text: string): HostPort | undefined {
  const match = addressPattern.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  return plain === undefined ? undefined : { host: plain, port };
}

/** The inverse of `parseAddress`. */
export function formatAddress({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
