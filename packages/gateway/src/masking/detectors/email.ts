import { type Found, isAlphanumeric } from './find.ts';

/** RFC 5321, 4.5.3.1. */
const localCharacters = 64;
const domainCharacters = 255;

/**
 * E-mail addresses: a dot-atom (RFC 5322) in front of the @, behind it a domain of at least two labels whose last one is
 * of letters. Each @ costs at most the length of the longest address.
 */
export function findEmails(text: string, found: Found): void {
  let from = 0;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', Math.max(at + 1, from))) {
    const start = localStart(text, at, from);
    if (start === at) continue;
    const end = domainEnd(text, at + 1);
    if (end === -1) continue;
    found(start, end);
    from = end;
  }
}

const localMarks = new Set(Array.from("!#$%&'*+-/=?^_`|~.", (mark) => mark.charCodeAt(0)));

function localStart(text: string, at: number, from: number): number {
  let start = at;
  const least = Math.max(from, at - localCharacters);
  while (start > least && isLocal(text.charCodeAt(start - 1))) start -= 1;
  // Marks in front belong to what stands around it: '=', quotes, `/`.
  while (start < at && localMarks.has(text.charCodeAt(start))) start += 1;
  return start;
}

function isLocal(code: number): boolean {
  return isAlphanumeric(code) || code > 0x7f || localMarks.has(code);
}

function domainEnd(text: string, start: number): number {
  let end = -1;
  let labels = 0;
  for (let at = start; at - start <= domainCharacters; ) {
    const labelEnd = endOfLabel(text, at, start + domainCharacters);
    if (labelEnd === at) return end;
    labels += 1;
    if (labels >= 2 && isTopLevel(text.slice(at, labelEnd))) end = labelEnd;
    if (text.charCodeAt(labelEnd) !== 0x2e) return end;
    at = labelEnd + 1;
  }
  return end;
}

function endOfLabel(text: string, start: number, most: number): number {
  let at = start;
  while (
    at < most &&
    (isAlphanumeric(text.charCodeAt(at)) || text.charCodeAt(at) > 0x7f || isInnerDash(text, at, start))
  ) {
    at += 1;
  }
  return at;
}

function isInnerDash(text: string, at: number, start: number): boolean {
  if (text.charCodeAt(at) !== 0x2d || at === start) return false;
  const next = text.charCodeAt(at + 1);
  return isAlphanumeric(next) || next === 0x2d || next > 0x7f;
}

function isTopLevel(label: string): boolean {
  return label.length >= 2 && /^(?:xn--.*|[^\d-][^\d]*)$/i.test(label);
}
