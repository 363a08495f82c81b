import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { runProgram } from '../support/program.ts';

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'README.md'), 'utf8');
const onrecord = [join(root, 'packages', 'gateway', 'bin', 'onrecord.js')];

const pages = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

describe('README.md', () => {
  it('stays under 200 lines, and ARCHITECTURE.md under 300', () => {
    assert.ok(text.split('\n').length < 200);
    assert.ok(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split('\n').length < 300);
  });

  for (const file of ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'ARCHITECTURE.md', 'bench/README.md', ...pages]) {
    it(`and ${file} link to files that exist`, () => {
      const content = readFileSync(join(root, file), 'utf8');
      for (const [, target = ''] of content.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
        assert.ok(existsSync(join(root, file, '..', target)), target);
      }
      for (const [, target = file.replace(/^.*\//, ''), heading] of content.matchAll(
        /\]\((?!https?:)([^)#]+)?#([^)]+)\)/g,
      )) {
        const headings = readFileSync(join(root, file, '..', target), 'utf8').match(/^#+ .*$/gm) ?? [];
        assert.ok(headings.map(anchor).includes(heading ?? ''), `${target}#${heading}`);
      }
    });
  }

  it('shows a configuration that passes its check', async () => {
    const directory = temporaryDirectory('readme');
    try {
      writeFileSync(join(directory, 'onrecord.yaml'), /^```yaml\n([\s\S]*?)^```$/m.exec(text)?.[1] ?? '');
      const checked = await runProgram(process.execPath, [...onrecord, 'config', 'check'], { cwd: directory });
      assert.equal(checked.status, 0, checked.stderr);
    } finally {
      removeDirectory(directory);
    }
  });

  it('names commands and options that exist', async () => {
    const lines = [...text.matchAll(/^\$ (?:npx --no )?onrecord (.*?)(?: {2,}#.*)?$/gm)].map(([, words = '']) => words);
    assert.ok(lines.length >= 8, 'the README shows how to use it');
    for (const line of lines) {
      const [command = '', subcommand = ''] = line.split(' ');
      const named = command === 'tokens' ? [command, subcommand] : [command];
      const { stdout } = await runProgram(process.execPath, [...onrecord, ...named, '--help']);
      assert.match(stdout, new RegExp(`Usage: onrecord (?:${named.join(' ')}|\\[options\\])`), line);
      for (const [option] of line.matchAll(/--[a-z]+/g)) assert.match(stdout, new RegExp(`${option}\\b`), line);
    }
  });
});

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
