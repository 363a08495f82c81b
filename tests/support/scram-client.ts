import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * The client's half of SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677), written apart from the project's own
 * so that a mistake in both halves of that one cannot hide here.
 */
export class ScramClient {
  readonly #password: string;
  readonly #nonce = randomBytes(18).toString('base64');
  #serverSignature: Buffer | undefined;

  constructor(password: string) {
    this.#password = password;
  }

  /** Postgres takes the user from the startup packet and ignores the one here. */
  first(): string {
    return `n,,${this.#bare()}`;
  }

  final(serverFirst: string): string {
    const { r: nonce = '', s: salt = '', i: iterations = '' } = attributes(serverFirst);
    if (!nonce.startsWith(this.#nonce)) throw new Error("the server's nonce does not continue the client's");
    const salted = pbkdf2Sync(this.#password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash('sha256').update(clientKey).digest();
    const withoutProof = `c=biws,r=${nonce}`;
    const message = `${this.#bare()},${serverFirst},${withoutProof}`;
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), message);
    const signature = hmac(storedKey, message);
    const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0));
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
  }

  /** Throws when the server does not know the password either. */
  verify(serverFinal: string): void {
    const given = Buffer.from(attributes(serverFinal).v ?? '', 'base64');
    const expected = this.#serverSignature;
    if (expected === undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new Error("the server's signature is wrong");
    }
  }

  #bare(): string {
    return `n=,r=${this.#nonce}`;
  }
}

function hmac(key: Uint8Array, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest();
}

function attributes(message: string): { readonly [name: string]: string } {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}
