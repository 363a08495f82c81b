const atATime = 8192;

/**
 * Bytes as a string of the same length, one character a byte. Postgres reads SQL bytewise with ASCII as its only
 * syntax, so boundaries and literals can be found in this form whatever the client_encoding is, and offsets stay bytes.
 */
export function latin1(bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  if (bytes.length <= atATime) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let text = '';
  for (let at = 0; at < bytes.length; at += atATime) text += latin1(bytes.subarray(at, at + atATime));
  return text;
}

/** The inverse of `latin1`; characters over U+00FF do not occur in its output and are refused. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0xff) throw new RangeError('not a latin1 string');
    bytes[at] = code;
  }
  return bytes;
}

/** Of a latin1 string. */
export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
