import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Pair, startPair } from '../support/pair.ts';
import { assertSameLines } from '../support/same-lines.ts';
import { parseScript } from './parse-script.ts';
import { runScript } from './run-script.ts';

const directory = import.meta.dirname;
const scripts = readdirSync(directory)
  .filter((name) => name.endsWith('.pgt'))
  .sort();

describe('through the gateway a client is answered as by Postgres itself', { timeout: 900_000 }, () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair();
  });
  after(() => pair?.stop());

  for (const name of scripts) {
    const script = parseScript(readFileSync(join(directory, name), 'utf8'));
    it(`${name}: ${script.title}`, async () => {
      const { postgres, gateway, admin } = pair;
      const direct = await runScript(script, { target: postgres, admin });
      assert.ok(direct.length > script.steps.length / 2, 'the script received next to nothing');
      assertSameLines(await runScript(script, { target: gateway, admin }), direct);
    });
  }
});
