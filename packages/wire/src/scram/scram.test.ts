import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../protocol-error.ts';
import { type ScramKeys, scramKeys, serverKey } from './keys.ts';
import { type ChannelBinding, chooseMechanism, offeredMechanisms } from './mechanism.ts';
import { clientProof, proves, serverSignature } from './proof.ts';
import { saslprep } from './saslprep.ts';
import { ScramClient } from './scram-client.ts';
import type { ScramCrypto } from './scram-crypto.ts';
import { doomedCandidates, type ScramCandidates, ScramServer, type ScramStep } from './scram-server.ts';

const crypto: ScramCrypto = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  randomBytes,
  equal: timingSafeEqual,
};

const iterations = 16;
const salt = Buffer.from('sixteen bytes...');
const endPoint = crypto.sha256(Buffer.from('a certificate'));

function salted(password: string, with_: { salt: Uint8Array; iterations: number } = { salt, iterations }): Uint8Array {
  return pbkdf2Sync(saslprep(Buffer.from(password)), with_.salt, with_.iterations, 32, 'sha256');
}

function keysOf(password: string): ScramKeys {
  return scramKeys(crypto, salted(password));
}

function candidates(...passwords: string[]): ScramCandidates {
  return {
    salt,
    iterations,
    verifiers: passwords.map((password) => ({ id: `token of ${password}`, ...keysOf(password) })),
  };
}

interface Sides {
  readonly binding: ChannelBinding;
  readonly mechanism: string;
  /** What the server binds to, when it offers that. */
  readonly endPoint: Uint8Array | undefined;
}

const unbound: Sides = { binding: { flag: 'n' }, mechanism: 'SCRAM-SHA-256', endPoint: undefined };
const bound: Sides = { binding: { flag: 'p', endPoint }, mechanism: 'SCRAM-SHA-256-PLUS', endPoint };

/** A whole exchange; the client accepts the server when it is accepted. */
function exchange(password: string, known: ScramCandidates, sides: Sides = unbound): ScramStep {
  const client = new ScramClient(crypto, sides.binding);
  const server = serverOf(known, sides);
  const challenge = dataOf(server.step(client.first()));
  const verdict = server.step(client.proof(salted(password, client.salting(challenge))));
  if (verdict.type === 'accepted') client.verify(verdict.data);
  return verdict;
}

function serverOf(known: ScramCandidates, sides: Sides = unbound): ScramServer {
  return new ScramServer({ crypto, mechanism: sides.mechanism, endPoint: sides.endPoint, candidates: known });
}

function dataOf(step: ScramStep): Uint8Array {
  return step.type === 'refused' ? assert.fail('refused') : step.data;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

describe('the test vector of RFC 7677', () => {
  const saltedPassword = salted('pencil', {
    salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
    iterations: 4096,
  });
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const authMessage = Buffer.from(
    `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`,
  );
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');

  test('has the proof that the client makes', () => {
    assert.deepEqual(Buffer.from(clientProof(crypto, saltedPassword, authMessage)), proof);
  });

  test('has a proof that the server accepts, and none that differs in a bit', () => {
    const { storedKey } = scramKeys(crypto, saltedPassword);
    assert.equal(proves(crypto, proof, { storedKey, authMessage }), true);
    const wrong = proof.map((byte, at) => (at === 31 ? byte ^ 1 : byte));
    assert.equal(proves(crypto, wrong, { storedKey, authMessage }), false);
  });

  test('has the signature that the server makes', () => {
    const signature = serverSignature(crypto, serverKey(crypto, saltedPassword), authMessage);
    assert.equal(Buffer.from(signature).toString('base64'), '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });
});

describe('an exchange', () => {
  test('lets in who knows a password, and tells which', () => {
    const known = candidates('one', 'two', 'three');
    for (const password of ['one', 'two', 'three']) {
      const verdict = exchange(password, known);
      assert.equal(verdict.type === 'accepted' && verdict.id, `token of ${password}`);
    }
    assert.equal(exchange('four', known).type, 'refused');
  });

  test('works for more credentials than are pretended', () => {
    const passwords = Array.from({ length: 20 }, (_, at) => `password ${at}`);
    const verdict = exchange('password 19', candidates(...passwords));
    assert.equal(verdict.type === 'accepted' && verdict.id, 'token of password 19');
  });

  test('is bound to the certificate', () => {
    assert.equal(exchange('one', candidates('one'), bound).type, 'accepted');
    const otherwise = crypto.sha256(Buffer.from('another certificate'));
    assert.throws(() => exchange('one', candidates('one'), { ...bound, endPoint: otherwise }), {
      sqlstate: '28000',
      message: 'SCRAM channel binding check failed',
    });
  });

  test('goes on unbound over TLS when the client cannot bind', () => {
    const sides: Sides = { binding: { flag: 'n' }, mechanism: 'SCRAM-SHA-256', endPoint };
    assert.equal(exchange('one', candidates('one'), sides).type, 'accepted');
  });

  test('goes on unbound when the server cannot bind', () => {
    assert.equal(exchange('one', candidates('one'), { ...unbound, binding: { flag: 'y' } }).type, 'accepted');
  });

  test('is refused when somebody took the offer of channel binding away', () => {
    const sides: Sides = { binding: { flag: 'y' }, mechanism: 'SCRAM-SHA-256', endPoint };
    assert.throws(() => exchange('one', candidates('one'), sides), { sqlstate: '28000' });
  });

  test('does not depend on the user name in it', () => {
    const server = serverOf(candidates('one'));
    const challenge = text(dataOf(server.step(Buffer.from('n,,n=somebody=2Celse,r=abc'))));
    assert.match(challenge, /^r=abc[A-Za-z0-9+/]{24},s=[^,]+,i=16$/);
  });

  test('may begin with the server', () => {
    const server = serverOf(candidates('one'));
    assert.deepEqual(server.step(null), { type: 'challenge', data: new Uint8Array(0) });
    assert.equal(server.step(Buffer.from('n,,n=,r=abc')).type, 'challenge');
  });

  test('has another nonce each time', () => {
    const challenges = new Set(
      Array.from({ length: 50 }, () => text(dataOf(serverOf(candidates('one')).step(Buffer.from('n,,n=,r=a'))))),
    );
    assert.equal(challenges.size, 50);
    assert.equal(
      new Set(Array.from({ length: 50 }, () => text(new ScramClient(crypto, { flag: 'n' }).first()))).size,
      50,
    );
  });
});

describe('somebody who does not exist', () => {
  const secret = Buffer.from('known to the server alone');
  const doomed = (user: string): ScramCandidates =>
    doomedCandidates(crypto, { secret, user: Buffer.from(user), iterations });

  test('is refused with any password', () => {
    for (const password of ['', 'one', '\0'.repeat(32)])
      assert.equal(exchange(password, doomed('nobody')).type, 'refused');
  });

  test('is refused for the proof of the all-zero key that stands in for verifiers', () => {
    // XOR with the signature of the stand-in: the client key would be anything, its hash never zero.
    const server = serverOf({ ...doomed('nobody'), verifiers: [] });
    const challenge = text(dataOf(server.step(Buffer.from('n,,n=,r=a'))));
    const nonce = challenge.slice(2, challenge.indexOf(','));
    const final = `c=biws,r=${nonce},p=${Buffer.alloc(32).toString('base64')}`;
    assert.equal(server.step(Buffer.from(final)).type, 'refused');
  });

  test('has a salt that stays, is his alone and as long as any other', () => {
    assert.deepEqual(doomed('a').salt, doomed('a').salt);
    assert.notDeepEqual(doomed('a').salt, doomed('b').salt);
    assert.equal(doomed('a').salt.length, salt.length);
  });

  test('costs what somebody with a token costs, right or wrong', () => {
    const calls = (password: string, known: ScramCandidates): string[] => {
      const log: string[] = [];
      const counted = <Arguments extends unknown[], Result>(name: string, work: (...given: Arguments) => Result) => {
        return (...given: Arguments): Result => {
          log.push(name);
          return work(...given);
        };
      };
      const counting: ScramCrypto = {
        sha256: counted('sha256', crypto.sha256),
        hmacSha256: counted('hmac', crypto.hmacSha256),
        randomBytes,
        equal: counted('equal', crypto.equal),
      };
      const client = new ScramClient(crypto, { flag: 'n' });
      const server = new ScramServer({
        crypto: counting,
        mechanism: 'SCRAM-SHA-256',
        endPoint: undefined,
        candidates: known,
      });
      const challenge = dataOf(server.step(client.first()));
      server.step(client.proof(salted(password, client.salting(challenge))));
      return log;
    };
    const expected = calls('one', candidates('one'));
    assert.equal(expected.length, 8 * 3 + 1);
    assert.deepEqual(calls('wrong', candidates('one')), expected);
    assert.deepEqual(calls('one', doomed('nobody')), expected);
    assert.deepEqual(calls('one', candidates('one', 'two', 'three')), expected);
    assert.deepEqual(calls('three', candidates('one', 'two', 'three')), expected);
  });
});

describe('a server refuses what Postgres refuses:', () => {
  const first: readonly (readonly [string, Sides, string, string])[] = [
    ['an empty message', unbound, '', '08P01'],
    ['a NUL', unbound, 'n,,n=,r=a\0', '08P01'],
    ['no header', unbound, 'n=,r=a', '08P01'],
    ['half a header', unbound, 'n', '08P01'],
    ['an unknown flag', unbound, 'x,,n=,r=a', '08P01'],
    ['an authorization identity', unbound, 'n,a=me,n=,r=a', '0A000'],
    ['something else in its place', unbound, 'n,b=me,n=,r=a', '08P01'],
    ['an extension that must be understood', unbound, 'n,,m=x,n=,r=a', '0A000'],
    ['no user name', unbound, 'n,,r=a', '08P01'],
    ['no nonce', unbound, 'n,,n=user', '08P01'],
    ['an empty nonce', unbound, 'n,,n=,r=', '08P01'],
    ['a nonce that cannot be printed', unbound, 'n,,n=,r=a\u00e4', '08P01'],
    ['an attribute without a value', unbound, 'n,,n=,r=a,x', '08P01'],
    ['binding without -PLUS', unbound, 'p=tls-server-end-point,,n=,r=a', '08P01'],
    ['-PLUS without binding', bound, 'n,,n=,r=a', '08P01'],
    ['-PLUS with y', bound, 'y,,n=,r=a', '08P01'],
    ['another kind of binding', bound, 'p=tls-unique,,n=,r=a', '08P01'],
  ];
  for (const [what, sides, message, sqlstate] of first) {
    test(what, () => {
      const server = serverOf(candidates('one'), sides);
      assert.throws(() => server.step(Buffer.from(message, 'latin1')), { name: 'ProtocolError', sqlstate });
    });
  }

  test('a mechanism that was not offered', () => {
    for (const mechanism of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1', '', 'PLAIN']) {
      const message = 'client selected an invalid SASL authentication mechanism';
      assert.throws(() => serverOf(candidates('one'), { ...unbound, mechanism }), { message, sqlstate: '08P01' });
    }
  });

  const zeroProof = Buffer.alloc(32).toString('base64');
  const final: readonly (readonly [string, (nonce: string) => string])[] = [
    ['a binding that was not announced', (nonce) => `c=eSws,r=${nonce},p=${zeroProof}`],
    ['another nonce', (nonce) => `c=biws,r=${nonce}x,p=${zeroProof}`],
    ['no proof', (nonce) => `c=biws,r=${nonce}`],
    ['a proof that is too short', (nonce) => `c=biws,r=${nonce},p=AAAA`],
    ['a proof that is no base64', (nonce) => `c=biws,r=${nonce},p=!`],
    ['something behind the proof', (nonce) => `c=biws,r=${nonce},p=${zeroProof},x=y`],
    ['a wrong order', (nonce) => `r=${nonce},c=biws,p=${zeroProof}`],
    ['nothing', () => ''],
  ];
  for (const [what, message] of final) {
    test(`${what}, in the end`, () => {
      const server = serverOf(candidates('one'));
      const challenge = text(dataOf(server.step(Buffer.from('n,,n=,r=a'))));
      const nonce = challenge.slice(2, challenge.indexOf(','));
      assert.throws(() => server.step(Buffer.from(message(nonce))), { name: 'ProtocolError', sqlstate: '08P01' });
    });
  }

  test('extensions between nonce and proof are let pass', () => {
    const server = serverOf(candidates('one'));
    const challenge = text(dataOf(server.step(Buffer.from('n,,n=,r=a,x=optional'))));
    const nonce = challenge.slice(2, challenge.indexOf(','));
    const withoutProof = `c=biws,r=${nonce},y=optional`;
    const authMessage = Buffer.from(`n=,r=a,x=optional,${challenge},${withoutProof}`);
    const proof = Buffer.from(clientProof(crypto, salted('one'), authMessage)).toString('base64');
    assert.equal(server.step(Buffer.from(`${withoutProof},p=${proof}`)).type, 'accepted');
  });

  test('anything, with nothing but a ProtocolError', () => {
    const alphabet = fc.constantFrom('n', 'y', 'p', '=', ',', 'r', 'c', 's', 'i', 'm', 'a', 'biws', '\u00ff', 'A');
    const message = fc.oneof(
      fc.array(alphabet, { maxLength: 20 }).map((parts) => parts.join('')),
      fc.string(),
    );
    fc.assert(
      fc.property(message, message, fc.boolean(), (one, two, plus) => {
        const server = serverOf(candidates('one'), plus ? bound : unbound);
        try {
          server.step(Buffer.from(one));
          assert.notEqual(server.step(Buffer.from(two)).type, 'accepted');
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a step too many is a bug of the caller', () => {
    const server = serverOf(candidates('one'));
    server.step(Buffer.from('n,,n=,r=a'));
    assert.throws(() => server.step(Buffer.from('garbage')), ProtocolError);
    assert.throws(() => server.step(Buffer.from('garbage')), { name: 'Error' });
  });
});

describe('a client refuses', () => {
  const nonce = (client: ScramClient): string => text(client.first()).split('r=')[1] as string;
  const challenges: readonly (readonly [string, (own: string) => string])[] = [
    ['a nonce that is not its own', () => 'r=xyz123,s=AAAA,i=1'],
    ['a nonce that the server added nothing to', (own) => `r=${own},s=AAAA,i=1`],
    ['no salt', (own) => `r=${own}x,i=1`],
    ['an empty salt', (own) => `r=${own}x,s=,i=1`],
    ['a salt that is no base64', (own) => `r=${own}x,s=!,i=1`],
    ['no iterations', (own) => `r=${own}x,s=AAAA,i=0`],
    ['iterations that are no number', (own) => `r=${own}x,s=AAAA,i=1e3`],
    ['more iterations than it would live', (own) => `r=${own}x,s=AAAA,i=2147483647`],
    ['an extension that it does not know', (own) => `m=x,r=${own}x,s=AAAA,i=1`],
    ['something behind the iterations', (own) => `r=${own}x,s=AAAA,i=1,x=y`],
  ];
  for (const [what, challenge] of challenges) {
    test(what, () => {
      const client = new ScramClient(crypto, { flag: 'n' });
      assert.throws(() => client.salting(Buffer.from(challenge(nonce(client)))), ProtocolError);
    });
  }

  test('a server that does not prove that it knows the password', () => {
    const verdicts = ['e=other-error', `v=${Buffer.alloc(32).toString('base64')}`, 'v=AAAA', 'v=', '', 'x=y'];
    for (const verdict of verdicts) {
      const client = new ScramClient(crypto, { flag: 'n' });
      client.salting(Buffer.from(`r=${nonce(client)}x,s=AAAA,i=1`));
      client.proof(salted('one'));
      assert.throws(() => client.verify(Buffer.from(verdict)), ProtocolError, verdict);
    }
  });

  test('a second challenge, and a verdict before its proof', () => {
    const client = new ScramClient(crypto, { flag: 'n' });
    const challenge = Buffer.from(`r=${nonce(client)}x,s=AAAA,i=1`);
    assert.throws(() => client.verify(Buffer.from('v=AAAA')), ProtocolError);
    client.salting(challenge);
    assert.throws(() => client.salting(challenge), ProtocolError);
  });
});

describe('the choice of a mechanism', () => {
  const plain = { encrypted: false, endPoint: undefined };
  const tls = { encrypted: true, endPoint };

  test('is the best that both have', () => {
    assert.deepEqual(chooseMechanism(offeredMechanisms(endPoint), tls), {
      mechanism: 'SCRAM-SHA-256-PLUS',
      binding: { flag: 'p', endPoint },
    });
    assert.deepEqual(chooseMechanism(offeredMechanisms(undefined), plain).binding, { flag: 'n' });
  });

  test('says that the client could bind when the server does not offer it', () => {
    assert.deepEqual(chooseMechanism(['SCRAM-SHA-256'], tls).binding, { flag: 'y' });
  });

  test('does not bind to a certificate that has no hash', () => {
    const binding = chooseMechanism(offeredMechanisms(endPoint), { encrypted: true, endPoint: undefined }).binding;
    assert.deepEqual(binding, { flag: 'n' });
  });

  test('refuses channel binding without TLS, and what it does not know', () => {
    assert.throws(() => chooseMechanism(offeredMechanisms(endPoint), plain), ProtocolError);
    assert.throws(() => chooseMechanism(['OAUTHBEARER'], tls), { sqlstate: '0A000' });
  });
});
