import { luhn } from './card.ts';
import { type Find, findMatches } from './find.ts';

interface NationalId {
  /** Not within a longer word or number; bounded, so that it takes no longer than the text. */
  readonly pattern: RegExp;
  /** Told the characters without separators, in upper case. */
  readonly isValid?: (id: string) => boolean;
}

const boundary = '(?<![\\w.-])';

/** `inner` within boundaries of its own. */
function whole(inner: string): RegExp {
  return new RegExp(`${boundary}(?:${inner})(?![\\w]|[.-]\\d)`, 'gi');
}

function remainder(digits: string, by: number): number {
  let rest = 0;
  for (const digit of digits) rest = (rest * 10 + Number(digit)) % by;
  return rest;
}

function weighted(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0);
}

/** Month and day that a date can have. */
function isDate(month: string, day: string): boolean {
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
}

/** Identity numbers that their form or check digits tell from other numbers; a bare run of nine digits could be anything. */
const ids: readonly NationalId[] = [
  // United States, SSN: no check digit, but numbers that are never given out.
  { pattern: whole('(?!000|666|9)\\d{3}-(?!00)\\d{2}-(?!0000)\\d{4}') },
  // United Kingdom, National Insurance number.
  {
    pattern: whole('[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z] ?\\d{2} ?\\d{2} ?\\d{2} ?[A-D]'),
    isValid: (id) => !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(id),
  },
  // Germany, steuerliche Identifikationsnummer: ISO 7064 mod 11,10; one digit occurs twice or three times.
  { pattern: whole('[1-9]\\d ?\\d{3} ?\\d{3} ?\\d{3}'), isValid: isGermanTaxId },
  // France, NIR: 13 digits and the complement of their remainder by 97; Corsica's departments are 2A and 2B.
  {
    pattern: whole('[12] ?\\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\\d) ?\\d[\\dAB] ?\\d{3} ?\\d{3} ?\\d{2}'),
    isValid: isFrenchNir,
  },
  // Spain, DNI and NIE: the letter is the remainder by 23.
  {
    pattern: whole('(?:\\d{8}|[XYZ]-?\\d{7})-?[A-Z]'),
    isValid: (id) => {
      const number = id.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
      return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(number) % 23] === id.at(-1);
    },
  },
  // Italy, codice fiscale.
  { pattern: whole('[A-Z]{6}\\d{2}[A-EHLMPRST]\\d{2}[A-Z]\\d{3}[A-Z]'), isValid: isItalianFiscalCode },
  // Poland, PESEL: a date (centuries are added to the month) and a check digit.
  {
    pattern: whole('\\d{11}'),
    isValid: (id) =>
      isDate(String(Number(id.slice(2, 4)) % 20), id.slice(4, 6)) &&
      weighted(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0,
  },
  // Sweden, personnummer.
  {
    pattern: whole('(?:19|20)?\\d{6}[-+]\\d{4}'),
    isValid: (id) => isDate(id.slice(-8, -6), String(Number(id.slice(-6, -4)) % 60)) && luhn(id.slice(-10)),
  },
  // Finland, henkilötunnus.
  {
    pattern: whole('\\d{6}[-+A-FU-Y]\\d{3}[\\dA-Y]'),
    isValid: (id) => {
      const [date, number] = [id.slice(0, 6), id.slice(-4, -1)];
      return (
        isDate(date.slice(2, 4), date.slice(0, 2)) &&
        '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(date + number) % 31] === id.at(-1)
      );
    },
  },
  // Belgium, rijksregisternummer in its notation; for those born from 2000 on a 2 stands in front.
  {
    pattern: whole('\\d{2}\\.\\d{2}\\.\\d{2}-\\d{3}[.-]\\d{2}'),
    isValid: (id) => ['', '2'].some((century) => 97 - remainder(century + id.slice(0, 9), 97) === Number(id.slice(9))),
  },
  // Switzerland, AHV: an EAN-13.
  {
    pattern: whole('756\\.?\\d{4}\\.?\\d{4}\\.?\\d{2}'),
    isValid: (id) => weighted(id, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0,
  },
  // Brazil, CPF in its notation.
  { pattern: whole('\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}'), isValid: isBrazilianCpf },
];

/** Whether any of them may be there: one pass instead of twelve. */
const any = new RegExp(
  `${boundary}(?:${ids.map(({ pattern }) => pattern.source.replace(boundary, '')).join('|')})`,
  'i',
);

/** National identity, tax and insurance numbers of the countries in the table. */
export const findNationalIds: Find = (text, found) => {
  if (!any.test(text)) return;
  for (const { pattern, isValid } of ids) {
    const accepts = (match: string): boolean => isValid?.(match.replaceAll(/[ .+-]/g, '').toUpperCase()) ?? true;
    findMatches(text, { pattern, accepts }, found);
  }
};

function isGermanTaxId(id: string): boolean {
  const counts = new Map<string, number>();
  for (const digit of id.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const repeated = Array.from(counts.values()).filter((count) => count > 1);
  if (repeated.length !== 1 || (repeated[0] as number) > 3) return false;
  let product = 10;
  for (const digit of id.slice(0, 10)) {
    const sum = (Number(digit) + product) % 10;
    product = ((sum === 0 ? 10 : sum) * 2) % 11;
  }
  return (11 - product) % 10 === Number(id.at(-1));
}

function isFrenchNir(id: string): boolean {
  const number = id.slice(0, 13).replace('2A', '19').replace('2B', '18');
  return /^\d+$/.test(number) && 97 - remainder(number, 97) === Number(id.slice(13));
}

/** What characters in odd places count (decreto ministeriale 23/12/1976); in even places it is their order. */
const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function isItalianFiscalCode(id: string): boolean {
  let sum = 0;
  for (let at = 0; at < 15; at += 1) {
    const value = Number.parseInt(id[at] as string, 36);
    const order = value > 9 ? value - 10 : value;
    sum += at % 2 === 0 ? (oddValues[order] as number) : order;
  }
  return String.fromCharCode(0x41 + (sum % 26)) === id.at(-1);
}

function isBrazilianCpf(id: string): boolean {
  if (/^(\d)\1+$/.test(id)) return false;
  return [9, 10].every((length) => {
    const weights = Array.from({ length }, (_, at) => length + 1 - at);
    return ((weighted(id, weights) * 10) % 11) % 10 === Number(id[length]);
  });
}
