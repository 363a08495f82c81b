/** Fields of messages as bytes, for tests that must not rely on the codec that they are compared with. */
export function int16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value);
}

export function int32(value: number): Uint8Array {
  return Uint8Array.of(value >> 24, value >> 16, value >> 8, value);
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function cstring(text: string): Uint8Array {
  return concat(utf8(text), Uint8Array.of(0));
}

/** With its length in front; NULL is -1. */
export function value(bytes: Uint8Array | null): Uint8Array {
  return bytes === null ? int32(-1) : concat(int32(bytes.length), bytes);
}

/** With its count in front. */
export function list<T>(items: readonly T[], encode: (item: T) => Uint8Array): Uint8Array {
  return concat(int16(items.length), ...items.map(encode));
}

export function message(tag: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const body = concat(...fields);
  return concat(utf8(tag), int32(body.length + 4), body);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}
