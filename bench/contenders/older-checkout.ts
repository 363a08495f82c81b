import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { removeDirectory, temporaryDirectory } from '../../tests/support/leftovers.ts';

const root = join(import.meta.dirname, '..', '..');
const scope = '@onrecord';

export interface OlderCheckout {
  readonly root: string;
  remove(): void;
}

/** The sources of a commit in a temporary directory, with the packages that are installed here. Throws where git does not have it. */
export function olderCheckout(commit: string): OlderCheckout {
  const directory = temporaryDirectory('bench-checkout');
  const remove = (): void => removeDirectory(directory);
  try {
    const archive = execFileSync('git', ['archive', commit, 'packages', 'package.json'], {
      cwd: root,
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    execFileSync('tar', ['-x', '-C', directory], { input: archive });
    const modules = join(directory, 'node_modules');
    mkdirSync(join(modules, scope), { recursive: true });
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (name !== scope && name !== '.bin') symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
    for (const name of readdirSync(join(root, 'node_modules', scope))) {
      symlinkSync(join(directory, 'packages', name), join(modules, scope, name));
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { root: directory, remove };
}
