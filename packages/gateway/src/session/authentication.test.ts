import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  type ChannelBinding,
  decodeBackend,
  encodeFrontend,
  Framer,
  ProtocolError,
  Reader,
  ScramClient,
  type ScramCrypto,
  scramKeys,
} from '@onrecord/wire';
import { Authentication } from './authentication.ts';

const crypto: ScramCrypto = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  randomBytes,
  equal: timingSafeEqual,
};
const salt = Buffer.from('a salt of sixteen');
const iterations = 4096;
const salted = (password: string): Uint8Array => pbkdf2Sync(password, salt, iterations, 32, 'sha256');
const verifier = (id: string, password: string) => ({ id, ...scramKeys(crypto, salted(password)) });

/** Messages of the server, decoded. */
function messages(bytes: Uint8Array) {
  const framer = new Framer({ streams: () => false, maxHeldBytes: () => 65_536 });
  framer.push(bytes);
  const found = [];
  while (framer.next()) found.push(decodeBackend(framer.tag, new Reader(framer.bytes, framer.start + 5, framer.end)));
  return found;
}

function dataOf(bytes: Uint8Array): Uint8Array {
  const [message] = messages(bytes);
  assert.ok(message?.type === 'authentication' && 'data' in message);
  return message.data;
}

interface Exchange {
  readonly password: string;
  readonly tokens: readonly ReturnType<typeof verifier>[];
  readonly endPoint?: Uint8Array;
  readonly binding?: ChannelBinding;
  readonly mechanism?: string;
  /** Bytes that the client sends right behind its last message. */
  readonly ahead?: Uint8Array;
}

function exchange({ password, tokens, endPoint, binding, mechanism, ahead }: Exchange) {
  const candidates = { salt, iterations, verifiers: tokens };
  const authentication = new Authentication({ crypto, endPoint, candidates });
  const client = new ScramClient(crypto, binding ?? { flag: 'n' });
  const initial = {
    type: 'saslInitialResponse',
    mechanism: mechanism ?? 'SCRAM-SHA-256',
    data: client.first(),
  } as const;
  const challenge = authentication.push(encodeFrontend(initial).finish());
  assert.ok(challenge.type === 'send');
  client.salting(dataOf(challenge.bytes));
  const data = client.proof(salted(password));
  const answer = Buffer.concat([encodeFrontend({ type: 'saslResponse', data }).finish(), ahead ?? new Uint8Array(0)]);
  return { client, step: authentication.push(answer) };
}

describe('the authentication of a client', () => {
  it('offers channel binding where there is a certificate', () => {
    const candidates = { salt, iterations, verifiers: [] };
    const offered = (endPoint: Uint8Array | undefined) =>
      messages(new Authentication({ crypto, endPoint, candidates }).begin())[0];
    assert.deepEqual(offered(undefined), { type: 'authentication', method: 'sasl', mechanisms: ['SCRAM-SHA-256'] });
    assert.deepEqual(offered(new Uint8Array(32)), {
      type: 'authentication',
      method: 'sasl',
      mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'],
    });
  });

  it('says which of several tokens was proved, and proves itself', () => {
    const tokens = [verifier('old', 'one'), verifier('new', 'two')];
    const { client, step } = exchange({ password: 'two', tokens, ahead: Buffer.from('early') });
    assert.ok(step.type === 'accepted');
    assert.equal(step.credential, 'new');
    assert.equal(Buffer.from(step.rest).toString(), 'early');
    const [final, ok] = messages(step.bytes);
    assert.ok(final?.type === 'authentication' && final.method === 'saslFinal');
    client.verify(final.data);
    assert.ok(ok?.type === 'authentication' && ok.method === 'ok');
  });

  it('refuses a wrong password and a user without tokens in the same way', () => {
    assert.equal(exchange({ password: 'three', tokens: [verifier('one', 'one')] }).step.type, 'refused');
    assert.equal(exchange({ password: 'one', tokens: [] }).step.type, 'refused');
  });

  it('binds to the certificate that the client has seen, and to no other', () => {
    const endPoint = new Uint8Array(32).fill(1);
    const plus = { password: 'one', tokens: [verifier('one', 'one')], endPoint, mechanism: 'SCRAM-SHA-256-PLUS' };
    assert.equal(exchange({ ...plus, binding: { flag: 'p', endPoint } }).step.type, 'accepted');
    const other = new Uint8Array(32).fill(2);
    assert.throws(() => exchange({ ...plus, binding: { flag: 'p', endPoint: other } }), /channel binding check failed/);
  });

  it('takes no other message in its place', () => {
    const candidates = { salt, iterations, verifiers: [] };
    const authentication = new Authentication({ crypto, endPoint: undefined, candidates });
    assert.throws(() => authentication.push(encodeFrontend({ type: 'sync' }).finish()), ProtocolError);
  });
});
