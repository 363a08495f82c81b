import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  type Authentication,
  type BackendMessage,
  backendTag,
  decodeBackend,
  decodeFrontend,
  decodeStartup,
  encodeBackend,
  encodeFrontend,
  encodeStartup,
  errorFieldText,
  Framer,
  type FrontendMessage,
  frontendTag,
  md5Password,
  type PasswordKind,
  protocolVersion,
  Reader,
  type ScramCrypto,
  type StartupPacket,
  saslprep,
  scramKeys,
} from './index.ts';
import { Attributes } from './scram/attributes.ts';
import { fromBase64 } from './scram/base64.ts';
import { octets } from './scram/octets.ts';
import { proves, serverSignature } from './scram/proof.ts';

/** As scripts/capture-golden.ts writes it: a message a line; who sent it, what frames it, its bytes in hex. */
interface Golden {
  readonly messages: readonly (readonly ['frontend' | 'backend', 'startup' | 'message' | 'answer', string])[];
}

type Decoded =
  | { readonly from: 'frontend'; readonly message: FrontendMessage | StartupPacket; readonly bytes: Uint8Array }
  | { readonly from: 'backend'; readonly message: BackendMessage; readonly bytes: Uint8Array };

const directory = join(import.meta.dirname, '..', 'golden');
const names = readdirSync(directory).map((file) => file.replace(/\.txt$/, ''));
const headerBytes = 5;

function load(name: string): Golden {
  const lines = readFileSync(join(directory, `${name}.txt`), 'utf8').split('\n');
  const messages = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(' '));
  return { messages: messages as unknown as Golden['messages'] };
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** What a `p` message is, by the server's last question. */
function passwordKind(asked: Authentication | undefined): PasswordKind | undefined {
  switch (asked?.method) {
    case 'cleartextPassword':
    case 'md5Password':
      return 'password';
    case 'sasl':
      return 'sasl initial';
    case 'saslContinue':
      return 'sasl';
    default:
      return undefined;
  }
}

/** Decodes a session, and encodes it again to the same bytes. */
function decodeSession(golden: Golden): readonly Decoded[] {
  const decoded: Decoded[] = [];
  let asked: Authentication | undefined;
  for (const [from, kind, hex] of golden.messages) {
    const bytes = bytesOf(hex);
    if (kind === 'answer') continue;
    if (kind === 'startup') {
      const message = decodeStartup(bytes);
      assert.deepEqual(encodeStartup(message).finish(), bytes);
      decoded.push({ from: 'frontend', message, bytes });
      continue;
    }
    const tag = bytes[0] as number;
    const body = new Reader(bytes, headerBytes);
    if (from === 'frontend') {
      const message = decodeFrontend(tag, body, passwordKind(asked));
      assert.deepEqual(encodeFrontend(message).finish(), bytes, message.type);
      decoded.push({ from, message, bytes });
      continue;
    }
    const message = decodeBackend(tag, body);
    assert.deepEqual(encodeBackend(message).finish(), bytes, message.type);
    if (message.type === 'authentication') asked = message;
    decoded.push({ from, message, bytes });
  }
  return decoded;
}

function backendOf(name: string): readonly BackendMessage[] {
  return decodeSession(load(name)).flatMap((one) => (one.from === 'backend' ? [one.message] : []));
}

function find<Type extends BackendMessage['type']>(name: string, type: Type): readonly Message<Type>[] {
  return backendOf(name).filter((message): message is Message<Type> => message.type === type);
}

type Message<Type extends BackendMessage['type']> = Extract<BackendMessage, { type: Type }>;

function text(bytes: Uint8Array | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString();
}

describe('what a live Postgres 18 and its clients said', () => {
  for (const name of names) {
    test(`is decoded, and encoded to the same bytes: ${name}`, () => {
      assert.ok(decodeSession(load(name)).length > 0);
    });
  }

  for (const from of ['frontend', 'backend'] as const) {
    test(`is cut into its messages when it is split at every byte, held or streamed: ${from}`, () => {
      for (const name of names) {
        const messages = load(name).messages.filter((line) => line[0] === from && line[1] === 'message');
        const expected = messages.map(([, , hex]) => hex);
        const all = bytesOf(expected.join(''));
        for (const streams of [false, true]) {
          const each = Array.from(all, (byte) => Uint8Array.of(byte));
          assert.deepEqual(cut(each, streams), expected, name);
          // Every place is too much for the long sessions; a prime step meets every offset within a message in time.
          const step = all.length > 2000 ? 7 : 1;
          for (let at = 0; at <= all.length; at += step) {
            assert.deepEqual(cut([all.slice(0, at), all.slice(at)], streams), expected, `${name} at ${at}`);
          }
        }
      }
    });
  }

  test('covers every message but those of GSSAPI', () => {
    const seen = new Set(
      names.flatMap((name) => decodeSession(load(name)).map(({ from, message }) => `${from} ${message.type}`)),
    );
    const frontend = Object.keys(frontendTag).filter((name) => name !== 'password');
    const passwords = ['passwordMessage', 'saslInitialResponse', 'saslResponse'];
    const startup = ['startupMessage', 'sslRequest', 'gssEncRequest', 'cancelRequest'];
    const expected = [
      ...[...frontend, ...passwords, ...startup].map((type) => `frontend ${type}`),
      ...Object.keys(backendTag).map((type) => `backend ${type}`),
    ];
    assert.deepEqual([...seen].sort(), expected.sort());
  });
});

function cut(chunks: readonly Uint8Array[], streams: boolean): readonly string[] {
  const framer = new Framer({ streams: () => streams, maxHeldBytes: () => 1 << 20 });
  const messages: string[] = [];
  let pieces = '';
  for (const chunk of chunks) {
    framer.push(chunk);
    while (framer.next()) {
      pieces += Buffer.from(framer.bytes.subarray(framer.start, framer.end)).toString('hex');
      if (!framer.last) continue;
      messages.push(pieces);
      pieces = '';
    }
  }
  assert.equal(framer.idle, true);
  return messages;
}

describe('of what was said, is understood', () => {
  test('the cancel key: four bytes in 3.0, 32 in 3.2', () => {
    assert.deepEqual(
      ['startup-3.0', 'startup-3.2', 'startup-negotiated'].map((name) => find(name, 'backendKeyData')[0]?.key.length),
      [4, 32, 32],
    );
  });

  test('the protocol that is negotiated', () => {
    assert.deepEqual(find('startup-negotiated', 'negotiateProtocolVersion'), [
      { type: 'negotiateProtocolVersion', version: protocolVersion.v3_2, unrecognized: ['_pq_.golden'] },
    ]);
  });

  test('a cancel request, which quotes the key', () => {
    for (const name of ['cancel-3.0', 'cancel-3.2']) {
      const [key] = find(name, 'backendKeyData');
      const request = decodeSession(load(name)).find(({ message }) => message.type === 'cancelRequest');
      assert.deepEqual(request?.message, { ...key, type: 'cancelRequest' });
    }
  });

  test('the columns and values of a row', () => {
    const [columns] = find('simple', 'rowDescription');
    const [row] = find('simple', 'dataRow');
    assert.deepEqual(
      columns?.columns.map(({ name }) => text(name)),
      ['one', 'nothing', 'empty', 'umlaut', 'oid', 'relname'],
    );
    assert.deepEqual(row?.values.map(text), ['1', null, '', 'ü', '1247', 'pg_type']);
    const relname = columns?.columns[5];
    assert.deepEqual([relname?.tableOid, relname?.attribute, relname?.typeOid, relname?.typeSize], [1259, 2, 19, 64]);
  });

  test('the transaction status', () => {
    const statuses = find('simple', 'readyForQuery').map(({ status }) => status);
    assert.deepEqual(statuses.slice(0, 5), ['I', 'I', 'T', 'E', 'I']);
  });

  test('errors and notices', () => {
    const errors = find('simple', 'errorResponse').map(({ fields }) => errorFieldText(fields, 'sqlstate'));
    assert.deepEqual(errors, ['22012', '23505', '42P01']);
    const unique = find('simple', 'errorResponse')[1]?.fields ?? new Map();
    assert.equal(errorFieldText(unique, 'constraint'), 'golden_pkey');
    assert.equal(errorFieldText(unique, 'detail'), 'Key (id)=(1) already exists.');
    const [notice] = find('simple', 'noticeResponse');
    assert.deepEqual(
      (['severityNonLocalized', 'message', 'detail', 'hint'] as const).map((name) =>
        errorFieldText(notice?.fields ?? new Map(), name),
      ),
      ['NOTICE', 'a notice', 'more', 'do'],
    );
  });

  test('binary values, and the types of parameters', () => {
    assert.deepEqual(find('extended', 'parameterDescription')[0]?.types, [23, 25, 17]);
    const [row] = find('extended', 'dataRow');
    assert.deepEqual(row?.values, [Uint8Array.of(0, 0, 0, 7), null, Uint8Array.of(0, 255)]);
    assert.equal(find('extended', 'portalSuspended').length, 2);
  });

  test('COPY in both formats', () => {
    const formats = find('copy', 'copyInResponse').map(({ format, columnFormats }) => [format, ...columnFormats]);
    assert.deepEqual(formats, [
      [0, 0, 0],
      [1, 1, 1],
    ]);
    assert.equal(text(find('copy', 'copyData')[0]?.data), '1\tone\n');
  });

  test('function calls, with NULL distinct from a value', () => {
    const [random, strict, ascii] = find('function-call', 'functionCallResponse').map(({ value }) => value);
    assert.match(text(random) ?? '', /^[\d.]+(e-\d+)?$/);
    assert.equal(strict, null);
    assert.deepEqual(ascii, Uint8Array.of(0, 0, 0, 65));
  });

  test('notifications', () => {
    const said = find('notifications', 'notificationResponse').map(({ channel, payload }) => [
      text(channel),
      text(payload),
    ]);
    assert.deepEqual(said, [
      ['golden', ''],
      ['golden', 'payload'],
    ]);
  });
});

describe('of the passwords that a driver sent,', () => {
  const password = Buffer.from('golden');

  test('the MD5 one is what is computed here', () => {
    const session = decodeSession(load('authentication-md5'));
    const asked = find('authentication-md5', 'authentication').find(({ method }) => method === 'md5Password');
    const sent = session.find(({ message }) => message.type === 'passwordMessage')?.message;
    assert.ok(asked?.method === 'md5Password' && sent?.type === 'passwordMessage');
    const md5 = (data: Uint8Array): Uint8Array => createHash('md5').update(data).digest();
    const computed = md5Password(md5, { user: Buffer.from('md5_user'), password, salt: asked.salt });
    assert.equal(text(sent.password), text(computed));
  });

  test('the SCRAM proof is accepted here, and the signature of Postgres is the one made here', () => {
    const crypto: ScramCrypto = {
      sha256: (data) => createHash('sha256').update(data).digest(),
      hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
      randomBytes,
      equal: timingSafeEqual,
    };
    const session = decodeSession(load('authentication-scram')).map(({ message }) => message);
    const [first, challenge, final, verdict] = session.flatMap((message) =>
      'data' in message && message.data !== null ? [octets(message.data)] : [],
    );
    assert.ok(first && challenge && final && verdict);
    const attributes = new Attributes(challenge);
    attributes.expect('r');
    const salt = fromBase64(attributes.expect('s')) ?? assert.fail();
    const salted = pbkdf2Sync(saslprep(password), salt, Number(attributes.expect('i')), 32, 'sha256');
    const keys = scramKeys(crypto, salted);
    const [withoutProof, proof] = final.split(',p=') as [string, string];
    const authMessage = Buffer.from(`${first.slice(3)},${challenge},${withoutProof}`, 'latin1');
    assert.equal(proves(crypto, fromBase64(proof) ?? assert.fail(), { storedKey: keys.storedKey, authMessage }), true);
    const signature = serverSignature(crypto, keys.serverKey, authMessage);
    assert.equal(verdict, `v=${Buffer.from(signature).toString('base64')}`);
  });
});
