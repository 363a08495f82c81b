import { createHash, type Hash } from 'node:crypto';
import { sha256 } from '../journal/sha256.ts';
import type { Digest } from '../session/digest.ts';

/**
 * SHA-256 for results. Most results are one piece, and hashing one piece in one call costs half of what a streaming
 * hash does (0.9 against 1.9 µs for 100 bytes); so the first piece is kept until a second one comes. It is a view: the
 * chunk it belongs to must not be written to before the digest is taken, which holds for chunks that sockets hand out.
 */
export function createSha256(): Digest {
  return new Sha256();
}

class Sha256 implements Digest {
  #only: Uint8Array | undefined;
  #hash: Hash | undefined;

  update(bytes: Uint8Array): void {
    if (this.#hash !== undefined) {
      this.#hash.update(bytes);
    } else if (this.#only === undefined) {
      this.#only = bytes;
    } else {
      this.#hash = createHash('sha256').update(this.#only).update(bytes);
      this.#only = undefined;
    }
  }

  digest(): Uint8Array {
    if (this.#hash !== undefined) return this.#hash.digest();
    return sha256(this.#only ?? empty);
  }
}

const empty = new Uint8Array(0);
