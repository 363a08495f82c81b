/** Whole messages of a stream as they were kept: DataRow for a result, CopyData for COPY. Source: Postgres manual, "Message Formats". */

const copyDataTag = 0x64;
const headerBytes = 5;

/** Whether kept messages are rows, as against COPY data. */
export function isRowData(messages: Uint8Array): boolean {
  return messages[0] !== copyDataTag;
}

/**
 * Whether a description is a CopyOutResponse (format, count, a format for each column), as against a RowDescription,
 * whose columns take 19 bytes at least.
 */
export function isCopyOutResponse(body: Uint8Array): boolean {
  const [format = 2, high = 0, low = 0] = body;
  return format <= 1 && body.length === 3 + 2 * ((high << 8) | low);
}

/** What CopyData messages carry, without their headers. The last may have been cut. */
export function copyBytes(kept: readonly Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const messages of kept) {
    const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
    for (let at = 0; at + headerBytes <= messages.length; ) {
      const end = at + 1 + view.getUint32(at + 1);
      pieces.push(messages.subarray(at + headerBytes, end));
      at = end;
    }
  }
  return Buffer.concat(pieces);
}
