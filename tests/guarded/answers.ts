import { assertSameLines } from '../support/same-lines.ts';

/** An error or a notice in a transcript, and what says of it what has happened. */
const report = /^((?:\w+ < )?(?:Error|Notice)Response S "\w+" V "\w+" C "\w+").*/s;
/** Where in Postgres's source it arose: what the gateway answers itself has none. */
const fromPostgres = / F "/;
/** The same error arises elsewhere when the gateway has put a Parse or a Describe in front. */
const place = / F "[^"]*" L "\d+" R "\w+"$/;
/** Under masks, texts are left out that may quote a value (masking/withhold.ts). */
const withheld = 'the text is withheld because the statement touches masked columns';

/**
 * Asserts that a conversation went as with Postgres itself. What the gateway answers of its own, in words of its own, and
 * what it leaves the texts out of, must have the severity and the SQLSTATE of Postgres's answer.
 */
export function assertSameAnswers(through: readonly string[], direct: readonly string[]): void {
  const expected = direct.map((line) => (report.test(line) ? withoutPlace(line) : line));
  const got = through.map((line, at) => {
    const meaning = report.exec(line)?.[1];
    if (meaning === undefined) return line;
    if (fromPostgres.test(line) && !line.includes(withheld)) return withoutPlace(line);
    expected[at] = report.exec(direct[at] ?? '')?.[1] ?? expected[at] ?? '';
    // Behind something that is still under way Postgres is not asked what is wrong with a text that cannot be read.
    if (line.includes('cannot tell what it does'))
      expected[at] = (expected[at] ?? '').replace('C "42601"', 'C "42501"');
    return meaning;
  });
  assertSameLines(got, expected);
}

/** A COPY that is broken off names the message that did it, which is another one when a statement was refused. */
function withoutPlace(line: string): string {
  return line.replace(place, '').replace(/(unexpected message type) 0x../, '$1');
}
