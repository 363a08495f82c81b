import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseScript, type Script } from '../conformance/parse-script.ts';
import { runScript } from '../conformance/run-script.ts';
import type { TestGuard } from '../support/guard.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { assertSameAnswers } from './answers.ts';

const directory = join(import.meta.dirname, '..', 'conformance');
const scripts = readdirSync(directory)
  .filter((name) => name.endsWith('.pgt'))
  .sort();

type Reasons = { readonly [script: string]: string };

/** What cannot be the same where rules apply at all. */
const underRules: Reasons = {
  'hidden-names.pgt': 'a prepared statement is what the client prepared, whatever code in the server gives its name to',
  'many-parameters.pgt': 'a text of half a megabyte that is no INSERT is not analysed, and so it is refused',
  'multi-statement-error.pgt':
    'a Query with a table that is not there is refused as a whole, before its first statement',
  'odd-texts.pgt': 'what is nested a thousand deep is not analysed, and so it is refused',
};

/** Under masks there are rules as well: alone they are tried with what masks change, and with all on demand. */
const wantsAll = process.env['ONRECORD_GUARDED'] === 'all';

const calls = 'a FunctionCall is refused under masks: what it returns cannot be traced';

/** What cannot be the same under masks besides. */
const underMasks: Reasons = {
  ...underRules,
  'copy-out.pgt': 'COPY in binary format is refused where values are looked through',
  'errors.pgt': 'a DO block with SQL that is not known before it runs is refused',
  'function-call.pgt': calls,
  'large-objects.pgt': calls,
  'malformed-messages.pgt': calls,
  'multi-statement.pgt': 'a function made by a statement of the same Query may do anything, and is not called',
  'notices.pgt': 'what code in the server says is withheld, and with it the SQLSTATE that it chose',
  'skipping-everything.pgt': calls,
  'split-everywhere.pgt': calls,
};

for (const [guard, leftOut] of Object.entries({ rules: underRules, masks: underMasks }) as [TestGuard, Reasons][]) {
  describe(`under ${guard} that concern nothing a client is answered as by Postgres itself`, {
    timeout: 900_000,
  }, () => {
    let pair: Pair;
    before(async () => {
      process.env['ONRECORD_TEST_GUARD'] = guard;
      pair = await startPair();
    });
    after(() => pair?.stop());

    for (const name of guard === 'masks' || wantsAll ? scripts : Object.keys(underMasks)) {
      const script = parseScript(readFileSync(join(directory, name), 'utf8'));
      const left = leftOut[name];
      it(`${name}: ${script.title}${left === undefined ? '' : ` Not so: ${left}.`}`, async () => {
        const { postgres, gateway, admin } = pair;
        const direct = await runScript(script, { target: postgres, admin });
        const through = await runScript(withoutExpectations(script), { target: gateway, admin });
        if (left === undefined) assertSameAnswers(through, direct);
        else assert.throws(() => assertSameAnswers(through, direct), 'what was said to differ is the same');
      });
    }
  });
}

/** What a script expects stands in its answer by Postgres, with which all is compared. */
function withoutExpectations({ steps, ...script }: Script): Script {
  return { ...script, steps: steps.filter(({ directive }) => directive !== 'expect' && directive !== 'lacks') };
}
