/** A text ends at its first NUL, for Postgres as well; what stands behind it makes the server refuse the message. */
export function untilNul(bytes: Uint8Array): Uint8Array {
  const nul = bytes.indexOf(0);
  return nul === -1 ? bytes : bytes.subarray(0, nul);
}
