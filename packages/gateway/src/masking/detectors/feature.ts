/**
 * What a value must have for a detector to look at it, so that ordinary text costs one pass over its bytes and nothing
 * else. `digits13`: thirteen digits with nothing between them but blanks and dashes. `run15`: fifteen bytes in a row of which
 * keys and tokens are made.
 */
export const feature = {
  at: 1,
  plus: 2,
  dash: 4,
  letter: 8,
  digits6: 16,
  digits13: 32,
  bytes15: 64,
  run15: 128,
} as const;

/** All of them, for what cannot be looked at byte by byte (escapes). */
export const allFeatures = 0xff;

/** Only in the table below. */
const digit = 256;
const ofRun = 512;
const ofNumber = 1024;

const byByte = Uint16Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return digit | ofRun | ofNumber;
  if (byte === 0x40) return feature.at;
  if (byte === 0x2b) return feature.plus | ofRun;
  if (byte === 0x2d) return feature.dash | ofRun | ofNumber;
  if (byte === 0x20) return ofNumber;
  // . / _ =
  if (byte === 0x2e || byte === 0x2f || byte === 0x5f || byte === 0x3d) return ofRun;
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a ? feature.letter | ofRun : 0;
});

/** The features of the bytes from `start` to `end`. */
export function featuresOf(bytes: Uint8Array, start: number, end: number): number {
  let features = 0;
  let digits = 0;
  let ofOneNumber = 0;
  let runStart = start;
  for (let at = start; at < end; at += 1) {
    const found = byByte[bytes[at] as number] as number;
    features |= found;
    if ((found & ofNumber) === 0) ofOneNumber = 0;
    else if ((found & digit) !== 0) {
      digits += 1;
      ofOneNumber += 1;
      if (ofOneNumber === 13) features |= feature.digits13;
    }
    if ((found & ofRun) === 0) {
      if (at - runStart >= 15) features |= feature.run15;
      runStart = at + 1;
    }
  }
  if (end - runStart >= 15) features |= feature.run15;
  if (end - start >= 15) features |= feature.bytes15;
  if (digits >= 6) features |= feature.digits6;
  return features & allFeatures;
}
