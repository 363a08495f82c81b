/** Told of each place, from `start` to before `end`. */
export type Found = (start: number, end: number) => void;

/** Finds places in a text that has one character for each of its bytes. */
export type Find = (text: string, found: Found) => void;

const decoder = new TextDecoder('latin1');

/** One character a byte; those of ASCII are themselves, of the others only that they are not ASCII can be told. */
export function latin1(bytes: Uint8Array): string {
  return bytes.length > shortBytes ? decoder.decode(bytes) : String.fromCharCode.apply(null, bytes as never);
}

/** Up to here the decoder's call costs more than its work. */
const shortBytes = 48;

/** Calls `found` for each match of an expression (with the flag `g`) that `accepts` takes. */
export function findMatches(
  text: string,
  { pattern, accepts }: { readonly pattern: RegExp; readonly accepts?: (match: string) => boolean },
  found: Found,
): void {
  for (const match of text.matchAll(pattern)) {
    if (accepts === undefined || accepts(match[0])) found(match.index, match.index + match[0].length);
  }
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isAlphanumeric(code: number): boolean {
  return isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a);
}
