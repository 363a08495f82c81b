import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Commands, Question, Reply } from './serve-commands.ts';

/** A process of the measurement, and how to have it do things. */
export interface Child<Known extends Commands> {
  /** Has it perform a command; rejects with what went wrong there, and when it ends before it has answered. */
  ask<Name extends keyof Known & string>(
    name: Name,
    argument: Parameters<Known[Name]>[0],
  ): Promise<Awaited<ReturnType<Known[Name]>>>;
  stop(): Promise<void>;
}

/** Starts a file of processes/, in a network namespace when one is given. It ends with this process at the latest. */
export function startChild<Known extends Commands>(file: string, namespace: string | undefined): Child<Known> {
  const node = [process.execPath, ...process.execArgv, join(import.meta.dirname, 'processes', file)];
  // `ip netns exec` becomes the program that it runs, so that signals and the channel reach it.
  const [command = '', ...args] = namespace === undefined ? node : ['ip', 'netns', 'exec', namespace, ...node];
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  child.on('message', (reply: Reply) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.type === 'done') asked?.resolve(reply.value);
    else asked?.reject(new Error(`${file}: ${reply.message}`));
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void gone.then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended`));
  });
  let asked = 0;
  return {
    ask: (name, argument) =>
      new Promise((resolve, reject) => {
        asked += 1;
        waiting.set(asked, { resolve: (value) => resolve(value as never), reject });
        const question: Question = { id: asked, name, argument };
        child.send(question, (error) => error !== null && reject(error));
      }),
    stop: () => stop(child, gone),
  };
}

async function stop(child: ChildProcess, gone: Promise<void>): Promise<void> {
  child.kill('SIGKILL');
  await gone;
}
