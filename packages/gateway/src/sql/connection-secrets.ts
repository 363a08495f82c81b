/** A range of characters of the text that was looked at. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** `sslpassword`, `passwd`, `PGPASSWORD` and the like. */
export const passwordWord: RegExp = /passw(?:or)?d$/i;

/** The password of a URL's authority. libpq ends it at the first `@`; a quote is only part of it when it has to be. */
const urlAuthority = /:\/\/[^\s/:@'"]*:(?:([^\s/'"]+)|([^\s/]+?))@/g;
/** `password=…` without a space around the sign: SQL and prose rarely look like it. */
const tightPair = /passw(?:or)?d=/gi;
const urlPair = /[?&]\w*passw(?:or)?d=/gi;
/** `$1` and `%L` stand for a value that is elsewhere. */
const placeholder = /(?:\$\d+|%(?:\d+\$)?[LsI])(?!\w)/y;

/**
 * Where passwords stand in a text that may be a conninfo string, a URL or a command line. `code` says that the text is
 * more likely SQL (a dollar-quoted body), in which `password=` is a comparison: then only a conninfo string from the
 * first character on and URLs count. An empty range at the end means that the text breaks off where a password begins.
 */
export function connectionSecrets(text: string, { code }: { readonly code: boolean }): Range[] {
  const found: Range[] = [];
  for (const match of text.matchAll(urlAuthority)) {
    const end = match.index + match[0].length - 1;
    found.push({ start: end - (match[1] ?? match[2] ?? '').length, end });
  }
  let covered = 0;
  for (const match of text.matchAll(code ? urlPair : tightPair)) {
    const start = match.index + match[0].length;
    if (start < covered || isPlaceholder(text, start)) continue;
    covered = valueEnd(text, start, inUrl(text, start) ? /[\s&#]/g : /\s/g);
    found.push({ start, end: covered });
  }
  found.push(...conninfoSecrets(text));
  return found;
}

/** Reads `keyword = value` pairs as conninfo_parse (fe-connect.c) does, up to the first thing that is none. */
function conninfoSecrets(text: string): Range[] {
  const found: Range[] = [];
  for (let at = 0; at < text.length; ) {
    const key = /\s*(\w+)\s*=\s*/y;
    key.lastIndex = at;
    const match = key.exec(text);
    if (match === null) break;
    const start = key.lastIndex;
    const end = valueEnd(text, start, /\s/g);
    if (passwordWord.test(match[1] as string) && !isPlaceholder(text, start)) found.push({ start, end });
    at = end;
  }
  return found;
}

function isPlaceholder(text: string, at: number): boolean {
  placeholder.lastIndex = at;
  return placeholder.test(text);
}

/** How far back the scheme of a URL is looked for. */
const longestUrl = 4_096;

function inUrl(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - longestUrl), at);
  const scheme = before.lastIndexOf('://');
  return scheme !== -1 && !/\s/.test(before.slice(scheme));
}

/** Behind the value that begins at `start`: its closing quote, or what matches `delimiter`; a backslash escapes. */
function valueEnd(text: string, start: number, delimiter: RegExp): number {
  const opens = text[start];
  if (opens === "'" || opens === '"') {
    for (let at = start + 1; at < text.length; at += 1) {
      if (text[at] === '\\') at += 1;
      else if (text[at] === opens) return at + 1;
    }
    return text.length;
  }
  delimiter.lastIndex = start;
  for (;;) {
    const end = delimiter.exec(text)?.index;
    if (end === undefined) return text.length;
    if (text[end - 1] !== '\\') return end;
  }
}
