import type { ScramCrypto } from './scram-crypto.ts';

/** Bytes of a key, a proof or a signature: those of SHA-256. */
export const keyBytes = 32;
/** SCRAM_DEFAULT_SALT_LEN (include/common/scram-common.h). */
export const saltBytes = 16;
/** SCRAM_RAW_NONCE_LEN (include/common/scram-common.h). */
export const nonceBytes = 18;

const clientKeyText = Uint8Array.from('Client Key', (letter) => letter.charCodeAt(0));
const serverKeyText = Uint8Array.from('Server Key', (letter) => letter.charCodeAt(0));

/** What a server keeps of a password. Lets it check a proof, not make one; still to be kept from others. */
export interface ScramKeys {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/**
 * The keys of a salted password: PBKDF2 with HMAC-SHA-256 over the prepared password (`saslprep`), the salt and the
 * iteration count, 32 bytes. Computing that is the slow part, and the caller's (RFC 5802 section 3).
 */
export function scramKeys(crypto: ScramCrypto, saltedPassword: Uint8Array): ScramKeys {
  return {
    storedKey: crypto.sha256(clientKey(crypto, saltedPassword)),
    serverKey: serverKey(crypto, saltedPassword),
  };
}

export function clientKey(crypto: ScramCrypto, saltedPassword: Uint8Array): Uint8Array {
  return crypto.hmacSha256(saltedPassword, clientKeyText);
}

export function serverKey(crypto: ScramCrypto, saltedPassword: Uint8Array): Uint8Array {
  return crypto.hmacSha256(saltedPassword, serverKeyText);
}
