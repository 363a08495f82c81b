import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const main = join(root, 'packages', 'gateway', 'dist', 'cli', 'main.js');

/** What npm would publish, run by Node alone: without type stripping and without the sources. */
describe('the built packages', () => {
  before(async () => {
    await run(process.execPath, [join(root, 'scripts', 'run.mjs'), 'build'], { cwd: root });
  });

  it('know their version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'packages/gateway/package.json'), 'utf8'));
    const { stdout } = await run(process.execPath, [main, '--version']);
    assert.equal(stdout.trim(), version);
  });

  it('check a configuration, with every package that this needs', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'onrecord-build-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const check = run(process.execPath, [main, 'config', 'check', '--config', join(directory, 'none.yaml')]);
    await assert.rejects(check, (error: { stdout: string }) => /there is no such file/.test(error.stdout));
  });

  it('bring the page of the HTML export', () => {
    const page = join(root, 'packages/gateway/dist/cli/present/page');
    for (const asset of ['page.js', 'page.css']) assert.ok(readFileSync(join(page, asset)).length > 0);
  });
});
