import { ProtocolError } from '../protocol-error.ts';
import { Attributes } from './attributes.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { keyBytes, nonceBytes, serverKey } from './keys.ts';
import { type ChannelBinding, endPointBinding } from './mechanism.ts';
import { fromOctets, octets } from './octets.ts';
import { clientProof, serverSignature } from './proof.ts';
import type { ScramCrypto } from './scram-crypto.ts';

/**
 * Bounds the work that a server can ask of us: some seconds. Postgres's default is 4,096 iterations, libpq has no
 * bound.
 */
const maxIterations = 10_000_000;

/** How to salt the password: PBKDF2 with HMAC-SHA-256 over the prepared password (`saslprep`), 32 bytes. */
export interface Salting {
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/**
 * The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), in the order of its methods; the slow
 * step between `salting` and `proof` is the caller's. Throws a ProtocolError for what no honest server sends; the
 * exchange has succeeded only when `verify` has returned, whatever AuthenticationOk says.
 *
 * The user name in the exchange is empty, as libpq's is: Postgres takes the one of the startup packet.
 */
export class ScramClient {
  readonly #crypto: ScramCrypto;
  readonly #binding: ChannelBinding;
  readonly #nonce: string;
  /** The client's and the server's first messages without the gs2 header, joined by a comma. */
  #authMessage: string;
  #serverNonce: string | undefined;
  #signature: Uint8Array | undefined;

  constructor(crypto: ScramCrypto, binding: ChannelBinding) {
    this.#crypto = crypto;
    this.#binding = binding;
    this.#nonce = toBase64(crypto.randomBytes(nonceBytes));
    this.#authMessage = `n=,r=${this.#nonce}`;
  }

  /** The data of SASLInitialResponse. */
  first(): Uint8Array {
    return fromOctets(`${gs2Header(this.#binding)}n=,r=${this.#nonce}`);
  }

  /** Takes the data of AuthenticationSASLContinue. */
  salting(serverFirst: Uint8Array): Salting {
    if (this.#serverNonce !== undefined) throw new ProtocolError('a second SCRAM challenge from the server');
    const text = octets(serverFirst);
    const attributes = new Attributes(text);
    const nonce = attributes.expect('r');
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ProtocolError('invalid SCRAM response: nonce mismatch');
    }
    const salt = fromBase64(attributes.expect('s'));
    if (salt === undefined || salt.length === 0) throw new ProtocolError('malformed SCRAM message: invalid salt');
    const digits = attributes.expect('i');
    const iterations = /^[0-9]{1,10}$/.test(digits) ? Number(digits) : 0;
    if (iterations < 1) throw new ProtocolError('malformed SCRAM message: invalid iteration count');
    if (iterations > maxIterations) {
      throw new ProtocolError(`the server asks for ${iterations} SCRAM iterations; ${maxIterations} is the limit`);
    }
    if (!attributes.done) throw new ProtocolError('malformed SCRAM message: garbage at the end of the challenge');
    this.#serverNonce = nonce;
    this.#authMessage += `,${text}`;
    return { salt, iterations };
  }

  /** The data of SASLResponse. */
  proof(saltedPassword: Uint8Array): Uint8Array {
    if (this.#serverNonce === undefined) throw new Error('there was no challenge yet');
    const crypto = this.#crypto;
    const withoutProof = `c=${toBase64(bindingInput(this.#binding))},r=${this.#serverNonce}`;
    const authMessage = fromOctets(`${this.#authMessage},${withoutProof}`);
    const proof = clientProof(crypto, saltedPassword, authMessage);
    this.#signature = serverSignature(crypto, serverKey(crypto, saltedPassword), authMessage);
    return fromOctets(`${withoutProof},p=${toBase64(proof)}`);
  }

  /** Takes the data of AuthenticationSASLFinal. Throws when the server does not know the password either. */
  verify(serverFinal: Uint8Array): void {
    if (this.#signature === undefined) throw new ProtocolError('a SCRAM verdict before the proof');
    const attributes = new Attributes(octets(serverFinal));
    const { name, value } = attributes.any();
    if (name === 'e') throw new ProtocolError('the server reports an error in the SCRAM exchange', '28000');
    const signature = name === 'v' ? fromBase64(value) : undefined;
    if (signature?.length !== keyBytes || !attributes.done) {
      throw new ProtocolError('malformed SCRAM message: invalid server signature');
    }
    if (!this.#crypto.equal(signature, this.#signature)) {
      throw new ProtocolError('incorrect server signature: the server does not know the password', '28000');
    }
  }
}

/** Channel binding flag, and no authorization identity (RFC 5802 section 7). */
function gs2Header(binding: ChannelBinding): string {
  return binding.flag === 'p' ? `p=${endPointBinding},,` : `${binding.flag},,`;
}

/** What attribute `c` says again, under the proof: the header, and the hash that the client saw. */
export function bindingInput(binding: ChannelBinding): Uint8Array {
  const header = fromOctets(gs2Header(binding));
  if (binding.flag !== 'p') return header;
  const input = new Uint8Array(header.length + binding.endPoint.length);
  input.set(header);
  input.set(binding.endPoint, header.length);
  return input;
}
