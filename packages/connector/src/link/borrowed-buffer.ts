/** As much as is read at once. */
const bufferBytes = 64 * 1024;
/** Smaller copies come from Buffer's own pool, which is cheaper than to bring them back. */
const smallBytes = 4 * 1024;
/** Kept for the next ones: 8 MiB. */
const maximumFree = 128;

const free: Buffer[] = [];

/** Bytes that are their taker's until it gives them back. */
export interface BorrowedBuffer {
  readonly bytes: Uint8Array;
  /** Called once, and only when nobody will read them any more; undefined when they need not come back. */
  readonly giveBack: (() => void) | undefined;
}

/**
 * A copy of what was read into a buffer that others use next. A fresh one for each read would cost a third more of all
 * that passing on a large result costs, and 70 MB for buffers that wait for the garbage collector (measured, 1 GB over
 * TLS).
 */
export function borrowedCopy(view: Uint8Array): BorrowedBuffer {
  if (view.length <= smallBytes || view.length > bufferBytes) return { bytes: Buffer.from(view), giveBack: undefined };
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  buffer.set(view);
  return {
    bytes: buffer.subarray(0, view.length),
    giveBack: () => {
      if (free.length < maximumFree) free.push(buffer);
    },
  };
}
