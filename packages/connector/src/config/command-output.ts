import { spawn } from 'node:child_process';

export interface CommandLimits {
  readonly env: { readonly [name: string]: string | undefined };
  /** More than this is cut. */
  readonly maximumBytes: number;
  readonly timeoutMs: number;
}

export type CommandResult =
  | { readonly type: 'output'; readonly bytes: Uint8Array }
  /** Why there is none. What the command printed is not in it: that may be half a secret. */
  | { readonly type: 'failed'; readonly reason: string };

/**
 * What a command of the shell prints. It is asked for at each session, so nothing is kept and a rotated secret counts at
 * once. Its standard error goes to ours, where an operator looks. Never rejects.
 */
export function commandOutput(command: string, limits: CommandLimits): Promise<CommandResult> {
  const { env, maximumBytes, timeoutMs } = limits;
  return new Promise((resolve) => {
    // A group of its own, so that all of a pipeline can be ended.
    const child = spawn(command, { shell: true, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const fail = (reason: string): void => {
      clearTimeout(timer);
      endGroup(child.pid);
      resolve({ type: 'failed', reason });
    };
    const timer = setTimeout(() => fail(`the command did not end within ${timeoutMs} ms`), timeoutMs);
    child.stdout.on('data', (chunk: Uint8Array) => {
      if (bytes < maximumBytes) chunks.push(chunk.subarray(0, maximumBytes - bytes));
      bytes += chunk.length;
    });
    child.once('error', (error: NodeJS.ErrnoException) => fail(`the command cannot be run (${error.code})`));
    child.once('close', (status, signal) => {
      if (status !== 0) return fail(`the command ended with ${signal ?? `status ${status}`}`);
      clearTimeout(timer);
      resolve({ type: 'output', bytes: Buffer.concat(chunks) });
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
