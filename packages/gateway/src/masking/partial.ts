const star = 0x2a;
/** Characters that stay at the end, and that are hidden at least. */
const kept = 4;

/**
 * A text with `*` for each character but the last four. Of a short text fewer stay, so that four are hidden; of four or
 * less none. Characters are UTF-8's. A text that is none (another client_encoding) keeps of its last four bytes only those
 * of ASCII: what the others belong to cannot be told.
 */
export function partialText(text: Uint8Array): Uint8Array {
  if (isAscii(text)) return starred(text, Math.min(kept, Math.max(0, text.length - kept)));
  const starts = characterStarts(text);
  const characters = starts?.length ?? text.length;
  const stay = Math.min(kept, Math.max(0, characters - kept));
  const from = starts === undefined ? text.length - stay : (starts[characters - stay] ?? text.length);
  const hidden = characters - stay;
  const masked = new Uint8Array(hidden + text.length - from).fill(star);
  masked.set(text.subarray(from), hidden);
  if (starts === undefined) hideBeyondAscii(masked);
  return masked;
}

function isAscii(text: Uint8Array): boolean {
  for (let at = 0; at < text.length; at += 1) if ((text[at] as number) > 0x7f) return false;
  return true;
}

function starred(text: Uint8Array, stay: number): Uint8Array {
  const masked = new Uint8Array(text.length).fill(star);
  for (let at = text.length - stay; at < text.length; at += 1) masked[at] = text[at] as number;
  return masked;
}

function hideBeyondAscii(text: Uint8Array): void {
  for (let at = 0; at < text.length; at += 1) if ((text[at] as number) > 0x7f) text[at] = star;
}

/** Undefined when it is not UTF-8. */
function characterStarts(text: Uint8Array): readonly number[] | undefined {
  const starts: number[] = [];
  for (let at = 0; at < text.length; ) {
    const byte = text[at] as number;
    const length =
      byte < 0x80
        ? 1
        : byte >= 0xc2 && byte < 0xe0
          ? 2
          : byte >= 0xe0 && byte < 0xf0
            ? 3
            : byte >= 0xf0 && byte < 0xf5
              ? 4
              : 0;
    if (length === 0 || at + length > text.length) return undefined;
    for (let next = at + 1; next < at + length; next += 1)
      if (((text[next] as number) & 0xc0) !== 0x80) return undefined;
    starts.push(at);
    at += length;
  }
  return starts;
}
