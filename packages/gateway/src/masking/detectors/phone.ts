import { isValidPhoneNumber } from 'libphonenumber-js/min';
import { type Found, findMatches } from './find.ts';

/**
 * Asking the library takes 20 to 50 µs, and a text may be all plus signs; from here on what looks like a number is one.
 */
const maxQuestions = 500;

/** E.164 has 15 digits at most; each may have a separator or two about it. */
const international = /(?<![\w+])\+[ (]?\d(?:[ ().\-/\u00a0]{0,2}\d){6,14}(?!\d)/g;

/** The ways in which North American numbers are written without a country's code, and nothing else is: (415) 555-2671. */
const northAmerican = /(?<![\w+.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}-|[2-9]\d{2}\.)[2-9]\d{2}[-.]\d{4}(?![\w-]|\.\d)/g;

/**
 * Phone numbers that the numbering plans of libphonenumber know: international ones that begin with `+`, and North
 * American ones in their own notation. Other national numbers look like any number.
 */
export function findPhones(text: string, found: Found): void {
  let questions = 0;
  const isPhone = (candidate: string): boolean => {
    questions += 1;
    return questions > maxQuestions || isValidPhoneNumber(candidate, 'US');
  };
  if (text.includes('+')) {
    for (const { 0: match, index } of text.matchAll(international)) {
      const length = phoneLength(match, isPhone);
      if (length > 0) found(index, index + length);
    }
  }
  findMatches(text, { pattern: northAmerican, accepts: isPhone }, found);
}

/** A number may have another one behind it (`+44 20 7946 0958 17`): the longest part up to a separator that is valid. */
function phoneLength(text: string, isPhone: (candidate: string) => boolean): number {
  for (let end = text.length; end > 7; ) {
    if (isPhone(text.slice(0, end))) return end;
    const shorter = text.slice(0, end).search(/[ ().\-/\u00a0]+\d+$/);
    if (shorter <= 0) return 0;
    end = shorter;
  }
  return 0;
}
