import type { ClaimPath, ClaimPatterns } from '../../config/issuer.ts';

/** What a token says, once its signature was checked: a JSON object. */
export interface Claims {
  readonly [name: string]: unknown;
}

/** A claim by its path; undefined when it is not there. Inherited names (`constructor`) are not there. */
export function claimAt(claims: Claims, path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** Whether claims are as a rule wants them: every one that it names. A rule that names none matches nothing. */
export function matchesClaims(claims: Claims, patterns: ClaimPatterns): boolean {
  const wanted = Object.entries(patterns);
  return wanted.length > 0 && wanted.every(([name, pattern]) => matches(claimAt(claims, [name]), pattern));
}

/** A claim that is a list matches when one of its members does (`aud`, `groups`). */
function matches(value: unknown, pattern: ClaimPatterns[string]): boolean {
  if (typeof pattern === 'object') return isObject(value) && matchesClaims(value, pattern);
  const members: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (typeof pattern !== 'string') return members.includes(pattern);
  return members.some((member) => typeof member === 'string' && matchesGlob(member, pattern));
}

/**
 * Whether a text is a pattern in which `*` stands for any characters, none and slashes among them; everything else
 * stands for itself, and case matters. Takes time in proportion to the text for each `*`.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
