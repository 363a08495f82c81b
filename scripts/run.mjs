// Runs one of the project's tasks on the pinned Node, after installing what is missing. Plain JavaScript without
// dependencies, because whatever Node a stranger has must be able to run it (20 and later).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinnedNode, sourceFlags } from '../packages/connector/bin/pinned-node.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');

function fail(message) {
  console.error(`onrecord: ${message}`);
  process.exit(1);
}

/** True when node_modules holds what package-lock.json asks for (npm writes its own copy last). */
function installed() {
  const lock = join(root, 'package-lock.json');
  const mark = join(root, 'node_modules', '.package-lock.json');
  return existsSync(mark) && statSync(mark).mtimeMs >= statSync(lock).mtimeMs - 1;
}

function install() {
  if (installed()) return;
  console.error('onrecord: installing the packages of package-lock.json …');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const result = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) fail('`npm ci` failed; see above.');
}

/** The Node that runs everything. */
function node() {
  try {
    return pinnedNode(root);
  } catch (error) {
    return fail(error.message);
  }
}

/** Test files below a folder, sorted, so that a run is the same everywhere. */
function testFiles(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules') && !name.includes('dist'))
    .sort();
}

const exec = (name) => join(bin, name);

/** Each task: the commands it runs, one after the other, until one fails. */
const tasks = {
  check: () => [
    [exec('biome'), ['check', '--error-on-warnings', '.']],
    [exec('tsc'), ['--build', '--pretty', 'false']],
    [exec('tsc'), ['--project', 'tsconfig.tests.json', '--pretty', 'false']],
    [exec('tsc'), ['--project', 'packages/gateway/src/cli/present/page', '--pretty', 'false']],
    [exec('knip'), []],
  ],
  format: () => [[exec('biome'), ['check', '--write', '.']]],
  build: () => [
    [exec('tsc'), ['--build', 'tsconfig.build.json']],
    [node(), [join('scripts', 'copy-assets.ts')]],
    [node(), [join('scripts', 'bundle-connector.ts')]],
  ],
  test: (args) => {
    const chosen = args.filter((arg) => !arg.startsWith('-'));
    const files =
      chosen.length > 0
        ? chosen.flatMap((path) => (statSync(join(root, path)).isDirectory() ? testFiles(path) : [path]))
        : ['packages', 'tests', 'bench'].flatMap(testFiles);
    const flags = args.filter((arg) => arg.startsWith('-'));
    return [
      [
        node(),
        [
          ...sourceFlags,
          '--test',
          '--test-concurrency=3',
          ...flags,
          ...files.map((f) => relative(root, join(root, f))),
        ],
      ],
    ];
  },
  demo: (args) => [[node(), [...sourceFlags, join('examples', 'demo', 'demo.ts'), ...args]]],
  bench: (args) => [[node(), [...sourceFlags, join('bench', 'bench.ts'), ...args]]],
  run: (args) => [[node(), [...sourceFlags, ...args]]],
};

const [name, ...args] = process.argv.slice(2);
const task = tasks[name];
if (!task) fail(`there is no task "${name}"; there are: ${Object.keys(tasks).join(', ')}.`);
install();

const env = { ...process.env, PATH: `${dirname(node())}${delimiter}${bin}${delimiter}${process.env.PATH}` };
for (const [command, commandArgs] of task(args)) {
  const child = spawn(command, commandArgs, { cwd: root, env, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`onrecord: cannot run ${command}: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (status, signal) => resolve(status ?? (signal ? 130 : 1)));
  });
  if (code !== 0) process.exit(code);
}
