import { type DecodeText, textDecoding } from '@onrecord/record';

/** What Postgres uses when nobody asked for another. */
export const defaultEncoding = 'UTF8';

const known = new Map<string, DecodeText>();

/** The reader of a `client_encoding`, made once for each name. */
export function textDecoder(encoding: string): DecodeText {
  let decode = known.get(encoding);
  if (decode === undefined) {
    decode = textDecoding(encoding);
    known.set(encoding, decode);
  }
  return decode;
}
