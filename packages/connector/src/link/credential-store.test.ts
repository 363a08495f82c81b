import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { removeDirectory, temporaryDirectory } from '../../../../tests/support/leftovers.ts';
import { makeAuthority } from './authority.fixture.ts';
import { credentialFile, loadCredentials, prepareStore, saveCredentials } from './credential-store.ts';
import { type LinkCredentials, linkCredentials, renewAt } from './credentials.ts';
import { LinkError } from './link-error.ts';
import { newKey } from './new-key.ts';

const directory = temporaryDirectory('credentials');
after(() => removeDirectory(directory));

const authority = await makeAuthority();

async function credentials(): Promise<LinkCredentials> {
  const { privateKey, publicKey } = await newKey();
  const certificate = await authority.issue('db-eu', Buffer.from(publicKey).toString('base64'));
  return linkCredentials({ key: privateKey, certificate, authority: authority.certificate }, Date.now());
}

test('what is kept is what is read again, and nobody else can read it', async () => {
  const file = credentialFile(directory, { host: '::1', port: 7432 });
  assert.equal(file, join(directory, '%3A%3A1_7432', 'credentials.pem'));
  assert.equal(await loadCredentials(file), undefined);
  const kept = await credentials();
  await prepareStore(file);
  assert.equal(await loadCredentials(file), undefined);
  await saveCredentials(file, kept);
  const read = await loadCredentials(file);
  assert.deepEqual([read?.connector, read?.notAfter], ['db-eu', kept.notAfter]);
  assert.deepEqual(read?.key, kept.key);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
});

test('what a crash left half-written is neither read nor in the way', async () => {
  const file = credentialFile(directory, { host: 'crashed', port: 1 });
  const [before, next] = [await credentials(), await credentials()];
  await saveCredentials(file, before);
  writeFileSync(`${file}.new`, '-----BEGIN PRIVATE', { mode: 0o644 });
  assert.equal((await loadCredentials(file))?.key, before.key);
  await saveCredentials(file, next);
  assert.equal((await loadCredentials(file))?.key, next.key);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dirname(file)), ['credentials.pem']);
});

test('a file of which a part is missing, or that holds the key of another certificate, is refused with what to do', async () => {
  const file = credentialFile(directory, { host: 'damaged', port: 1 });
  const [one, other] = [await credentials(), await credentials()];
  await saveCredentials(file, one);
  const whole = readFileSync(file, 'utf8');
  const parts = ['', whole.slice(0, -30), whole.replace(one.key, other.key), whole.replaceAll('A', 'B')];
  for (const text of parts) {
    writeFileSync(file, text);
    await assert.rejects(loadCredentials(file), (error) => {
      assert.ok(error instanceof LinkError && error.final);
      assert.match(error.message, /cannot be used: .*; remove it and enrol this connector again$/);
      return true;
    });
  }
});

test('a directory that cannot be written is found out before a token is spent', async () => {
  const file = credentialFile(directory, { host: 'blocked', port: 1 });
  mkdirSync(dirname(file));
  mkdirSync(`${file}.new`);
  await assert.rejects(prepareStore(file), /cannot be written \(EISDIR\)/);
});

test('a certificate is renewed after two thirds of the time that it has had since it came', () => {
  const about = { key: '', certificate: '', authority: '', connector: 'x' };
  assert.equal(renewAt({ ...about, since: 100, notAfter: 400 }), 300);
});
