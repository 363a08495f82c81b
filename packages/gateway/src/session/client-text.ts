import { latin1 } from './latin1.ts';

/**
 * Texts of clients as Unicode. Only encodings that are read here exactly as Postgres reads them: where the two differ, a
 * rule would be asked about another name than the one that is used. The test compares them with a server.
 */

/** Of encodings with one byte for each character, and of some others, by Postgres's name: what TextDecoder calls them. */
const labels: { readonly [encoding: string]: string } = {
  UTF8: 'utf-8',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  KOI8R: 'koi8-r',
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
  EUC_KR: 'euc-kr',
  GBK: 'gbk',
  SJIS: 'shift_jis',
};

/** Encodings in `client_encoding` whose texts can be read when they are not ASCII. */
export const readableEncodings: readonly string[] = ['LATIN1', ...Object.keys(labels)];

/** Control characters that ICU exchanges in Shift JIS; nobody has a use for them in SQL. */
const exchanged: ReadonlySet<number> = new Set([0x1a, 0x1c, 0x7f]);

type Decoder = InstanceType<typeof TextDecoder>;

const decoders = new Map<string, Decoder>();

/**
 * The text; undefined when its bytes are none in the encoding, or it is not known how Postgres reads them. `clientEncoding`
 * as ParameterStatus names it.
 */
export function clientText(bytes: Uint8Array, clientEncoding: string): string | undefined {
  if (clientEncoding !== 'UTF8' && isAscii(bytes)) return decoderOf('utf-8').decode(bytes);
  // What the web calls latin1 is windows-1252.
  if (clientEncoding === 'LATIN1') return latin1(bytes);
  const label = Object.hasOwn(labels, clientEncoding) ? labels[clientEncoding] : undefined;
  if (label === undefined) return undefined;
  if (clientEncoding === 'SJIS' && bytes.some((byte) => exchanged.has(byte))) return undefined;
  try {
    return decoderOf(label).decode(bytes);
  } catch {
    return undefined;
  }
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80);
}

function decoderOf(label: string): Decoder {
  const known = decoders.get(label) ?? new TextDecoder(label, { fatal: true, ignoreBOM: true });
  decoders.set(label, known);
  return known;
}
