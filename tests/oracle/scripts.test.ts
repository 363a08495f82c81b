import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseScript } from '../conformance/parse-script.ts';
import { runScript } from '../conformance/run-script.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { contradiction } from './compare-session.ts';
import { logEverything, readPostgresLog } from './postgres-log.ts';
import { type RecordedSession, readSessions, sessionsByBackend } from './recorded-sessions.ts';
import { settled } from './settled.ts';

const directory = join(import.meta.dirname, '..', 'conformance');
/** What cannot agree, and why. */
const leftOut: { readonly [name: string]: string } = {
  'client-encodings.pgt': 'the log has every text in the encoding of the server, the record in that of the client',
  'hidden-names.pgt':
    'code that runs in the server can prepare another statement under a name, and nobody outside sees it',
};
const scripts = readdirSync(directory)
  .filter((name) => name.endsWith('.pgt') && !(name in leftOut))
  .sort();

describe("the record of every conformance script is what the server's own log says", { timeout: 900_000 }, () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair({ postgres: { settings: logEverything } });
  });
  after(() => pair?.stop());
  let done = 0;

  for (const name of scripts) {
    it(name, async () => {
      const script = parseScript(readFileSync(join(directory, name), 'utf8'));
      await runScript(script, { target: pair.gateway, admin: pair.admin });
      const sessions = [...sessionsByBackend(await closedSessions()).values()].slice(done);
      done += sessions.length;
      assert.ok(sessions.length > 0, 'the script opened no session');
      await settled(pair);
      const log = readPostgresLog(pair.postgres.dataDirectory);
      for (const session of sessions) {
        const problem = contradiction(session, log.get(session.opened.backendPid) ?? []);
        if (problem !== undefined) assert.fail(problem);
      }
    });
  }

  /**
   * The gateway has sessions of its own as well (it asks what types are), which may come a little later; in one of them it
   * follows the catalog, while there are sessions with a guard.
   */
  async function closedSessions(): Promise<readonly RecordedSession[]> {
    for (;;) {
      await pair.admin.alone();
      const sessions = readSessions(pair.gateway.data).filter((session) => !followsCatalog(session));
      if (sessions.every(({ closed }) => closed !== undefined)) return sessions;
    }
  }
});

function followsCatalog({ events: [first] }: RecordedSession): boolean {
  return first !== undefined && 'text' in first && first.text.endsWith('/* onrecord: the catalog */');
}
