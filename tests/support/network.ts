import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { promisify } from 'node:util';
import { killAtExit } from './leftovers.ts';
import { endChild } from './life.ts';
import type { Account } from './postgres-binaries.ts';
import { findProgram } from './program.ts';

/**
 * A network of its own for a database and its connector, joined to this machine's by a wire over which TCP connections can
 * begin on the inside only. Needs Linux, root, ip, unshare, nsenter and python3; nothing of it has a name in the system, so
 * all of it is gone when its processes are.
 */
export interface Network {
  /** Address of this machine, as the inside sees it. */
  readonly outsideHost: string;
  /** Address of the inside, as this machine sees it. */
  readonly insideHost: string;
  /** Words in front of a command that is to run inside; with an account, as that account. */
  within(account?: Account): readonly string[];
  /** Makes the wire slow, each way, and lossy, from now on. */
  trouble(wire: { readonly delayMs: number; readonly lossPercent: number }): Promise<void>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const tools = ['ip', 'unshare', 'nsenter', 'python3'] as const;
let networks = 0;

/** Why this machine cannot have such a network, or false. */
export function noNetwork(): string | false {
  if (process.platform !== 'linux') return 'network namespaces are Linux';
  if (process.getuid?.() !== 0) return 'only root can make network namespaces';
  const missing = tools.find((name) => findProgram(name) === undefined);
  return missing === undefined ? false : `${missing} is not installed`;
}

export async function startNetwork(): Promise<Network> {
  const { near, far, outsideHost, insideHost } = names();
  const namespaces: ChildProcess[] = [];
  try {
    const inside = await emptyNamespace();
    namespaces.push(inside);
    const middle = await emptyNamespace();
    namespaces.push(middle);
    await run('ip', ['link', 'add', near, 'type', 'veth', 'peer', 'name', 'outside', 'netns', String(middle.pid)]);
    await run('ip', ['addr', 'add', `${outsideHost}/30`, 'dev', near]);
    await run('ip', ['link', 'set', near, 'up']);
    const peer = ['type', 'veth', 'peer', 'name', 'inside', 'netns', String(middle.pid)];
    await run('ip', ['link', 'add', far, 'netns', String(inside.pid), ...peer]);
    await inNamespace(inside, ['ip', 'addr', 'add', `${insideHost}/30`, 'dev', far]);
    for (const name of ['lo', far]) await inNamespace(inside, ['ip', 'link', 'set', name, 'up']);
    for (const name of ['inside', 'outside']) await inNamespace(middle, ['ip', 'link', 'set', name, 'up']);
    const wire = await startWire(middle);
    namespaces.push(wire.child);
    return {
      outsideHost,
      insideHost,
      within: (account) => enter(inside, account),
      trouble: async ({ delayMs, lossPercent }) => {
        wire.child.stdin?.write(`${delayMs} ${lossPercent}\n`);
        await once(wire.says, 'line');
      },
      stop: () => endAll(namespaces),
    };
  } catch (error) {
    await endAll(namespaces);
    throw error;
  }
}

/** An interface name has at most 15 characters. Each process has a range of 10.128.0.0/9 for itself: four addresses a network. */
function names(): { readonly [name in 'near' | 'far' | 'outsideHost' | 'insideHost']: string } {
  networks += 1;
  const own = `${(process.pid % 0x10_0000).toString(36)}n${networks}`;
  const at = 0x80_00_00 + (((process.pid * 4 + (networks % 4)) * 4) & 0x7f_ff_fc);
  const host = (offset: number): string => `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${(at & 255) + offset}`;
  return { near: `onr-o-${own}`, far: `onr-i-${own}`, outsideHost: host(1), insideHost: host(2) };
}

/** A process with a network of its own, in which there is nothing. It ends when this process does. */
async function emptyNamespace(): Promise<ChildProcess> {
  const child = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  killAtExit(child, 'SIGKILL');
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child;
}

function enter({ pid }: ChildProcess, account?: Account): readonly string[] {
  const as = account === undefined ? [] : [`--setuid=${account.uid}`, `--setgid=${account.gid}`];
  return ['nsenter', `--net=/proc/${pid}/ns/net`, ...as, '--'];
}

async function inNamespace(namespace: ChildProcess, command: readonly string[]): Promise<void> {
  const [first = '', ...rest] = [...enter(namespace), ...command];
  await run(first, rest);
}

interface Wire {
  readonly child: ChildProcess;
  readonly says: Interface;
}

async function startWire(namespace: ChildProcess): Promise<Wire> {
  const [first = '', ...rest] = enter(namespace);
  const script = `${import.meta.dirname}/wire.py`;
  const child = spawn(first, [...rest, 'python3', script, 'inside', 'outside'], { stdio: ['pipe', 'pipe', 'inherit'] });
  killAtExit(child, 'SIGKILL');
  const says = createInterface({ input: child.stdout });
  await once(says, 'line');
  return { child, says };
}

async function endAll(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children.toReversed()) await endChild(child, 'SIGKILL');
}
