/** Bytes as a string, one character a byte: SCRAM's messages are ASCII, but what a peer sends may be anything. */
export function octets(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The inverse of `octets`. */
export function fromOctets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
