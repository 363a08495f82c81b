import { equalBytes } from '../equal-bytes.ts';

/** True when the entry can say both names with one: the server may take different ones for the same. */
export function isSameName(recorded: Uint8Array | undefined, name: Uint8Array): boolean {
  if (recorded === undefined) return name.length === 0;
  return equalBytes(recorded, name);
}
