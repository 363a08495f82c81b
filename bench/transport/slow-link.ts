import { execFileSync, spawnSync } from 'node:child_process';
import { startChild } from './child.ts';
import type { Network } from './network.ts';
import type { LinkCommands } from './processes/link.ts';

/** TCP's answer to loss, as Linux calls it: cubic slows down, bbr looks at the rate that it gets. */
export type CongestionControl = 'cubic' | 'bbr';

export interface SlowLink {
  readonly name: string;
  /** Each way. */
  readonly delayMs: number;
  /** Of the packets of each direction, from 0 to 1. */
  readonly lossShare: number;
  readonly congestion: CongestionControl;
}

/** 200 Mbit/s, which one relaying process can carry both ways. */
const bytesPerMs = 25_000;
/** Half a round trip's worth, as the routers of such a line have. */
const queueMs = 50;
/** RFC 7348, section 4. */
const vxlanPort = 4789;
/** 1,500 less the headers of the wrapping. */
const packetBytes = 1_450;

const underlay = { gateway: '10.98.1', connector: '10.98.2' } as const;
const inner = { gateway: '10.99.0.1', connector: '10.99.0.2' } as const;
type Side = keyof typeof inner;

/** Why this process cannot lay a slow line, for people; undefined when it can. */
export function whyNoSlowLink(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may make network namespaces';
  const missing = ['ip -V', 'ethtool --version'].filter((command) => !succeeds(command));
  if (missing.length > 0) return `${missing.join(', ')} failed (Debian, Ubuntu: apt-get install iproute2 ethtool)`;
  return undefined;
}

/**
 * Three namespaces in a row: gateway, line, connector. The two ends wrap their packets in VXLAN and send them to the
 * line, where a process of ours delays and loses them: that works in every kernel with VXLAN, with or without netem.
 * For root only. Whatever it makes goes with `close`, or with this process.
 */
export async function openSlowLink(link: SlowLink): Promise<Network> {
  const prefix = `onrecord-${process.pid}`;
  const names = { gateway: `${prefix}-gateway`, connector: `${prefix}-connector`, line: `${prefix}-line` };
  const remove = (): void => {
    for (const name of Object.values(names)) succeeds(`ip netns del ${name}`);
  };
  process.once('exit', remove);
  for (const name of Object.values(names)) ip(`netns add ${name}`);
  ip(`-n ${names.line} link set lo up`);
  for (const side of ['gateway', 'connector'] as const) layCable(side, names, link.congestion);
  const line = startChild<LinkCommands>('link.ts', names.line);
  const ends = [end(underlay.gateway), end(underlay.connector)] as const;
  await line.ask('open', { ...link, ends, port: vxlanPort, bytesPerMs, queueMs });
  return {
    name: link.name,
    gatewayHost: inner.gateway,
    gatewayNamespace: names.gateway,
    connectorNamespace: names.connector,
    close: async () => {
      const overruns = await line.ask('overruns', undefined);
      if (overruns > 0) console.error(`${link.name}: the line was too slow for ${overruns} packets and lost them`);
      await line.stop();
      process.off('exit', remove);
      remove();
    },
  };
}

function layCable(
  side: Side,
  names: { readonly [name in Side | 'line']: string },
  congestion: CongestionControl,
): void {
  const [namespace, subnet] = [names[side], underlay[side]];
  ip(`-n ${names.line} link add ${side} type veth peer name line netns ${namespace}`);
  ip(`-n ${names.line} address add ${subnet}.1/24 dev ${side}`);
  ip(`-n ${names.line} link set ${side} up`);
  ip(`-n ${namespace} link set lo up`);
  ip(`-n ${namespace} address add ${subnet}.2/24 dev line`);
  ip(`-n ${namespace} link set line up`);
  ip(
    `-n ${namespace} link add far type vxlan id 1 remote ${subnet}.1 local ${subnet}.2 dstport ${vxlanPort} nolearning`,
  );
  ip(`-n ${namespace} link set far mtu ${packetBytes}`);
  // The packets leave the kernel between the two ends: their checksums must be there, and each must be a datagram.
  ip(`netns exec ${namespace} ethtool -K far tx off gso off`);
  ip(`-n ${namespace} address add ${inner[side]}/24 dev far`);
  ip(`-n ${namespace} link set far up`);
  // Of the route, not of the namespace: that would be limited to what the machine lets everybody use.
  ip(`-n ${namespace} route replace 10.99.0.0/24 dev far src ${inner[side]} congctl ${congestion}`);
}

function end(subnet: string): { readonly own: string; readonly peer: string } {
  return { own: `${subnet}.1`, peer: `${subnet}.2` };
}

function ip(command: string): void {
  try {
    execFileSync('ip', command.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Error(`ip ${command}: ${(error as { stderr?: Buffer }).stderr ?? error}`);
  }
}

function succeeds(command: string): boolean {
  const [program = '', ...args] = command.split(' ');
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}
