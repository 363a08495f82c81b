import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '@onrecord/connector/config';
import { loadConfig } from './load-config.ts';

const directory = mkdtempSync(join(tmpdir(), 'onrecord-config-'));
after(() => rmSync(directory, { recursive: true }));

test('a file is read, and its paths are relative to it', async () => {
  const file = join(directory, 'onrecord.yaml');
  writeFileSync(file, '\ufeffdata: ./here\n');
  const config = await loadConfig(file);
  assert.equal(config.file, file);
  assert.equal(config.data, join(directory, 'here'));
});

test('a file that is not there, a directory and bytes that are no text are problems of the file', async () => {
  const binary = join(directory, 'binary.yaml');
  writeFileSync(binary, Uint8Array.of(0x61, 0xff));
  const cases: readonly (readonly [string, string])[] = [
    [join(directory, 'none.yaml'), 'there is no such file; name another one with --config FILE'],
    [directory, 'cannot be read (EISDIR)'],
    [binary, 'is not UTF-8 text'],
  ];
  for (const [file, message] of cases) {
    await assert.rejects(loadConfig(file), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.message, `${file}: ${message}`);
      return true;
    });
  }
});
