/**
 * Postgres' names of client encodings, as the WHATWG Encoding Standard calls them. Where that standard knows only a
 * superset (windows-1254 for LATIN5, euc-kr as UHC), the superset stands here. Missing ones (EUC_TW, JOHAB,
 * MULE_INTERNAL) are read as SQL_ASCII is. Source: Postgres manual, "Character Set Support".
 */
const labels: { readonly [encoding: string]: string } = {
  UTF8: 'utf-8',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN5: 'windows-1254',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  EUC_JP: 'euc-jp',
  EUC_JIS_2004: 'euc-jp',
  SJIS: 'shift_jis',
  SHIFT_JIS_2004: 'shift_jis',
  EUC_KR: 'euc-kr',
  UHC: 'euc-kr',
  EUC_CN: 'gbk',
  GBK: 'gbk',
  GB18030: 'gb18030',
  BIG5: 'big5',
};

export const defaultEncoding = 'UTF8';

/** Reads bytes as text. Never throws: what is ill-formed becomes U+FFFD. */
export type DecodeText = (bytes: Uint8Array) => string;

const decoders = new Map<string, DecodeText>();

/** The reader of a `client_encoding`, by the name that Postgres reports. */
export function textDecoder(encoding: string): DecodeText {
  let decode = decoders.get(encoding);
  if (decode === undefined) {
    decode = makeDecoder(encoding);
    decoders.set(encoding, decode);
  }
  return decode;
}

function makeDecoder(encoding: string): DecodeText {
  // The WHATWG `latin1` is windows-1252; Postgres' LATIN1 maps 0x80 to 0x9F to control characters.
  if (encoding === 'LATIN1') return (bytes) => view(bytes).toString('latin1');
  // Buffer's own UTF-8 reader is three times as fast as TextDecoder on short texts, and replaces alike.
  if (encoding === 'UTF8') return (bytes) => view(bytes).toString('utf8');
  const label = labels[encoding];
  if (label === undefined) return decodeUnknown;
  const decoder = new TextDecoder(label, { ignoreBOM: true });
  return (bytes) => decoder.decode(bytes);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** SQL_ASCII says nothing of the bytes: UTF-8 where they are that, else one character a byte. */
function decodeUnknown(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return view(bytes).toString('latin1');
  }
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
