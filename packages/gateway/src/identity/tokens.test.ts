import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { State } from '../store/state.ts';
import { deriveVerifier } from './scram-verifier.ts';
import { type Credentials, maximumTokens, Tokens } from './tokens.ts';

const root = mkdtempSync(join(tmpdir(), 'onrecord-tokens-'));
const opened: State[] = [];
after(() => {
  for (const state of opened) state.close();
  rmSync(root, { recursive: true });
});

const nowMs = 1_800_000_000_000;

function open(directory: string = mkdtempSync(join(root, 'data-'))): {
  readonly tokens: Tokens;
  readonly state: State;
  readonly directory: string;
} {
  const state = new State(directory);
  opened.push(state);
  return { tokens: new Tokens(state), state, directory };
}

function outbox(state: State): readonly unknown[] {
  return state.database
    .prepare('SELECT body FROM outbox ORDER BY id')
    .all()
    .map(({ body }) => JSON.parse(String(body)));
}

/** The id of the verifier that a SCRAM proof made with the password would pass, as a server finds it (RFC 5802, 3). */
function login({ salt, iterations, verifiers }: Credentials, password: string): string | undefined {
  const message = 'n=,r=nonce,r=nonce,s=,i=4096,c=biws,r=nonce';
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const clientStored = createHash('sha256').update(clientKey).digest();
  const signature = createHmac('sha256', clientStored).update(message).digest();
  const proof = clientKey.map((byte, at) => byte ^ (signature[at] as number));
  return verifiers.find(({ storedKey }) => {
    const expected = createHmac('sha256', storedKey).update(message).digest();
    const key = Buffer.from(proof.map((byte, at) => byte ^ (expected[at] as number)));
    return createHash('sha256').update(key).digest().equals(storedKey);
  })?.id;
}

test('a token logs in as its identity and as no other', () => {
  const { tokens } = open();
  const token = tokens.create('billing-agent', 'ann', { nowMs });
  assert.equal(login(tokens.lookup('billing-agent', nowMs), token.text), token.id);
  assert.equal(login(tokens.lookup('billing-agent', nowMs), `${token.text}x`), undefined);
  assert.equal(login(tokens.lookup('other-agent', nowMs), token.text), undefined);
});

test('several tokens of one identity are valid at once, under one salt', () => {
  const { tokens } = open();
  const first = tokens.create('agent', 'ann', { nowMs });
  const { salt } = tokens.lookup('agent', nowMs);
  const second = tokens.create('agent', 'ann', { nowMs: nowMs + 1 });
  const found = tokens.lookup('agent', nowMs + 1);
  assert.deepEqual(found.salt, salt);
  assert.equal(found.iterations, 4096);
  assert.equal(login(found, first.text), first.id);
  assert.equal(login(found, second.text), second.id);
});

test('an unknown identity has a salt like any other: its own, and always the same', () => {
  const { tokens, directory } = open();
  tokens.create('known', 'ann', { nowMs });
  const known = tokens.lookup('known', nowMs);
  const unknown = tokens.lookup('stranger', nowMs);
  assert.deepEqual(Object.keys(unknown), Object.keys(known));
  assert.equal(unknown.salt.length, known.salt.length);
  assert.equal(unknown.iterations, known.iterations);
  assert.deepEqual(unknown.verifiers, []);
  assert.notDeepEqual(unknown.salt, known.salt);
  assert.notDeepEqual(unknown.salt, tokens.lookup('stranger2', nowMs).salt);
  const reopened = open(directory);
  assert.deepEqual(reopened.tokens.lookup('stranger', nowMs).salt, unknown.salt);
  // Becoming known does not change it either.
  tokens.create('stranger', 'ann', { nowMs });
  assert.deepEqual(tokens.lookup('stranger', nowMs).salt, unknown.salt);
});

test('a token is valid up to its last microsecond and not beyond', () => {
  const { tokens } = open();
  const token = tokens.create('agent', 'ann', { nowMs, lifetimeMs: 1000 });
  assert.equal(token.expiresAt, (nowMs + 1000) * 1000);
  assert.equal(tokens.lookup('agent', nowMs + 999.999).verifiers.length, 1);
  assert.equal(tokens.isValid(token.id, nowMs + 999), true);
  assert.deepEqual(tokens.lookup('agent', nowMs + 1000).verifiers, []);
  assert.equal(tokens.isValid(token.id, nowMs + 1000), false);
});

test('a token that another process revoked is gone at the next look', () => {
  const gateway = open();
  const token = gateway.tokens.create('agent', 'ann', { nowMs });
  assert.equal(gateway.tokens.lookup('agent', nowMs).verifiers.length, 1);
  const command = open(gateway.directory);
  const revoked = command.tokens.revoke(token.id, 'bob', nowMs + 5);
  assert.equal(revoked?.changed, true);
  assert.deepEqual(gateway.tokens.lookup('agent', nowMs + 5).verifiers, []);
  assert.equal(gateway.tokens.isValid(token.id, nowMs + 5), false);
});

test('revoking erases the verifier, happens once and leaves who and when', () => {
  const { tokens, state } = open();
  const token = tokens.create('agent', 'ann', { nowMs });
  tokens.revoke(token.id, 'bob', nowMs + 5);
  const again = tokens.revoke(token.id, 'eve', nowMs + 9);
  assert.equal(again?.changed, false);
  assert.deepEqual(tokens.list(), [
    {
      id: token.id,
      identity: 'agent',
      createdAt: nowMs * 1000,
      createdBy: 'ann',
      expiresAt: undefined,
      revokedAt: (nowMs + 5) * 1000,
      revokedBy: 'bob',
    },
  ]);
  const row = state.database.prepare('SELECT stored_key, server_key FROM tokens').get();
  assert.deepEqual({ ...row }, { stored_key: null, server_key: null });
  assert.equal(tokens.revoke('nothing', 'bob', nowMs), undefined);
});

test('creating and revoking each leave an entry, without the secret', () => {
  const { tokens, state } = open();
  const token = tokens.create('agent', 'ann', { nowMs, lifetimeMs: 60_000 });
  tokens.revoke(token.id, 'bob', nowMs + 5);
  tokens.revoke(token.id, 'bob', nowMs + 6);
  assert.deepEqual(outbox(state), [
    {
      type: 'token_created',
      token: token.id,
      forIdentity: 'agent',
      by: 'ann',
      createdAt: nowMs * 1000,
      expiresAt: (nowMs + 60_000) * 1000,
    },
    { type: 'token_revoked', token: token.id, forIdentity: 'agent', by: 'bob', revokedAt: (nowMs + 5) * 1000 },
  ]);
});

test('the secret is in no file of the data directory', () => {
  const { tokens, directory } = open();
  const { text } = tokens.create('agent', 'ann', { nowMs });
  const secret = text.split('_')[2] ?? '';
  for (const name of readdirSync(directory)) {
    assert.ok(!readFileSync(join(directory, name), 'latin1').includes(secret), name);
  }
});

test('an identity has a bounded number of valid tokens; revoked and expired ones do not count', () => {
  const { tokens, state } = open();
  for (let n = 1; n < maximumTokens; n += 1) tokens.create('agent', 'ann', { nowMs });
  const brief = tokens.create('agent', 'ann', { nowMs, lifetimeMs: 10 });
  const entries = outbox(state).length;
  assert.throws(() => tokens.create('agent', 'ann', { nowMs }), /has 16 valid tokens, which is the limit/);
  assert.equal(outbox(state).length, entries);
  tokens.create('agent', 'ann', { nowMs: nowMs + 10 });
  assert.throws(() => tokens.create('agent', 'ann', { nowMs: nowMs + 10 }), /limit/);
  tokens.create('other', 'ann', { nowMs });
  assert.ok(tokens.list('agent').some(({ id }) => id === brief.id));
  assert.equal(tokens.list('other').length, 1);
});

test('the verifier is that of the example in RFC 7677', () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const { storedKey, serverKey } = deriveVerifier('pencil', salt, 4096);
  const authMessage =
    'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const signature = createHmac('sha256', serverKey).update(authMessage).digest('base64');
  assert.equal(signature, '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
  const clientSignature = createHmac('sha256', storedKey).update(authMessage).digest();
  const clientKey = proof.map((byte, at) => byte ^ (clientSignature[at] as number));
  assert.deepEqual(createHash('sha256').update(clientKey).digest(), storedKey);
});
