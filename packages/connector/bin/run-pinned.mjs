// Runs a program of the project on the pinned Node: from the sources in a checkout, from dist when installed. Plain
// JavaScript without dependencies: whatever Node somebody has must be able to run it (20 and later).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pinnedNode, sourceFlags } from './pinned-node.mjs';

/**
 * Runs the program `name` of the package in the directory `root` with the arguments of this process, in its stead: passes
 * signals on and ends with its exit code.
 */
export function runPinned(name, root) {
  const source = join(root, 'src', 'cli', 'main.ts');
  const [flags, main] = existsSync(source)
    ? [sourceFlags, source]
    : [['--disable-warning=ExperimentalWarning'], join(root, 'dist', 'cli', 'main.js')];
  const fail = (message) => {
    console.error(`${name}: ${message}`);
    process.exit(1);
  };

  /** Compiled sources are kept where the packages are: without, a third of a short command is compiling. */
  const cache = { NODE_COMPILE_CACHE: join(root, '..', '..', 'node_modules', '.cache', 'onrecord') };
  const env = existsSync(source) ? { ...cache, ...process.env } : process.env;

  const node = pinnedNodeOr(fail, root);
  const child = spawn(node, [...flags, main, ...process.argv.slice(2)], { stdio: 'inherit', env });
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to both processes; passed on, it would arrive twice.
    process.on(signal, () => (signal === 'SIGINT' && onTerminal ? undefined : child.kill(signal)));
  }
  child.on('error', (error) => fail(`cannot run ${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
}

function pinnedNodeOr(fail, root) {
  try {
    return pinnedNode(root);
  } catch (error) {
    return fail(error.message);
  }
}
