/**
 * The signed 32-bit number at an offset, in network order. Shifts instead of a DataView: making one for every chunk and
 * message costs more than everything that is read with it (80 ns each).
 */
export function bigEndianInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
