import { limits } from '@onrecord/wire';

/** A name of the client's for a message to it: in its own encoding, of which only ASCII is sure to be understood. */
export function readable(name: Uint8Array): string {
  return Array.from(name.subarray(0, limits.nameBytes), (byte) =>
    byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '?',
  ).join('');
}
