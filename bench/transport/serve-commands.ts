/** What a process of the measurement can be asked to do, by name. Arguments and answers travel as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: the argument is contravariant; `ask` takes the real type of each.
export type Commands = { readonly [name: string]: (argument: any) => unknown };

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export type Reply =
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

/** Answers the parent's questions until the parent is gone. */
export function serveCommands(commands: Commands): void {
  const reply = (message: Reply): void => void process.send?.(message);
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, name, argument }: Question) => {
    try {
      reply({ type: 'done', id, value: await commands[name]?.(argument) });
    } catch (error) {
      reply({ type: 'failed', id, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}
