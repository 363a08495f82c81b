import { assertSameLines } from '../support/same-lines.ts';

/** An error or a notice in a transcript, and what says of it what has happened. */
const report = /^(\w+ < (?:Error|Notice)Response S "\w+" V "\w+" C "\w+").*/s;
/** Where in Postgres's source it arose: what the gateway answers itself has none. */
const fromPostgres = / F "/;
/** Under masks, texts are left out that may quote a value (masking/withhold.ts). */
const withheld = 'the text is withheld because the statement touches masked columns';

/**
 * Asserts that a conversation went as with Postgres itself. What the gateway answers of its own, in words of its own, and
 * what it leaves the texts out of, must have the severity and the SQLSTATE of Postgres's answer.
 */
export function assertSameAnswers(through: readonly string[], direct: readonly string[]): void {
  const expected = [...direct];
  const got = through.map((line, at) => {
    const meaning = report.exec(line)?.[1];
    if (meaning === undefined || (fromPostgres.test(line) && !line.includes(withheld))) return line;
    expected[at] = report.exec(direct[at] ?? '')?.[1] ?? direct[at] ?? '';
    return meaning;
  });
  assertSameLines(got, expected);
}
