import { run } from './run.ts';

/** The process: its streams, its signals, its exit code. */
for (const stream of [process.stdout, process.stderr]) {
  // Whoever read the log has gone; the sessions have not.
  stream.on('error', () => {});
}

process.exit(
  await run(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    onSignal: (signal, listener) => void process.on(signal, listener),
  }),
);
