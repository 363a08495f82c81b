import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backendTag, Writer } from '@onrecord/wire';
import { Seeded } from '../oracle/seeded.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { errorFields, protocol30, startupMessage, WireClient, type WireMessage } from '../support/wire-client.ts';
import { type Bystander, bystander } from './bystander.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const repeat = (hex: string, times: number): Buffer => Buffer.concat(Array.from({ length: times }, () => bytes(hex)));
const startup = (...strings: readonly string[]): Uint8Array => {
  const writer = new Writer().beginUntagged().int32(protocol30);
  for (const string of strings) writer.cstring(string);
  return writer.uint8(0).end().finish();
};
const password = (body: Uint8Array): Uint8Array => new Writer().begin(0x70).bytes(body).end().finish();

/** What a stranger may send instead of a startup packet. The server must close, with an error or without one. */
const refused: { readonly [name: string]: Uint8Array } = {
  'a length of zero': bytes('00000000'),
  'a length that does not hold itself': bytes('00000003 00030000'),
  'a length without a version': bytes('00000004'),
  'a negative length': bytes('ffffffff 00030000'),
  'the most negative length': bytes('80000000 00030000'),
  'a length of 2 GB': bytes('7fffffff 00030000'),
  'a length just over the limit': bytes('00002715 00030000'),
  'a request of the web': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  'a greeting of SSH': Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'),
  'a TLS handshake': bytes('16030100 05 0100000100'),
  'nothing but zeros': Buffer.alloc(64),
  'nothing but ones': Buffer.alloc(64, 0xff),
  'protocol 2.0': bytes('00000009 00020000 00'),
  'protocol 4.0': bytes('00000009 00040000 00'),
  'protocol 0.0': bytes('00000009 00000000 00'),
  'no terminator': bytes('0000000d 00030000 7573657200'),
  'a value without its end': bytes('00000010 00030000 7573657200 616263'),
  'bytes behind the terminator': bytes('00000013 00030000 7573657200 6100 00 ffff'),
  'no user': startup('database', 'db'),
  'an empty user': startup('user', '', 'database', 'db'),
  'SSLRequest again and again': repeat('00000008 04d2162f', 3),
  'GSSENCRequest again and again': repeat('00000008 04d21630', 3),
  'a cancel request without a key': bytes('0000000c 04d2162e 00000001'),
  'a cancel request with a key that is too long': Buffer.concat([
    bytes('00001000 04d2162e 00000001'),
    Buffer.alloc(4084),
  ]),
  'a cancel request for nobody': bytes('00000010 04d2162e 00000001 00000001'),
};

/** What a stranger may send instead of a password. */
const notAPassword: { readonly [name: string]: Uint8Array } = {
  'an unknown mechanism': password(new Writer().cstring('SCRAM-MD4').value(Buffer.from('n,,n=,r=x')).finish()),
  'channel binding that was not offered': password(
    new Writer().cstring('SCRAM-SHA-256-PLUS').value(Buffer.from('p=tls-server-end-point,,n=,r=x')).finish(),
  ),
  'no nonce': password(new Writer().cstring('SCRAM-SHA-256').value(Buffer.from('n,,')).finish()),
  'a first message that is not text': password(
    new Writer().cstring('SCRAM-SHA-256').value(Buffer.alloc(50, 0xff)).finish(),
  ),
  'a length within that is a lie': password(bytes('534352414d2d5348412d32353600 7fffffff 6e2c2c')),
  'no mechanism at all': password(new Uint8Array(0)),
  'a password of 1 GB': bytes('70 40000000'),
  'a negative length': bytes('70 ffffffff'),
  'a Query': bytes('51 0000000d 73656c656374203100'),
  'an unknown message': bytes('21 00000004'),
  Terminate: bytes('58 00000004'),
  'another startup packet': startup('user', 'tester', 'database', 'db'),
};

describe('strangers at the door', { timeout: 600_000 }, () => {
  let pair: Pair;
  let ordinary: Bystander;
  before(async () => {
    pair = await startPair({ gateway: { settings: { limits: { startup: '2s' } } } });
    ordinary = await bystander(pair.gateway);
  });
  after(() => pair?.stop());

  for (const [name, packet] of Object.entries(refused)) {
    it(`${name}: the connection is closed`, async () => {
      const client = await WireClient.open(pair.gateway);
      await client.send(packet).catch(() => {});
      client.end();
      await ends(client);
    });
  }

  for (const [name, packet] of Object.entries(notAPassword)) {
    it(`${name} instead of a password: refused, and the connection is closed`, async () => {
      const client = await WireClient.open(pair.gateway);
      await client.send(startupMessage(pair.gateway));
      const asked = await client.next();
      assert.equal(asked?.tag, backendTag.authentication);
      await client.send(packet).catch(() => {});
      const last = (await ends(client)).at(-1);
      if (name !== 'Terminate') assert.equal(last?.tag, backendTag.errorResponse);
      if (last !== undefined) assert.match(errorFields(last).C ?? '', /^(08P01|28000|28P01|54000)$/);
    });
  }

  it('a startup packet cut off at every byte: the connection is closed', async () => {
    const whole = startupMessage(pair.gateway);
    const cut = async (length: number): Promise<void> => {
      const client = await WireClient.open(pair.gateway);
      await client.send(whole.subarray(0, length));
      client.end();
      assert.deepEqual(await ends(client), []);
    };
    await Promise.all(Array.from(whole.keys(), cut));
  });

  it('random bytes, short and long: the connection is closed', async () => {
    const random = new Seeded(7);
    const throws = async (): Promise<void> => {
      const client = await WireClient.open(pair.gateway);
      const noise = Uint8Array.from({ length: 1 + random.below(3000) }, () => random.below(256));
      await client.send(noise).catch(() => {});
      client.end();
      await ends(client);
    };
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 20 }, throws));
  });

  it('an unknown user and a wrong password are answered alike', async () => {
    const told = async (user: string): Promise<unknown> => {
      const client = await WireClient.open(pair.gateway);
      await client.send(startupMessage({ ...pair.gateway, user }));
      const messages = await client.authenticate('wrong');
      await ends(client);
      return messages.map((message) => ({ ...errorFields(message), M: errorFields(message).M?.replace(user, 'USER') }));
    };
    const unknown = await told('nobody-knows-me');
    assert.deepEqual(unknown, await told('tester'));
    assert.match(JSON.stringify(unknown), /28P01/);
  });

  it('all the while an ordinary session noticed nothing, and the gateway lives', async () => {
    await ordinary.leave();
    const client = await WireClient.login(pair.gateway);
    assert.equal((await client.query('select 1')).length, 4);
    await client.close();
  });
});

/** Everything up to the end of the connection, which must come. Bytes that are no messages are answers to SSLRequest. */
async function ends(client: WireClient): Promise<readonly WireMessage[]> {
  const messages: WireMessage[] = [];
  for (;;) {
    const message = await client.next(10_000).catch((error: Error) => {
      if (client.closed) return undefined;
      throw error;
    });
    if (message === undefined) return messages;
    messages.push(message);
  }
}
