import { ProtocolError } from '../protocol-error.ts';
import { Attributes } from './attributes.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { keyBytes, nonceBytes, type ScramKeys, saltBytes } from './keys.ts';
import { type ChannelBinding, endPointBinding, offeredMechanisms, scramSha256Plus } from './mechanism.ts';
import { fromOctets, octets } from './octets.ts';
import { proves, serverSignature } from './proof.ts';
import { bindingInput } from './scram-client.ts';
import type { ScramCrypto } from './scram-crypto.ts';

/** One credential of an identity. */
export interface ScramVerifier extends ScramKeys {
  readonly id: string;
}

/**
 * The credentials of which one may be proved. They share a salt and an iteration count, because the server names one
 * before it can know which is meant. Without verifiers the exchange is doomed: see `doomedCandidates`.
 */
export interface ScramCandidates {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly verifiers: readonly ScramVerifier[];
}

export type ScramStep =
  /** Send as AuthenticationSASLContinue. */
  | { readonly type: 'challenge'; readonly data: Uint8Array }
  /** Send as AuthenticationSASLFinal, then AuthenticationOk. `id` is the credential that was proved. */
  | { readonly type: 'accepted'; readonly id: string; readonly data: Uint8Array }
  /** Send an ErrorResponse, 28P01. */
  | { readonly type: 'refused' };

/**
 * How many verifiers every exchange pretends to have at least, so that the time to answer does not tell an identity
 * with several tokens, one with a single token and one that does not exist apart.
 */
const minVerifiers = 8;

/**
 * What an unknown user gets: a salt that is his alone and stays the same, as that of a real one does, and no verifier.
 * `secret` must be kept by the server for as long as its answers shall stay the same. Source: mock_scram_secret
 * (backend/libpq/auth-scram.c).
 */
export function doomedCandidates(
  crypto: ScramCrypto,
  about: { readonly secret: Uint8Array; readonly user: Uint8Array; readonly iterations: number },
): ScramCandidates {
  const salt = crypto.hmacSha256(about.secret, about.user).subarray(0, saltBytes);
  return { salt, iterations: about.iterations, verifiers: [] };
}

export interface ScramServerOptions {
  readonly crypto: ScramCrypto;
  /** The mechanism that the client chose in SASLInitialResponse. */
  readonly mechanism: string;
  /** Hash of the server's certificate when SCRAM-SHA-256-PLUS was offered, else undefined. */
  readonly endPoint: Uint8Array | undefined;
  readonly candidates: ScramCandidates;
}

/**
 * The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), with the checks of Postgres
 * (backend/libpq/auth-scram.c). `step` takes what the client sent; a ProtocolError says what Postgres would refuse it
 * with. Every candidate is checked against the proof, in the same time whether one matches, none does or there is none.
 * The user name in the exchange is ignored: the one of the startup packet holds.
 */
export class ScramServer {
  readonly #crypto: ScramCrypto;
  readonly #plus: boolean;
  readonly #endPoint: Uint8Array | undefined;
  readonly #candidates: ScramCandidates;
  #state: 'first' | 'final' | 'over' = 'first';
  #binding: ChannelBinding = { flag: 'n' };
  #nonce = '';
  /** The client's and the server's first messages without the gs2 header, joined by a comma. */
  #authMessage = '';

  constructor(options: ScramServerOptions) {
    const offered: readonly string[] = offeredMechanisms(options.endPoint);
    if (!offered.includes(options.mechanism)) {
      throw new ProtocolError('client selected an invalid SASL authentication mechanism');
    }
    this.#crypto = options.crypto;
    this.#plus = options.mechanism === scramSha256Plus;
    this.#endPoint = options.endPoint;
    this.#candidates = options.candidates;
  }

  /** `data` is null for a SASLInitialResponse without data: the client wants to be asked. */
  step(data: Uint8Array | null): ScramStep {
    if (this.#state === 'over') throw new Error('the SCRAM exchange is over');
    if (data === null && this.#state === 'first') return { type: 'challenge', data: new Uint8Array(0) };
    if (data === null || data.length === 0) throw malformed('the message is empty');
    if (data.includes(0)) throw malformed('message length does not match input length');
    const text = octets(data);
    if (this.#state === 'first') {
      this.#state = 'final';
      return { type: 'challenge', data: this.#first(text) };
    }
    this.#state = 'over';
    return this.#final(text);
  }

  /** Reads client-first-message, makes server-first-message. */
  #first(text: string): Uint8Array {
    const at = this.#header(text);
    if (text[at] === 'm') throw new ProtocolError('client requires an unsupported SCRAM extension', '0A000');
    const attributes = new Attributes(text, at);
    attributes.expect('n');
    const clientNonce = attributes.expect('r');
    // Printable as in RFC 5802; a comma cannot be in it.
    if (!/^[!-~]+$/.test(clientNonce)) throw new ProtocolError('non-printable characters in SCRAM nonce');
    while (!attributes.done) attributes.any();
    const { salt, iterations } = this.#candidates;
    this.#nonce = clientNonce + toBase64(this.#crypto.randomBytes(nonceBytes));
    const serverFirst = `r=${this.#nonce},s=${toBase64(salt)},i=${iterations}`;
    this.#authMessage = `${text.slice(at)},${serverFirst}`;
    return fromOctets(serverFirst);
  }

  /** Reads the gs2 header; returns where client-first-message-bare begins. */
  #header(text: string): number {
    const comma = text.indexOf(',');
    const flag = comma === -1 ? text : text.slice(0, comma);
    if (flag === 'n' || flag === 'y') this.#unbound(flag);
    else if (flag.startsWith('p=')) this.#bound(flag.slice(2));
    else throw malformed('unexpected channel-binding flag');
    if (text[comma + 1] === 'a') {
      throw new ProtocolError('client uses authorization identity, but it is not supported', '0A000');
    }
    if (comma === -1 || text[comma + 1] !== ',') throw malformed('unexpected attribute in client-first-message');
    return comma + 2;
  }

  #unbound(flag: 'n' | 'y'): void {
    if (this.#plus) {
      throw malformed('the client selected SCRAM-SHA-256-PLUS, but the message does not include channel binding data');
    }
    if (flag === 'y' && this.#endPoint !== undefined) {
      throw new ProtocolError(
        'SCRAM channel binding negotiation error: the client supports it but thinks that the server does not',
        '28000',
      );
    }
    this.#binding = { flag };
  }

  #bound(type: string): void {
    if (!this.#plus || this.#endPoint === undefined) {
      throw malformed('the client selected SCRAM-SHA-256, but the message includes channel binding data');
    }
    if (type !== endPointBinding) throw new ProtocolError('unsupported SCRAM channel-binding type');
    this.#binding = { flag: 'p', endPoint: this.#endPoint };
  }

  /** Reads client-final-message, checks its proof. */
  #final(text: string): ScramStep {
    const attributes = new Attributes(text);
    const expected = toBase64(bindingInput(this.#binding));
    if (attributes.expect('c') !== expected) throw this.#wrongBinding();
    const nonce = attributes.expect('r');
    let proofAt = attributes.offset;
    let attribute = attributes.any();
    while (attribute.name !== 'p') {
      proofAt = attributes.offset;
      attribute = attributes.any();
    }
    const proof = fromBase64(attribute.value);
    if (proof?.length !== keyBytes) throw malformed('malformed proof in client-final-message');
    if (!attributes.done) throw malformed('garbage found at the end of client-final-message');
    if (nonce !== this.#nonce) throw new ProtocolError('invalid SCRAM response: nonce does not match');
    const withoutProof = text.slice(0, proofAt - 1);
    return this.#verdict(proof, fromOctets(`${this.#authMessage},${withoutProof}`));
  }

  #wrongBinding(): ProtocolError {
    return this.#plus
      ? new ProtocolError('SCRAM channel binding check failed', '28000')
      : new ProtocolError('unexpected SCRAM channel-binding attribute in client-final-message');
  }

  #verdict(proof: Uint8Array, authMessage: Uint8Array): ScramStep {
    const crypto = this.#crypto;
    const { verifiers } = this.#candidates;
    const slots = Math.max(verifiers.length, minVerifiers);
    let proved: ScramVerifier | undefined;
    for (let slot = 0; slot < slots; slot += 1) {
      const verifier = verifiers[slot];
      const { storedKey } = verifier ?? nobody;
      const matches = proves(crypto, proof, { storedKey, authMessage });
      if (matches && verifier !== undefined) proved = verifier;
    }
    const signature = serverSignature(crypto, (proved ?? nobody).serverKey, authMessage);
    if (proved === undefined) return { type: 'refused' };
    return { type: 'accepted', id: proved.id, data: fromOctets(`v=${toBase64(signature)}`) };
  }
}

/** Stands in for verifiers that are not there; what matches it is not let in. */
const nobody: ScramKeys = { storedKey: new Uint8Array(keyBytes), serverKey: new Uint8Array(keyBytes) };

function malformed(why: string): ProtocolError {
  return new ProtocolError(`malformed SCRAM message: ${why}`);
}
