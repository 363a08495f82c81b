/**
 * Splits SQL into the kinds of text that a reader tells apart. For the eye only: nothing is decided from it, and it
 * never fails. Joined, the tokens are the input. Pure.
 */

export type SqlTokenKind = 'keyword' | 'name' | 'string' | 'number' | 'comment' | 'parameter' | 'other';

export interface SqlToken {
  readonly kind: SqlTokenKind;
  readonly text: string;
}

/**
 * The tokens of a text of SQL, with `standard_conforming_strings` on. What is not closed runs to the end.
 *
 * The exported HTML page runs this function from its own source text: it may use nothing outside of itself.
 */
export function sqlTokens(sql: string): SqlToken[] {
  const keyword =
    /^(?:abort|add|all|alter|analyze|and|any|array|as|asc|asymmetric|atomic|begin|between|both|by|call|cascade|case|cast|check|close|cluster|collate|column|comment|commit|concurrently|constraint|copy|create|cross|current|current_date|current_time|current_timestamp|current_user|cursor|database|deallocate|declare|default|deferrable|delete|desc|discard|distinct|do|domain|drop|each|else|end|escape|except|exclude|execute|exists|explain|extension|extract|false|fetch|filter|first|following|for|foreign|from|full|function|generated|grant|group|grouping|having|if|ilike|immutable|in|index|inherits|initially|inner|insert|instead|intersect|into|is|isnull|join|key|language|last|lateral|leading|left|like|limit|listen|local|lock|materialized|merge|move|natural|next|no|not|nothing|notify|notnull|null|nulls|of|offset|on|only|or|order|outer|over|overlaps|owner|partition|policy|position|preceding|prepare|primary|privileges|procedure|range|recursive|references|refresh|reindex|release|rename|replace|reset|restrict|returning|returns|revoke|right|role|rollback|row|rows|savepoint|schema|security|select|sequence|session|session_user|set|share|show|similar|some|start|statement|table|tables|tablesample|temp|temporary|then|ties|to|trailing|transaction|trigger|true|truncate|type|unbounded|union|unique|unlisten|unlogged|update|user|using|vacuum|values|view|volatile|when|where|window|with|within|without|work|zone)$/i;
  const tokens: SqlToken[] = [];
  // Only where a string or comment begins: a regular expression over a whole one overflows at some tens of megabytes.
  const lexeme =
    /(?<comment>--|\/\*)|(?<quote>(?:[eEbBxXnN]|[uU]&)?'|(?:[uU]&)?")|(?<dollar>\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$)|(?<parameter>\$\d+)|(?<number>0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)|(?<word>[\p{L}_][\p{L}\p{N}\p{M}_$]*)/uy;
  let at = 0;
  let other = 0;
  const push = (kind: SqlTokenKind, end: number): void => {
    if (at > other) tokens.push({ kind: 'other', text: sql.slice(other, at) });
    if (end > at) tokens.push({ kind, text: sql.slice(at, end) });
    at = end;
    other = end;
  };
  const behind = (text: string, from: number): number => {
    const found = sql.indexOf(text, from);
    return found === -1 ? sql.length : found + text.length;
  };
  /** Block comments nest. */
  const endOfComment = (from: number): number => {
    const edge = /\/\*|\*\//g;
    edge.lastIndex = from;
    for (let depth = 1; depth > 0; ) {
      const match = edge.exec(sql);
      if (match === null) return sql.length;
      depth += match[0] === '/*' ? 1 : -1;
    }
    return edge.lastIndex;
  };
  /** A doubled quote stays inside; after a backslash of an `E` string anything does. */
  const endOfQuoted = (from: number, quote: string, backslashes: boolean): number => {
    const edge = quote === '"' ? /"/g : backslashes ? /['\\]/g : /'/g;
    edge.lastIndex = from;
    for (let match = edge.exec(sql); match !== null; match = edge.exec(sql)) {
      if (match[0] !== '\\' && sql[edge.lastIndex] !== quote) return edge.lastIndex;
      edge.lastIndex += 1;
    }
    return sql.length;
  };
  while (at < sql.length) {
    lexeme.lastIndex = at;
    const match = lexeme.exec(sql);
    if (match === null) {
      at += 1;
      continue;
    }
    const text = match[0];
    const groups = match.groups ?? {};
    const end = at + text.length;
    if (text === '--') {
      const line = /[\r\n]/g;
      line.lastIndex = end;
      push('comment', line.exec(sql)?.index ?? sql.length);
    } else if (text === '/*') push('comment', endOfComment(end));
    else if (groups['quote'] !== undefined) {
      const quote = text.slice(-1);
      push(quote === '"' ? 'name' : 'string', endOfQuoted(end, quote, /^[eE]/.test(text)));
    } else if (groups['dollar'] !== undefined) push('string', behind(text, end));
    else if (groups['parameter'] !== undefined) push('parameter', end);
    else if (groups['number'] !== undefined) push('number', end);
    else push(keyword.test(text) ? 'keyword' : 'name', end);
  }
  push('other', sql.length);
  return tokens;
}
