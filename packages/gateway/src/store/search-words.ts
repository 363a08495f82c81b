/**
 * What a person types to search, as an FTS5 expression in which nothing is an operator: every word must occur, a phrase
 * in double quotes as it stands, `word*` as the beginning of a word. Undefined when there is no word in it at all.
 */
export function searchExpression(words: string): string | undefined {
  const terms: string[] = [];
  for (const match of words.matchAll(/"([^"]*)"?|([^\s"]+)/gu)) {
    const phrase = match[1] ?? match[2] ?? '';
    // A term without a letter or digit has no token, and says nothing.
    if (!/[\p{L}\p{N}]/u.test(phrase)) continue;
    const prefix = match[1] === undefined && /[\p{L}\p{N}]\*$/u.test(phrase) ? '*' : '';
    // Quotes are cut out by the pattern above, NUL would end the expression.
    terms.push(`"${phrase.replaceAll('\0', ' ')}"${prefix}`);
  }
  return terms.length === 0 ? undefined : terms.join(' AND ');
}
