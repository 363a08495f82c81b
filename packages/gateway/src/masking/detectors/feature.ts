/**
 * What a value must have for a detector to look at it, so that ordinary text costs one pass over its bytes and nothing
 * else.
 */
export const feature = { at: 1, plus: 2, dash: 4, letter: 8, digits6: 16, digits13: 32, bytes15: 64 } as const;

/** All of them, for what cannot be looked at byte by byte (escapes). */
export const allFeatures = 0x7f;

const digit = 128;

const byByte = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return digit;
  if (byte === 0x40) return feature.at;
  if (byte === 0x2b) return feature.plus;
  if (byte === 0x2d) return feature.dash;
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a ? feature.letter : 0;
});

/** The features of the bytes from `start` to `end`. */
export function featuresOf(bytes: Uint8Array, start: number, end: number): number {
  let features = end - start >= 15 ? feature.bytes15 : 0;
  let digits = 0;
  for (let at = start; at < end; at += 1) {
    const found = byByte[bytes[at] as number] as number;
    features |= found & 127;
    digits += found >> 7;
  }
  if (digits >= 6) features |= feature.digits6;
  if (digits >= 13) features |= feature.digits13;
  return features;
}
