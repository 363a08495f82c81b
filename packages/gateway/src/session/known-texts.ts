import { equalBytes } from './equal-bytes.ts';

interface Known {
  readonly bytes: Uint8Array;
  readonly encoding: string;
  readonly text: string | undefined;
}

/** A power of two. */
const slots = 16;
const maxBytes = 1_000;

/**
 * Texts that came before, by their bytes: an agent sends the same ones again, and comparing costs a tenth of decoding and
 * hashing. One for each slot; the newest stays.
 */
export class KnownTexts {
  readonly #known: (Known | undefined)[] = [];

  /** The text that the bytes are in that encoding, as `decode` says it. */
  read(
    bytes: Uint8Array,
    encoding: string,
    decode: (bytes: Uint8Array, encoding: string) => string | undefined,
  ): string | undefined {
    const { length } = bytes;
    if (length > maxBytes) return decode(bytes, encoding);
    const slot = (length + 7 * (bytes[length >> 1] ?? 0) + 3 * (bytes[length - 1] ?? 0)) & (slots - 1);
    const known = this.#known[slot];
    if (known !== undefined && known.encoding === encoding && equalBytes(known.bytes, bytes)) return known.text;
    const text = decode(bytes, encoding);
    this.#known[slot] = { bytes: bytes.slice(), encoding, text };
    return text;
  }
}
