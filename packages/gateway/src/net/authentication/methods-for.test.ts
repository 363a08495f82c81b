import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Identity, LoginMethod } from '../../config/config.ts';
import type { Issuer } from '../../config/issuer.ts';
import { noControls } from '../../policy/policy.fixture.ts';
import { askFor } from './ask-for.ts';
import { type AskedMethod, methodsFor } from './methods-for.ts';

const lot = (text: string): bigint => createHmac('sha256', 'installation').update(text).digest().readBigUInt64BE();

function identities(...logins: readonly (readonly LoginMethod[])[]): ReadonlyMap<string, Identity> {
  return new Map(
    logins.map((login, at) => {
      const name = `known${at}`;
      return [name, { name, kind: 'agent', groups: [], connections: [], login, controls: noControls }];
    }),
  );
}

function methods(user: string, known: ReadonlyMap<string, Identity>): string {
  return methodsFor(user, { identity: known.get(user), config: { identities: known }, lot }).join();
}

const strangers = Array.from({ length: 2000 }, (_, at) => `stranger${at}`);

describe('what a name is asked for', () => {
  const known = identities(['token'], ['jwt', 'token'], ['oauth'], ['certificate', 'token'], ['certificate']);

  it('is what the identity logs in with', () => {
    assert.equal(methods('known1', known), 'jwt,token');
    assert.equal(methods('known2', known), 'oauth');
    assert.equal(methods('known3', known), 'token');
  });

  it('is, for a stranger, what some identity logs in with: all of them, and always the same', () => {
    const counts = Map.groupBy(strangers, (name) => methods(name, known));
    assert.deepEqual([...counts.keys()].sort(), ['jwt,token', 'oauth', 'token']);
    for (const [, names] of counts) assert.ok(names.length > strangers.length / 5);
    assert.equal(methods('stranger7', known), methods('stranger7', known));
  });

  it('is that of a stranger for who has a certificate alone and does not show it', () => {
    const unknown = methodsFor('known4', { identity: undefined, config: { identities: known }, lot }).join();
    assert.equal(methods('known4', known), unknown);
  });

  it('is a token where nobody has anything', () => {
    assert.equal(methods('stranger', identities()), 'token');
    assert.equal(methods('stranger', identities(['certificate'])), 'token');
  });

  it('changes for no more names than a new combination takes', () => {
    const after = identities(['token'], ['jwt', 'token'], ['oauth'], ['certificate'], ['oauth', 'token']);
    const changed = strangers.filter((name) => methods(name, known) !== methods(name, after));
    assert.ok(changed.every((name) => methods(name, after) === 'oauth,token'));
    assert.ok(changed.length < strangers.length / 3);
  });
});

describe('how a client is asked', () => {
  const endPoint = new Uint8Array(32);
  const issuer = { issuer: 'https://id.example.com/', scope: 'openid db' } as Issuer;
  const config = { issuers: new Map([['corp', issuer]]) };
  const ask = (list: readonly AskedMethod[], encrypted = true) =>
    askFor(list, { encrypted, endPoint: encrypted ? endPoint : undefined, config });
  const mechanisms = (list: readonly AskedMethod[], encrypted = true) => {
    const found = ask(list, encrypted);
    return found?.type === 'sasl' ? found.mechanisms : found?.type;
  };

  it('is a password where that may be a JWT', () => {
    assert.equal(mechanisms(['jwt']), 'password');
    assert.equal(mechanisms(['token', 'jwt']), 'password');
  });

  it('is in the order of the list, and without channel binding where libpq would take that first', () => {
    assert.deepEqual(mechanisms(['token']), ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']);
    assert.deepEqual(mechanisms(['token', 'oauth']), ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'OAUTHBEARER']);
    assert.deepEqual(mechanisms(['oauth', 'token']), ['OAUTHBEARER', 'SCRAM-SHA-256']);
    assert.deepEqual(mechanisms(['oauth']), ['OAUTHBEARER']);
  });

  it('is by SCRAM or not at all without TLS', () => {
    for (const list of [['token'], ['jwt', 'token'], ['oauth', 'token']] as const) {
      assert.deepEqual(mechanisms(list, false), ['SCRAM-SHA-256']);
    }
    assert.equal(ask(['jwt'], false), undefined);
    assert.equal(ask(['oauth'], false), undefined);
  });

  it('says where tokens come from', () => {
    const found = ask(['oauth']);
    assert.ok(found?.type === 'sasl');
    assert.deepEqual(found.discovery, {
      openidConfiguration: 'https://id.example.com/.well-known/openid-configuration',
      scope: 'openid db',
    });
  });
});
