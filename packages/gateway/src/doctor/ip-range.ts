import { isIP } from 'node:net';

/** A network: its first address as a number, and how many bits of it count. */
export interface IpRange {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly bits: number;
}

/** `10.0.0.0/8`, an address alone, or an address with a netmask as pg_hba.conf has them; undefined for anything else. */
export function parseIpRange(text: string, netmask?: string): IpRange | undefined {
  const [address = '', prefix] = text.split('/');
  const family = isIP(address);
  if (family !== 4 && family !== 6) return undefined;
  const width = family === 4 ? 32 : 128;
  const bits = netmask !== undefined ? bitsOf(netmask) : prefix !== undefined ? Number(prefix) : width;
  if (bits === undefined || !Number.isInteger(bits) || bits < 0 || bits > width) return undefined;
  const shift = BigInt(width - bits);
  return { family, base: (numberOf(address) >> shift) << shift, bits };
}

export function containsRange(outer: IpRange, inner: IpRange): boolean {
  if (outer.family !== inner.family || outer.bits > inner.bits) return false;
  const shift = BigInt((outer.family === 4 ? 32 : 128) - outer.bits);
  return outer.base >> shift === inner.base >> shift;
}

/** The addresses that two networks share: one of the two, since they are nested or apart. */
export function sharedRange(a: IpRange, b: IpRange): IpRange | undefined {
  if (containsRange(a, b)) return b;
  return containsRange(b, a) ? a : undefined;
}

export function formatIpRange({ family, base, bits }: IpRange): string {
  const groups = family === 4 ? 4 : 8;
  const width = family === 4 ? 8n : 16n;
  const parts = Array.from(
    { length: groups },
    (_, i) => (base >> (BigInt(groups - 1 - i) * width)) & ((1n << width) - 1n),
  );
  const text = family === 4 ? parts.join('.') : compressed(parts.map((part) => part.toString(16)));
  return `${text}/${bits}`;
}

/** Only the server itself comes from there. */
export function isLoopback(range: IpRange): boolean {
  const loopbacks = [parseIpRange('127.0.0.0/8'), parseIpRange('::1')];
  return loopbacks.some((loopback) => loopback !== undefined && containsRange(loopback, range));
}

function bitsOf(netmask: string): number | undefined {
  const family = isIP(netmask);
  if (family === 0) return undefined;
  const digits = numberOf(netmask)
    .toString(2)
    .padStart(family === 4 ? 32 : 128, '0');
  return /^1*0*$/.test(digits) ? digits.replaceAll('0', '').length : undefined;
}

/** Of an address that `isIP` takes. */
function numberOf(address: string): bigint {
  if (!address.includes(':')) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = '', tail] = withoutDots(address.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(zeros).fill('0'), ...right].reduce(
    (sum, part) => sum * 65536n + BigInt(`0x${part}`),
    0n,
  );
}

/** `::ffff:10.0.0.1` with hexadecimal digits only. */
function withoutDots(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...[a, b, c, d]: string[]) => {
    const hex = (high: string | undefined, low: string | undefined): string =>
      (Number(high) * 256 + Number(low)).toString(16);
    return `${hex(a, b)}:${hex(c, d)}`;
  });
}

function compressed(groups: readonly string[]): string {
  const text = groups.join(':');
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (longest === undefined) return text;
  const before = text.slice(0, longest.index).replace(/:$/, '');
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}
