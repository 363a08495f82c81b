import { hex } from './hex.ts';
import { MalformedValue, type ValueReader } from './value-reader.ts';

/** PGSQL_AF_INET, PGSQL_AF_INET6 (utils/inet.h). */
const families: {
  readonly [family: number]: { readonly bytes: number; readonly format: (address: Uint8Array) => string };
} = {
  2: { bytes: 4, format: (address) => address.join('.') },
  3: { bytes: 16, format: formatIpv6 },
};

/** inet_out, cidr_out. */
export function formatInet(reader: ValueReader): string {
  const family = families[reader.uint8()];
  const bits = reader.uint8();
  const isCidr = reader.uint8();
  if (family === undefined || reader.uint8() !== family.bytes || bits > family.bytes * 8) throw new MalformedValue();
  const address = family.format(reader.take(family.bytes));
  return isCidr === 0 && bits === family.bytes * 8 ? address : `${address}/${bits}`;
}

/** Lower-case groups, the longest run of two or more zero groups as `::`, embedded IPv4 with dots (inet_net_ntop.c). */
function formatIpv6(address: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, at) => ((address[at * 2] as number) << 8) | (address[at * 2 + 1] as number),
  );
  const run = longestZeroRun(groups);
  const hasIpv4 = run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff));
  const tail = hasIpv4 ? [address.subarray(12).join('.')] : [];
  const texts = groups.map((group) => group.toString(16));
  const shown = hasIpv4 ? texts.slice(0, 6) : texts;
  if (run.length < 2) return [...shown, ...tail].join(':');
  const before = shown.slice(0, run.start).join(':');
  const after = [...shown.slice(run.start + run.length), ...tail].join(':');
  return `${before}::${after}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: -1, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** macaddr_out, macaddr8_out. */
export function formatMac(address: Uint8Array): string {
  return hex(address).replace(/..(?!$)/g, '$&:');
}
