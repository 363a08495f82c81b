import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseSecretReference, resolveSecret } from './secret.ts';

const directory = mkdtempSync(join(tmpdir(), 'onrecord-secret-'));
after(() => rmSync(directory, { recursive: true }));

function file(content: string | Uint8Array): { readonly type: 'file'; readonly path: string } {
  const path = join(directory, `secret-${Math.random().toString(36).slice(2)}`);
  writeFileSync(path, content);
  return { type: 'file', path };
}

test('a reference names a variable or a file, and a password is neither', () => {
  assert.deepEqual(parseSecretReference('env:BILLING_PASSWORD'), { type: 'env', name: 'BILLING_PASSWORD' });
  assert.deepEqual(parseSecretReference('file:/run/secrets/billing'), { type: 'file', path: '/run/secrets/billing' });
  for (const text of ['hunter2', 'env:', 'env:1A', 'env:A B', 'file:', 'ENV:A', 'env:A\n', 'exec:cat x']) {
    assert.equal(parseSecretReference(text), undefined, text);
  }
});

test('a variable is read when the secret is asked for', async () => {
  const env: { A?: string } = { A: 'one' };
  assert.equal(await resolveSecret({ type: 'env', name: 'A' }, env), 'one');
  env.A = 'two\n';
  assert.equal(await resolveSecret({ type: 'env', name: 'A' }, env), 'two\n');
});

test('the last line end of a file is not part of the secret, everything else is', async () => {
  assert.equal(await resolveSecret(file('hunter2\n'), {}), 'hunter2');
  assert.equal(await resolveSecret(file('hunter2\r\n'), {}), 'hunter2');
  assert.equal(await resolveSecret(file(' hünter2 \n\n'), {}), ' hünter2 \n');
});

test('a secret that is not there, empty or unusable is an error that names the reference only', async () => {
  const large = file('hunter2'.repeat(10_000));
  const binary = file(Uint8Array.of(0xff, 0xfe));
  const cases = [
    {
      reference: { type: 'env', name: 'NONE' },
      message: 'secret env:NONE: the environment has no variable of this name',
    },
    { reference: { type: 'env', name: 'EMPTY' }, message: 'secret env:EMPTY is empty' },
    { reference: { type: 'env', name: 'NUL' }, message: 'secret env:NUL holds a NUL byte' },
    { reference: { type: 'file', path: '/nowhere/x' }, message: 'secret file:/nowhere/x cannot be read (ENOENT)' },
    { reference: { type: 'file', path: directory }, message: `secret file:${directory} cannot be read (EISDIR)` },
    { reference: large, message: `secret file:${large.path} is larger than 65536 bytes` },
    { reference: binary, message: `secret file:${binary.path} is not UTF-8 text` },
  ] as const;
  for (const { reference, message } of cases) {
    await assert.rejects(resolveSecret(reference, { EMPTY: '', NUL: 'hunter2\0' }), (error: Error) => {
      assert.equal(error.message, message);
      assert.equal(error.cause, undefined);
      return true;
    });
  }
});
