import { setTimeout as delay } from 'node:timers/promises';
import type { Pair } from '../support/pair.ts';
import { logHolds } from './postgres-log.ts';

const deadlineMs = 60_000;

/** Waits until every session but the tests' own is gone, and everything that they ran is in the server's log. */
export async function settled({ admin, postgres }: Pair): Promise<void> {
  await admin.alone();
  // The log has one writer: what was reported before the mark is written before the mark.
  const mark = `the end of the log ${process.hrtime.bigint()}`;
  await admin.query(`select '${mark}'`);
  await logged(postgres.dataDirectory, mark);
}

/** Waits until the server's log holds the text of some statement, and with it all that was reported before. */
export async function logged(dataDirectory: string, text: string): Promise<void> {
  const until = Date.now() + deadlineMs;
  while (!logHolds(dataDirectory, text)) {
    if (Date.now() > until) throw new Error('the log of the server is not written');
    await delay(5);
  }
}
