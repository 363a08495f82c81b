#!/usr/bin/env node
// Runs the command line on the pinned Node: from the sources in a checkout, from dist when installed. Plain JavaScript,
// because whatever Node somebody has must be able to run it (20 and later).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinnedNode, sourceFlags } from './pinned-node.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'src', 'cli', 'main.ts');
const [flags, main] = existsSync(source)
  ? [sourceFlags, source]
  : [['--disable-warning=ExperimentalWarning'], join(root, 'dist', 'cli', 'main.js')];

function fail(message) {
  console.error(`onrecord: ${message}`);
  process.exit(1);
}

function node() {
  try {
    return pinnedNode(root);
  } catch (error) {
    return fail(error.message);
  }
}

/** Compiled sources are kept where the packages are: without, a third of a short command is compiling. */
const cache = { NODE_COMPILE_CACHE: join(root, '..', '..', 'node_modules', '.cache', 'onrecord') };
const env = existsSync(source) ? { ...cache, ...process.env } : process.env;

const child = spawn(node(), [...flags, main, ...process.argv.slice(2)], { stdio: 'inherit', env });
const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // A terminal sends Ctrl-C to both processes; passed on, it would arrive twice.
  process.on(signal, () => (signal === 'SIGINT' && onTerminal ? undefined : child.kill(signal)));
}
child.on('error', (error) => fail(`cannot run ${node()}: ${error.message}`));
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
