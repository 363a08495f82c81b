import type { QualifiedName } from '../resolve.ts';

const part = /\s*(?:"((?:[^"]|"")+)"|([^\s."]+))\s*/y;

/** The name that a text means as a regclass, `s.t` or `"S"."t"`; undefined for what is none, a number among them. */
export function regclassName(given: string): QualifiedName | undefined {
  const parts: string[] = [];
  part.lastIndex = 0;
  for (;;) {
    const match = part.exec(given);
    if (match === null) return undefined;
    parts.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').toLowerCase());
    const end = part.lastIndex;
    if (end === given.length) break;
    if (given[end] !== '.') return undefined;
    part.lastIndex = end + 1;
  }
  const name = parts.at(-1) ?? '';
  return /^\d+$/.test(name) ? undefined : { schema: parts.at(-2) ?? '', name };
}
