import { hex } from './hex.ts';

/** Turns text as Postgres sent it into characters. Never throws. */
export type DecodeText = (bytes: Uint8Array) => string;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Labels of the Encoding Standard by Postgres's names, spelt as `clean_encoding_name` (encnames.c) compares them. The
 * JIS X 0213 encodings are read as their older kin, which share all but rare characters. The standard has none for
 * EUC_TW, JOHAB and MULE_INTERNAL; Node's `euc-kr` lacks the syllables that only UHC has.
 */
const labels: { readonly [name: string]: string } = {
  big5: 'big5',
  euccn: 'gbk',
  eucjis2004: 'euc-jp',
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
  gb18030: 'gb18030',
  gbk: 'gbk',
  iso88595: 'iso-8859-5',
  iso88596: 'iso-8859-6',
  iso88597: 'iso-8859-7',
  iso88598: 'iso-8859-8',
  koi8: 'koi8-r',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  latin2: 'iso-8859-2',
  latin3: 'iso-8859-3',
  latin4: 'iso-8859-4',
  latin6: 'iso-8859-10',
  latin7: 'iso-8859-13',
  latin8: 'iso-8859-14',
  latin9: 'iso-8859-15',
  latin10: 'iso-8859-16',
  shiftjis: 'shift_jis',
  shiftjis2004: 'shift_jis',
  sjis: 'shift_jis',
  uhc: 'euc-kr',
  win866: 'ibm866',
  win874: 'windows-874',
  win1250: 'windows-1250',
  win1251: 'windows-1251',
  win1252: 'windows-1252',
  win1253: 'windows-1253',
  win1254: 'windows-1254',
  win1255: 'windows-1255',
  win1256: 'windows-1256',
  win1257: 'windows-1257',
  win1258: 'windows-1258',
};

/**
 * How to read text in a `client_encoding`, named as ParameterStatus names it. Bytes that are not text in it are shown as
 * `\xNN`; so are all bytes over 0x7F in an encoding that is not known. SQL_ASCII says nothing of what bytes mean: what is
 * well-formed UTF-8 is read as that, anything else as LATIN1.
 */
export function textDecoding(clientEncoding: string): DecodeText {
  const name = clientEncoding.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (name === 'utf8' || name === 'unicode') return decodeUtf8;
  if (name === 'sqlascii') return (bytes) => strictly(utf8, bytes) ?? decodeLatin1(bytes);
  if (name === 'latin1') return decodeLatin1;
  if (name === 'latin5') return decodeLatin5;
  const label = labels[name];
  if (label === undefined) return escapeHighBytes;
  const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
  if (label.startsWith('iso-')) return (bytes) => strictly(decoder, bytes) ?? piecewise(decoder, bytes);
  const decode: DecodeText = (bytes) => whole(decoder, bytes) ?? piecewise(decoder, bytes);
  return name === 'koi8u' ? (bytes) => withoutBelarusian(decode(bytes)) : decode;
}

/** Outside ISO 8859, decoders make the control characters of ISO 6429 of bytes that mean nothing to them. */
const meaningless = /[\x80-\x9f]/;

function whole(decoder: typeof utf8, bytes: Uint8Array): string | undefined {
  const text = strictly(decoder, bytes);
  return text === undefined || meaningless.test(text) ? undefined : text;
}

/** Character by character: the longest in these encodings has four bytes (GB18030). */
function piecewise(decoder: typeof utf8, bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    let length = 0;
    let piece: string | undefined;
    while (piece === undefined && length < 4 && at + length < bytes.length) {
      length += 1;
      piece = whole(decoder, bytes.subarray(at, at + length));
    }
    text += piece ?? escaped(bytes[at] as number);
    at += piece === undefined ? 1 : length;
  }
  return text;
}

/** The standard's KOI8-U has two letters of Belarusian where RFC 2319 and Postgres have box drawings. */
function withoutBelarusian(text: string): string {
  return text.replace(/\u045e/g, '\u255d').replace(/\u040e/g, '\u256c');
}

/** UTF-8; each byte that is part of no character is shown as `\xNN`. */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = strictly(utf8, bytes);
  if (text !== undefined) return text;
  let decoded = '';
  for (let at = 0; at < bytes.length; ) {
    const length = wellFormed(bytes, at);
    if (length === 0) {
      decoded += escaped(bytes[at] as number);
      at += 1;
      continue;
    }
    const start = at;
    at += length;
    for (let next = length; next > 0 && at < bytes.length; at += next) next = wellFormed(bytes, at);
    decoded += utf8.decode(bytes.subarray(start, at));
  }
  return decoded;
}

function strictly(decoder: typeof utf8, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Length of the well-formed UTF-8 character at `at` (table 3-7 of the Unicode Standard), or 0. */
function wellFormed(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  const length = lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) === 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] as number;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let index = 2; index < length; index += 1) if (((bytes[at + index] as number) & 0xc0) !== 0x80) return 0;
  return length;
}

function escaped(byte: number): string {
  return `\\x${hex(Uint8Array.of(byte))}`;
}

function escapeHighBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : escaped(byte);
  return text;
}

/** ISO 8859-1. The Encoding Standard means Windows-1252 by that name, and Postgres does not. */
function decodeLatin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** ISO 8859-9 differs from 8859-1 in six letters. */
const turkish: { readonly [byte: number]: string } = { 208: 'Ğ', 221: 'İ', 222: 'Ş', 240: 'ğ', 253: 'ı', 254: 'ş' };

function decodeLatin5(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += turkish[byte] ?? String.fromCharCode(byte);
  return text;
}
