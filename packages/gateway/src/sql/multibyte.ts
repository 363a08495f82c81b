/**
 * The client encodings in which a character may have ASCII bytes behind its first one (pg_wchar.h: those that a server
 * cannot have), and how many bytes the character takes that begins with two bytes (pg_encoding_mblen).
 */
const lengths: { readonly [encoding: string]: (first: number, second: number) => number } = {
  BIG5: () => 2,
  GB18030: (_, second) => (second >= 0x30 && second <= 0x39 ? 4 : 2),
  GBK: () => 2,
  JOHAB: (first) => (first === 0x8f ? 3 : 2),
  SHIFT_JIS_2004: japanese,
  SJIS: japanese,
  UHC: () => 2,
};

function japanese(first: number): number {
  return first >= 0xa1 && first <= 0xdf ? 1 : 2;
}

/**
 * The text (a latin1 string) with every byte behind the first of a character made a letter over 0x7F, so that it can be
 * read bytewise: in SJIS, `E'表'` holds a byte that looks like a backslash. Lengths and offsets stay; the text itself in
 * the other encodings. `clientEncoding` is named as ParameterStatus names it.
 */
export function maskMultibyte(sql: string, clientEncoding: string): string {
  const lengthOf = lengths[clientEncoding];
  if (lengthOf === undefined || !/[\x80-\xff][\0-\x7f]/.test(sql)) return sql;
  let masked = '';
  let copied = 0;
  for (let at = 0; at < sql.length; ) {
    const first = sql.charCodeAt(at);
    const length = first < 0x80 ? 1 : lengthOf(first, sql.charCodeAt(at + 1));
    const end = Math.min(at + length, sql.length);
    if (length > 1) {
      masked += sql.slice(copied, at + 1) + '\xff'.repeat(end - at - 1);
      copied = end;
    }
    at = end;
  }
  return masked + sql.slice(copied);
}
