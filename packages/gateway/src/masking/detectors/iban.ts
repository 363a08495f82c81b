import type { Found } from './find.ts';

/** Lengths by country (SWIFT, IBAN Registry, release 99). */
const lengths: { readonly [country: string]: number } = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** In one piece, or in groups of four. */
const candidate =
  /(?<![\dA-Za-z])[A-Za-z]{2}\d{2}(?:[\dA-Za-z]{11,29}|(?:[ -][\dA-Za-z]{4}){2,7}(?:[ -][\dA-Za-z]{1,3})?)(?![\dA-Za-z])/g;

/** International bank account numbers of the length of their country and with the right check digits (ISO 13616). */
export function findIbans(text: string, found: Found): void {
  for (const { 0: match, index } of text.matchAll(candidate)) {
    const end = ibanEnd(match);
    if (end > 0) found(index, index + end);
  }
}

/** Words of four letters may follow the groups: as much of the match as the country's length asks for. */
function ibanEnd(match: string): number {
  const length = lengths[match.slice(0, 2).toUpperCase()];
  if (length === undefined) return 0;
  let end = 0;
  let characters = '';
  for (; end < match.length && characters.length < length; end += 1) {
    if (/[^ -]/.test(match[end] ?? '')) characters += match[end];
  }
  if (characters.length < length || /[\dA-Za-z]/.test(match[end] ?? '')) return 0;
  return remainder97(characters.slice(4) + characters.slice(0, 4)) === 1 ? end : 0;
}

/** ISO 7064, mod 97-10, with letters as 10 to 35. */
function remainder97(characters: string): number {
  let remainder = 0;
  for (const character of characters) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}
