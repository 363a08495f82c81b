import { createDecipheriv, createHmac } from 'node:crypto';

/** Bytes of one TLS connection, both ways, and the lines of a key log (NSS format, `node --tls-keylog`). */
export interface Ciphertext {
  readonly fromClient: Uint8Array;
  readonly fromServer: Uint8Array;
  readonly keyLog: string;
}

/** What was said in a TLS 1.3 connection; what belongs to the handshake is left out. */
export interface Plaintext {
  readonly fromClient: Buffer;
  readonly fromServer: Buffer;
}

interface Suite {
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  readonly hash: 'sha256' | 'sha384';
  readonly keyBytes: number;
}

/** Source: RFC 8446, appendix B.4. */
const suites: { readonly [code: number]: Suite } = {
  4865: { cipher: 'aes-128-gcm', hash: 'sha256', keyBytes: 16 },
  4866: { cipher: 'aes-256-gcm', hash: 'sha384', keyBytes: 32 },
  4867: { cipher: 'chacha20-poly1305', hash: 'sha256', keyBytes: 32 },
};

const headerBytes = 5;
const tagBytes = 16;
const ivBytes = 12;
const contentType = { handshake: 22, applicationData: 23 } as const;
/** Handshake header (4), version (2), random (32): where the session id's length stands in a hello. */
const behindRandom = 38;

/** Decrypts a recorded TLS 1.3 connection. Throws when a record is for none of the keys. Knows no key updates. */
export function tlsPlaintext({ fromClient, fromServer, keyLog }: Ciphertext): Plaintext {
  const [clientHello] = records(fromClient);
  const [serverHello] = records(fromServer);
  if (clientHello === undefined || serverHello === undefined) {
    return { fromClient: Buffer.alloc(0), fromServer: Buffer.alloc(0) };
  }
  const random = clientHello.body.subarray(behindRandom - 32, behindRandom).toString('hex');
  const hello = serverHello.body;
  const suite = suites[hello.readUInt16BE(behindRandom + 1 + hello.readUInt8(behindRandom))];
  if (suite === undefined) throw new Error('a cipher suite that is not of TLS 1.3');
  const keys = (name: string): readonly Keys[] =>
    [`${name}_HANDSHAKE_TRAFFIC_SECRET`, `${name}_TRAFFIC_SECRET_0`].map((label) =>
      keysOf(secretOf(keyLog, label, random), suite),
    );
  return {
    fromClient: decrypt(fromClient, keys('CLIENT'), suite),
    fromServer: decrypt(fromServer, keys('SERVER'), suite),
  };
}

interface Record {
  readonly type: number;
  readonly header: Buffer;
  readonly body: Buffer;
}

/** Whole records; a last one that was cut off is left out. */
function records(bytes: Uint8Array): readonly Record[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Record[] = [];
  for (let at = 0; at + headerBytes <= all.length; ) {
    const end = at + headerBytes + all.readUInt16BE(at + 3);
    if (end > all.length) break;
    const header = all.subarray(at, at + headerBytes);
    found.push({ type: header.readUInt8(0), header, body: all.subarray(at + headerBytes, end) });
    at = end;
  }
  return found;
}

function secretOf(keyLog: string, label: string, random: string): Buffer {
  const secret = new RegExp(`^${label} ${random} ([0-9a-f]+)$`, 'm').exec(keyLog)?.[1];
  if (secret === undefined) throw new Error(`the key log has no ${label} for this connection`);
  return Buffer.from(secret, 'hex');
}

interface Keys {
  readonly key: Buffer;
  readonly iv: Buffer;
}

function keysOf(secret: Buffer, { hash, keyBytes }: Suite): Keys {
  return { key: expandLabel(secret, hash, 'key', keyBytes), iv: expandLabel(secret, hash, 'iv', ivBytes) };
}

/** HKDF-Expand-Label with an empty context (RFC 8446, section 7.1); one block of the hash suffices. */
function expandLabel(secret: Buffer, hash: Suite['hash'], label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}

/** The handshake's key counts until the first record that is not for it; records are numbered for each key from 0. */
function decrypt(bytes: Uint8Array, [handshake, application]: readonly Keys[], suite: Suite): Buffer {
  if (handshake === undefined || application === undefined) throw new Error('two keys are needed');
  const said: Buffer[] = [];
  let keys = handshake;
  let number = 0;
  for (const record of records(bytes)) {
    if (record.type !== contentType.applicationData) continue;
    let inner = open(record, { keys, number, suite });
    if (inner === undefined && keys === handshake) {
      keys = application;
      number = 0;
      inner = open(record, { keys, number, suite });
    }
    if (inner === undefined) throw new Error(`record ${number} is for none of the keys`);
    number += 1;
    // Padding of zeros follows the type of the content.
    const end = inner.findLastIndex((byte) => byte !== 0);
    if (inner[end] === contentType.applicationData) said.push(inner.subarray(0, end));
  }
  return Buffer.concat(said);
}

interface Opening {
  readonly keys: Keys;
  readonly number: number;
  readonly suite: Suite;
}

function open({ header, body }: Record, { keys, number, suite }: Opening): Buffer | undefined {
  const nonce = Buffer.from(keys.iv);
  nonce.writeUInt32BE((nonce.readUInt32BE(ivBytes - 4) ^ number) >>> 0, ivBytes - 4);
  // The three ciphers are used alike; the types of Node know GCM by name.
  const decipher = createDecipheriv(suite.cipher as 'aes-256-gcm', keys.key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(header).setAuthTag(body.subarray(body.length - tagBytes));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, body.length - tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}
