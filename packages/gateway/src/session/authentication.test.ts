import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  type ChannelBinding,
  decodeBackend,
  encodeFrontend,
  Framer,
  limits,
  offeredMechanisms,
  ProtocolError,
  Reader,
  ScramClient,
  type ScramCrypto,
  scramKeys,
} from '@onrecord/wire';
import { type Ask, Authentication } from './authentication.ts';

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

const discovery = { openidConfiguration: 'https://id.example.com', scope: 'openid' };

function scramAsk(endPoint: Uint8Array | undefined): Ask {
  return { type: 'sasl', mechanisms: offeredMechanisms(endPoint), endPoint, discovery };
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
  const authentication = new Authentication({ ask: scramAsk(endPoint), crypto, candidates });
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
  const step = authentication.push(answer);
  return { client, step, rest: authentication.takeRest() };
}

describe('the authentication of a client', () => {
  it('offers channel binding where there is a certificate', () => {
    const candidates = { salt, iterations, verifiers: [] };
    const offered = (endPoint: Uint8Array | undefined) =>
      messages(new Authentication({ ask: scramAsk(endPoint), crypto, candidates }).begin())[0];
    assert.deepEqual(offered(undefined), { type: 'authentication', method: 'sasl', mechanisms: ['SCRAM-SHA-256'] });
    assert.deepEqual(offered(new Uint8Array(32)), {
      type: 'authentication',
      method: 'sasl',
      mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'],
    });
  });

  it('says which of several tokens was proved, and proves itself', () => {
    const tokens = [verifier('old', 'one'), verifier('new', 'two')];
    const { client, step, rest } = exchange({ password: 'two', tokens, ahead: Buffer.from('early') });
    assert.ok(step.type === 'proved');
    assert.equal(step.credential, 'new');
    assert.equal(Buffer.from(rest).toString(), 'early');
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
    assert.equal(exchange({ ...plus, binding: { flag: 'p', endPoint } }).step.type, 'proved');
    const other = new Uint8Array(32).fill(2);
    assert.throws(() => exchange({ ...plus, binding: { flag: 'p', endPoint: other } }), /channel binding check failed/);
  });

  it('takes no other message in its place', () => {
    for (const ask of [scramAsk(undefined), { type: 'password' } as const]) {
      const authentication = new Authentication({ ask, crypto, candidates: nobody });
      assert.throws(() => authentication.push(encodeFrontend({ type: 'sync' }).finish()), ProtocolError);
    }
  });
});

const nobody = { salt, iterations, verifiers: [] };

describe('a client that is asked for its password', () => {
  const asked = () => new Authentication({ ask: { type: 'password' }, crypto, candidates: nobody });
  const message = (password: string) =>
    encodeFrontend({ type: 'passwordMessage', password: Buffer.from(password) }).finish();

  it('hands it over to be checked, with what came behind it kept', () => {
    const authentication = asked();
    assert.deepEqual(messages(authentication.begin()), [{ type: 'authentication', method: 'cleartextPassword' }]);
    const sent = Buffer.concat([message('a.b.c'), Buffer.from('early')]);
    assert.deepEqual(authentication.push(sent.subarray(0, 7)), { type: 'more' });
    assert.deepEqual(authentication.push(sent.subarray(7)), { type: 'check', secret: 'a.b.c', by: 'password' });
    assert.deepEqual(messages(authentication.accept()), [{ type: 'authentication', method: 'ok' }]);
    assert.equal(Buffer.from(authentication.takeRest()).toString(), 'early');
  });

  it('is refused when it is wrong', () => {
    const authentication = asked();
    authentication.push(message('wrong'));
    assert.deepEqual(authentication.reject(), { type: 'refused' });
  });

  it('may send as much as Postgres takes, and no more', () => {
    const most = 'a'.repeat(limits.authTokenBytes - 5);
    assert.equal(asked().push(message(most)).type, 'check');
    assert.throws(() => asked().push(message(`${most}a`)), ProtocolError);
    assert.throws(() => asked().push(message('')), /empty password/);
  });
});

describe('a client that is asked for a bearer token', () => {
  const ask: Ask = { type: 'sasl', mechanisms: ['OAUTHBEARER', 'SCRAM-SHA-256'], endPoint: undefined, discovery };
  const asked = () => new Authentication({ ask, crypto, candidates: nobody });
  const first = (auth: string, mechanism = 'OAUTHBEARER') =>
    encodeFrontend({
      type: 'saslInitialResponse',
      mechanism,
      data: Buffer.from(`n,,\x01auth=${auth}\x01\x01`),
    }).finish();
  const acknowledgement = encodeFrontend({ type: 'saslResponse', data: Uint8Array.of(1) }).finish();

  it('hands it over to be checked; AuthenticationOk follows at once', () => {
    const authentication = asked();
    assert.deepEqual(authentication.push(first('Bearer a.b.c')), { type: 'check', secret: 'a.b.c', by: 'bearer' });
    assert.deepEqual(messages(authentication.accept()), [{ type: 'authentication', method: 'ok' }]);
  });

  it('is told where tokens come from when it is wrong, and refused when it has acknowledged that', () => {
    const authentication = asked();
    authentication.push(first('Bearer a.b.c'));
    const step = authentication.reject();
    assert.ok(step.type === 'send');
    assert.match(Buffer.from(dataOf(step.bytes)).toString(), /"openid-configuration":"https:\/\/id\.example\.com"/);
    assert.deepEqual(authentication.push(acknowledgement), { type: 'refused', asked: false });
  });

  it('may ask where tokens come from and acknowledge the answer before it has come', () => {
    const authentication = asked();
    assert.equal(authentication.push(Buffer.concat([first(''), acknowledgement])).type, 'send');
    assert.deepEqual(authentication.push(), { type: 'refused', asked: true });
  });

  it('must take a mechanism that it was offered', () => {
    assert.throws(() => asked().push(first('', 'SCRAM-SHA-256-PLUS')), /invalid SASL authentication mechanism/);
    const scram = new Authentication({ ask: scramAsk(undefined), crypto, candidates: nobody });
    assert.throws(() => scram.push(first('')), /invalid SASL authentication mechanism/);
  });
});
