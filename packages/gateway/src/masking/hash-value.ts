import { bytesOfHex, hexOf } from './hex.ts';
import { numericOfText, textOfNumeric } from './numeric.ts';
import type { ValueFamily } from './value-family.ts';

/** HMAC-SHA-256 with the key of `masking.key`: 32 bytes. */
export type Hmac = (bytes: Uint8Array) => Uint8Array;

const utf8 = new TextEncoder();
const ascii = new TextDecoder('latin1');

/**
 * The keyed hash of a value, in its own type and format; null where the type has none. It is taken over the value's
 * canonical text, so that one value has one hash in both formats, in text and varchar and char columns, and for numerics
 * with whatever number of zeros at their end.
 */
export function hashValue(
  bytes: Uint8Array,
  { family, format, hmac }: { readonly family: ValueFamily; readonly format: number; readonly hmac: Hmac },
): Uint8Array | null {
  const canonical = canonicalOf(bytes, family, format);
  return canonical === null ? null : encodeHash(hmac(canonical), family, format);
}

/** 32 hexadecimal digits: half of the HMAC, of which two values share one with a chance of 2^-128. */
export function hexHash(hmac: Hmac, bytes: Uint8Array): Uint8Array {
  return utf8.encode(hexOf(hmac(bytes).subarray(0, 16)));
}

/** Null: not a value of the type, or of one that has no hash. */
function canonicalOf(bytes: Uint8Array, family: ValueFamily, format: number): Uint8Array | null {
  switch (family) {
    case 'text':
      return bytes;
    case 'bpchar':
      return withoutBlanks(bytes);
    case 'uuid':
      return format === 0 ? bytes : bytes.length === 16 ? uuidText(bytes) : null;
    case 'bytea':
      return format === 0 ? byteaOfText(bytes) : bytes;
    case 'int2':
    case 'int4':
    case 'int8':
      return format === 0 ? bytes : integerText(bytes, widths[family]);
    case 'numeric': {
      const text = format === 0 ? ascii.decode(bytes) : textOfNumeric(bytes);
      return text === undefined ? null : utf8.encode(withoutZeros(text));
    }
    default:
      return null;
  }
}

const widths = { int2: 2, int4: 4, int8: 8 } as const;

function encodeHash(hash: Uint8Array, family: ValueFamily, format: number): Uint8Array | null {
  switch (family) {
    case 'uuid': {
      const uuid = uuidOfHash(hash);
      return format === 0 ? uuidText(uuid) : uuid;
    }
    case 'bytea': {
      const half = hash.slice(0, 16);
      return format === 0 ? utf8.encode(`\\x${hexOf(half)}`) : half;
    }
    case 'int2':
    case 'int4':
    case 'int8': {
      const integer = hash.slice(0, widths[family]);
      integer[0] = (integer[0] as number) & 0x7f;
      return format === 0 ? integerText(integer, widths[family]) : integer;
    }
    case 'numeric': {
      // 48 bits: 15 digits, which a double holds too.
      const text = String(
        new DataView(hash.buffer, hash.byteOffset).getUint32(0) * 0x1_0000 +
          ((hash[4] as number) << 8) +
          (hash[5] as number),
      );
      return format === 0 ? utf8.encode(text) : numericOfText(text);
    }
    default:
      return utf8.encode(hexOf(hash.subarray(0, 16)));
  }
}

function withoutBlanks(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0x20) end -= 1;
  return bytes.subarray(0, end);
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function integerText(bytes: Uint8Array, width: 2 | 4 | 8): Uint8Array | null {
  if (bytes.length !== width) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return utf8.encode(String(width === 2 ? view.getInt16(0) : width === 4 ? view.getInt32(0) : view.getBigInt64(0)));
}

function uuidText(bytes: Uint8Array): Uint8Array {
  return utf8.encode(hexOf(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
}

/** Version 8, variant 10 (RFC 9562, 5.8): bits of somebody's own making. */
function uuidOfHash(hash: Uint8Array): Uint8Array {
  const uuid = hash.slice(0, 16);
  uuid[6] = ((uuid[6] as number) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] as number) & 0x3f) | 0x80;
  return uuid;
}

/** byteain: `\x` and hexadecimal digits, or the escape format (bytea_output). Null when it is neither. */
function byteaOfText(text: Uint8Array): Uint8Array | null {
  if (text[0] === 0x5c && text[1] === 0x78) return bytesOfHex(ascii.decode(text.subarray(2)));
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at] as number;
    if (byte !== 0x5c) bytes.push(byte);
    else if (text[at + 1] === 0x5c) {
      bytes.push(byte);
      at += 1;
    } else {
      const octal = ascii.decode(text.subarray(at + 1, at + 4));
      if (!/^[0-3][0-7]{2}$/.test(octal)) return null;
      bytes.push(Number.parseInt(octal, 8));
      at += 3;
    }
  }
  return Uint8Array.from(bytes);
}
