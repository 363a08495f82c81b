import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '..', '..');

interface Manifest {
  readonly dependencies?: { readonly [name: string]: string };
  readonly devDependencies?: { readonly [name: string]: string };
  readonly optionalDependencies?: { readonly [name: string]: string };
}

function manifest(...path: readonly string[]): Manifest {
  return JSON.parse(readFileSync(join(root, ...path, 'package.json'), 'utf8')) as Manifest;
}

const workspaces = readdirSync(join(root, 'packages')).map((name) => manifest('packages', name));
const text = readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8');

/** Packages of the table below a heading. */
function listed(heading: string): readonly string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, `docs/dependencies.md has no section "${heading}"`);
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name ?? '');
}

function thirdParty(...lists: readonly Manifest['dependencies'][]): readonly string[] {
  const names = lists.flatMap((list) => Object.keys(list ?? {}));
  return names.filter((name) => name !== 'onrecord' && !name.startsWith('@onrecord/')).sort();
}

describe('docs/dependencies.md', () => {
  it('lists what the packages depend on', () => {
    const names = thirdParty(...workspaces.map(({ dependencies }) => dependencies));
    assert.deepEqual(listed('Of the gateway'), [...new Set(names)]);
  });

  it('lists what the checkout depends on', () => {
    const development = [...workspaces, manifest()].map(({ devDependencies }) => devDependencies);
    const names = new Set(thirdParty(...development, manifest().dependencies));
    // A workspace may test with what another one runs on: that is listed already.
    for (const name of listed('Of the gateway')) names.delete(name);
    assert.deepEqual(listed('Of the checkout'), [...names]);
  });

  it('lists the Nodes that are pinned', () => {
    assert.deepEqual(listed('Node itself'), thirdParty(manifest().optionalDependencies));
  });

  it('says of each what it is for', () => {
    for (const [row, purpose] of text.matchAll(/^\| `[^`]+` \| ([^|]*) \| [^|]* \|$/gm))
      assert.ok(purpose?.trim(), row);
  });
});

it('pins every dependency to one version', () => {
  for (const { dependencies, devDependencies, optionalDependencies } of [...workspaces, manifest()]) {
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
    }
  }
});
