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
  assert.deepEqual(parseSecretReference('exec: vault read x'), { type: 'exec', command: 'vault read x' });
  for (const text of ['hunter2', 'env:', 'env:1A', 'env:A B', 'file:', 'ENV:A', 'env:A\n', 'exec:', 'exec: ']) {
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

test('what a command prints is a secret, one line end taken away', async () => {
  const exec = (command: string) => resolveSecret({ type: 'exec', command }, { PATH: process.env['PATH'], A: 'one' });
  assert.equal(await exec('printf "%s two\n\n" "$A"'), 'one two\n');
  assert.equal(await exec('echo hunter2 | tr a-z A-Z'), 'HUNTER2');
});

test('a command that fails, prints too much or nothing is an error without what it printed', async () => {
  const cases = [
    ['echo hunter2; exit 3', 'secret exec:echo hunter2; exit 3: the command ended with status 3'],
    ['head -c 70000 /dev/zero', 'secret exec:head -c 70000 /dev/zero is larger than 65536 bytes'],
    ['true', 'secret exec:true is empty'],
    ['kill -9 $$', 'secret exec:kill -9 $$: the command ended with SIGKILL'],
  ] as const;
  for (const [command, message] of cases) {
    await assert.rejects(resolveSecret({ type: 'exec', command }, { PATH: process.env['PATH'] }), { message });
  }
});
