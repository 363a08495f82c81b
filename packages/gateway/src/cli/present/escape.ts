/**
 * Makes recorded text safe to show. Whatever an agent or Postgres wrote may hold terminal commands, text that reverses
 * the reading order, or characters that nobody sees; each of them is shown as an escape (`\x1b`, `\u202e`), none is
 * obeyed. Pure.
 */

/** A stretch of text that shows as it is, or the escape that stands for one hidden character. */
export interface Piece {
  readonly text: string;
  readonly hidden: boolean;
}

/**
 * Splits a text into what can be shown and the escapes of what cannot: controls (C0, C1), format characters (bidi
 * overrides and isolates, zero-width, tags), line and paragraph separators, lone surrogates, default-ignorable
 * characters and noncharacters. A combining mark is escaped where it would sit on something that is not text of the
 * recording, or as the fifth on one character. Characters of `kept` stay.
 *
 * The exported HTML page runs this function from its own source text: it may use nothing outside of itself.
 */
export function piecesOf(text: string, kept: string): Piece[] {
  if (/^[ -~]+$/.test(text)) return [{ text, hidden: false }];
  const hidden =
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]|(?<=^|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\p{M}{4})\p{M}/gv;
  const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  const pieces: Piece[] = [];
  let shown = 0;
  for (const match of text.matchAll(hidden)) {
    const character = match[0];
    if (kept.includes(character)) continue;
    if (match.index > shown) pieces.push({ text: text.slice(shown, match.index), hidden: false });
    shown = match.index + character.length;
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    const escaped =
      short[character] ??
      (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`);
    pieces.push({ text: escaped, hidden: true });
  }
  if (shown < text.length) pieces.push({ text: text.slice(shown), hidden: false });
  return pieces;
}

/**
 * `multiline` keeps line breaks (CRLF counts as one) and sets tabs as four spaces; without it they are escaped too, so
 * that the result is one line.
 */
export interface EscapeOptions {
  readonly multiline: boolean;
}

/** The pieces of a text as a terminal can show them. */
export function terminalPieces(text: string, options: EscapeOptions): Piece[] {
  if (!options.multiline) return piecesOf(text, '');
  return piecesOf(text.replaceAll('\r\n', '\n').replaceAll('\t', '    '), '\n');
}

/** The text as a terminal may print it: nothing in it moves the cursor, changes colours or hides. */
export function escapeForTerminal(text: string, options: EscapeOptions): string {
  return terminalPieces(text, options)
    .map((piece) => piece.text)
    .join('');
}

const htmlEntities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * The text as content or quoted attribute value of an HTML document, hidden characters as their escapes. With `mark`,
 * for content only, each escape stands in a `span` of that class.
 */
export function escapeHtml(text: string, mark?: string): string {
  return piecesOf(text, '\n\t')
    .map((piece) => {
      const safe = piece.text.replace(/[&<>"']/g, (character) => htmlEntities[character] ?? '');
      return piece.hidden && mark !== undefined ? `<span class="${mark}">${safe}</span>` : safe;
    })
    .join('');
}

/**
 * JSON that means the same and is safe where JSON is not expected: every character that {@link piecesOf} hides, and `<`,
 * `>` and `&`, as `\u` escapes. It cannot end a script element, open a comment or steer a terminal.
 */
export function escapeJson(json: string): string {
  return json.replace(
    /[<>\&\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gv,
    (character) => {
      if (character === '\n') return character;
      let escaped = '';
      for (let i = 0; i < character.length; i++) {
        escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
      }
      return escaped;
    },
  );
}
