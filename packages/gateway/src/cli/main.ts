import { run } from './run.ts';

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
