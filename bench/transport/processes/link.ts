// A long line: takes the datagrams in which one end's kernel wraps its packets (VXLAN, RFC 7348), loses some, keeps the
// others for as long as the way takes, and passes them to the other end's kernel.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { serveCommands } from '../serve-commands.ts';

/** One end of the line: addresses of the underlay. */
interface End {
  readonly own: string;
  readonly peer: string;
}

/** The same in both directions. */
interface Open {
  readonly ends: readonly [End, End];
  readonly port: number;
  readonly delayMs: number;
  /** From 0 to 1. */
  readonly lossShare: number;
  readonly bytesPerMs: number;
  /** A packet that would wait longer for its turn is dropped. */
  readonly queueMs: number;
}

const receiveBufferBytes = 4 << 20;

const commands = {
  open: async ({ ends: [one, other], ...line }: Open): Promise<void> => {
    await Promise.all([carry(one, other, line), carry(other, one, line)]);
  },
  /** Datagrams that this process was too slow to take: each is a loss that nobody asked for. */
  overruns: (): number => {
    const lines = readFileSync('/proc/net/snmp', 'latin1').match(/^Udp: .*$/gm) ?? [];
    const [names = [], values = []] = lines.map((line) => line.split(' '));
    return Number(values[names.indexOf('RcvbufErrors')]);
  },
};

async function carry(from: End, to: End, line: Omit<Open, 'ends'>): Promise<void> {
  const out = createSocket('udp4');
  out.connect(line.port, to.peer);
  await once(out, 'connect');
  const incoming = createSocket({ type: 'udp4', recvBufferSize: receiveBufferBytes });
  const push = delayLine(out, line);
  incoming.on('message', push);
  incoming.bind(line.port, from.own);
  await once(incoming, 'listening');
}

/** Packets leave in the order in which they came; one timer serves them all. */
function delayLine(out: Socket, { delayMs, lossShare, bytesPerMs, queueMs }: Omit<Open, 'ends'>): (p: Buffer) => void {
  let underway: { readonly dueMs: number; readonly packet: Buffer }[] = [];
  let freeMs = 0;
  const release = (): void => {
    const now = performance.now();
    let due = 0;
    for (; (underway[due]?.dueMs ?? Number.POSITIVE_INFINITY) <= now; due += 1) out.send(underway[due]?.packet ?? '');
    underway = underway.slice(due);
    const next = underway[0];
    if (next !== undefined) setTimeout(release, next.dueMs - now);
  };
  return (packet) => {
    const now = performance.now();
    const startMs = Math.max(now, freeMs);
    if (startMs - now > queueMs || Math.random() < lossShare) return;
    freeMs = startMs + packet.length / bytesPerMs;
    underway.push({ dueMs: freeMs + delayMs, packet });
    if (underway.length === 1) setTimeout(release, delayMs);
  };
}

export type LinkCommands = typeof commands;
serveCommands(commands);
