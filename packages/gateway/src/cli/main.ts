import { setFlagsFromString } from 'node:v8';
import { run } from './run.ts';

/**
 * The grammar of Postgres is one WebAssembly function, so large that V8 takes 580 MB and half a second of CPU to optimise
 * it after the first text it parses (measured, Node 24.21). What is compiled at first stays instead: parsing costs up to
 * twice as much, of texts that are cached. Either flag alone changes nothing; they count for the threads as well.
 */
for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag);

/** The process: its streams, its signals, its exit code. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read the output (`| head`) has seen enough.
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

let interrupt: AbortController | undefined;

await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY === true,
  columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
  interrupted() {
    if (interrupt === undefined) {
      const controller = new AbortController();
      interrupt = controller;
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
    }
    return interrupt.signal;
  },
  setExitCode(code) {
    process.exitCode = code;
  },
});
