import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../protocol-error.ts';
import { OAuthBearerServer } from './oauth-bearer-server.ts';

const discovery = { openidConfiguration: 'https://id.example.com/.well-known/openid-configuration', scope: 'openid' };
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const first = (text: string) => new OAuthBearerServer(discovery).step(bytes(text));
const challenge = Buffer.from(
  `{"status":"invalid_token","openid-configuration":"${discovery.openidConfiguration}","scope":"openid"}`,
);

describe('the first message of OAUTHBEARER', () => {
  it('hands over a token, whatever the case of the scheme, and whatever else it says', () => {
    const token = 'eyJhbGciOi.J9-_~+/==';
    assert.deepEqual(first(`n,,\x01auth=Bearer ${token}\x01\x01`), { type: 'token', token });
    assert.deepEqual(first(`y,,\x01auth=bEARER   ${token}\x01\x01`), { type: 'token', token });
    assert.deepEqual(first(`n,,\x01host=a\x01port=5432\x01auth=Bearer a=\x01user=b=c\x01\x01`), {
      type: 'token',
      token: 'a=',
    });
  });

  it('may ask where tokens come from; the answer is acknowledged and the exchange fails', () => {
    const server = new OAuthBearerServer(discovery);
    assert.deepEqual(server.step(bytes('n,,\x01auth=\x01\x01')), {
      type: 'challenge',
      data: new Uint8Array(challenge),
    });
    assert.deepEqual(server.step(bytes('\x01')), { type: 'refused', asked: true });
  });

  it('may be left out, so that the server speaks first', () => {
    const server = new OAuthBearerServer(discovery);
    assert.deepEqual(server.step(null), { type: 'challenge', data: new Uint8Array(0) });
    assert.equal(server.step(bytes('n,,\x01auth=Bearer a\x01\x01')).type, 'token');
  });

  it('fails as a wrong token does when it holds none', () => {
    for (const auth of ['Basic abc', 'Bearer', 'Bearer ', 'Bearer a b', 'Bearer =', 'Bearer a=b', 'Bearer "a"']) {
      assert.equal(first(`n,,\x01auth=${auth}\x01\x01`).type, 'challenge', auth);
    }
  });

  const broken: { readonly [message: string]: RegExp } = {
    '': /the message is empty/,
    'n,,\x01auth=Bearer a\0\x01\x01': /message length does not match/,
    'p=tls-exporter,,\x01auth=\x01\x01': /does not support channel binding/,
    'x,,\x01auth=\x01\x01': /unexpected channel-binding flag/,
    'n;,\x01auth=\x01\x01': /comma expected/,
    'n,a=me,\x01auth=\x01\x01': /uses authorization identity/,
    'n,x,\x01auth=\x01\x01': /unexpected attribute/,
    'n,,auth=\x01\x01': /separator expected/,
    'n,,\x01auth=Bearer a': /unterminated key\/value pair/,
    'n,,\x01auth=Bearer a\x01': /did not contain a final terminator/,
    'n,,\x01': /did not contain a final terminator/,
    'n,,\x01\x01': /does not contain an auth value/,
    'n,,\x01host=a\x01\x01': /does not contain an auth value/,
    'n,,\x01auth=Bearer a\x01\x01more': /additional data after the final terminator/,
    'n,,\x01auth\x01\x01': /key without a value/,
    'n,,\x01=a\x01\x01': /empty key name/,
    'n,,\x01a1=a\x01\x01': /invalid key name/,
    'n,,\x01auth=Bearer \xe9\x01\x01': /invalid value/,
    'n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01': /multiple auth values/,
  };
  for (const [message, why] of Object.entries(broken)) {
    it(`is refused when it is ${JSON.stringify(message)}`, () => {
      assert.throws(
        () => first(message),
        (error) => error instanceof ProtocolError && why.test(error.message) && !error.message.includes('Bearer'),
      );
    });
  }

  it('gives a token, a challenge or a ProtocolError, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (tail) => {
        const message = Buffer.concat([bytes('n,,\x01auth='), tail]);
        try {
          const step = new OAuthBearerServer(discovery).step(message);
          assert.ok(step.type === 'token' || step.type === 'challenge');
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});

describe('the answer to a failure', () => {
  it('is a refusal once it is acknowledged', () => {
    const server = new OAuthBearerServer(discovery);
    server.step(bytes('n,,\x01auth=Bearer a\x01\x01'));
    server.reject();
    assert.deepEqual(server.step(bytes('\x01')), { type: 'refused', asked: false });
  });

  it('is told once, and takes nothing but the acknowledgement', () => {
    const server = new OAuthBearerServer(discovery);
    assert.equal(server.step(bytes('n,,\x01auth=Bearer a\x01\x01')).type, 'token');
    const step = server.reject();
    assert.ok(step.type === 'challenge');
    assert.deepEqual(JSON.parse(Buffer.from(step.data).toString()), {
      status: 'invalid_token',
      'openid-configuration': discovery.openidConfiguration,
      scope: 'openid',
    });
    assert.throws(() => server.step(bytes('n,,\x01auth=Bearer b\x01\x01')), /did not send a kvsep response/);
  });
});
