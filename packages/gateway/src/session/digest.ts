/** A running SHA-256. Given to the session core from outside, so that the core stays free of I/O and of `node:*`. */
export interface Digest {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}
