import { clientKey } from './keys.ts';
import type { ScramCrypto } from './scram-crypto.ts';

/** ClientProof (RFC 5802 section 3): shows that the client knows the password, without showing it. */
export function clientProof(crypto: ScramCrypto, saltedPassword: Uint8Array, authMessage: Uint8Array): Uint8Array {
  const key = clientKey(crypto, saltedPassword);
  return xor(key, crypto.hmacSha256(crypto.sha256(key), authMessage));
}

/** Whether a proof was made with the key that `storedKey` is the hash of. Takes the same time either way. */
export function proves(
  crypto: ScramCrypto,
  proof: Uint8Array,
  about: { readonly storedKey: Uint8Array; readonly authMessage: Uint8Array },
): boolean {
  const key = xor(proof, crypto.hmacSha256(about.storedKey, about.authMessage));
  return crypto.equal(crypto.sha256(key), about.storedKey);
}

/** ServerSignature (RFC 5802 section 3): shows that the server knows the verifier. */
export function serverSignature(crypto: ScramCrypto, serverKey: Uint8Array, authMessage: Uint8Array): Uint8Array {
  return crypto.hmacSha256(serverKey, authMessage);
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, at) => byte ^ (b[at] as number));
}
