import type { Find } from './find.ts';

const begin = /-----BEGIN [A-Z\d ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const end = /-----END [A-Z\d ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;

/** Private keys in PEM (RFC 7468), also of OpenSSH and PGP. One that is cut off goes up to the end of the text. */
export const findPrivateKeys: Find = (text, found) => {
  for (let from = 0; ; ) {
    begin.lastIndex = from;
    const first = begin.exec(text);
    if (first === null) return;
    end.lastIndex = begin.lastIndex;
    const last = end.exec(text);
    from = last === null ? text.length : end.lastIndex;
    found(first.index, from);
  }
};
