// Which Node runs the project. Plain JavaScript without dependencies: whatever Node somebody has must be able to run it
// (20 and later).
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const minimumMajor = 24;

/** What is run from the sources needs these: packages resolve to src, not dist. */
export const sourceFlags = ['--conditions=@onrecord/source', '--disable-warning=ExperimentalWarning'];

/**
 * The pinned Node of this platform, looked for from `directory` upwards, or the running one where that is new enough.
 * Throws an Error for the user when there is none.
 */
export function pinnedNode(directory) {
  const windows = process.platform === 'win32';
  const name = `node-${windows ? 'win' : process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(join(directory, 'package.json')).resolve(`${name}/package.json`);
    const path = join(dirname(manifest), 'bin', windows ? 'node.exe' : 'node');
    if (existsSync(path)) return path;
  } catch {
    // Not packaged for this platform, or not installed: the running Node may do.
  }
  if (Number(process.versions.node.split('.')[0]) >= minimumMajor) return process.execPath;
  throw new Error(`Node ${minimumMajor} is needed, this is ${process.version}, and no ${name} package is installed.`);
}
