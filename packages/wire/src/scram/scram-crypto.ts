/** What SCRAM needs of cryptography. Injected, so that this package assumes no runtime. */
export interface ScramCrypto {
  readonly sha256: (data: Uint8Array) => Uint8Array;
  readonly hmacSha256: (key: Uint8Array, data: Uint8Array) => Uint8Array;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Compares two byte strings of the same length in a time that does not depend on where they differ. */
  readonly equal: (a: Uint8Array, b: Uint8Array) => boolean;
}
