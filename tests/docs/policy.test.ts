import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCommand } from '../../packages/gateway/src/cli/run-command.fixture.ts';
import { parseConfig } from '../../packages/gateway/src/config/parse-config.ts';
import { celFields } from '../../packages/gateway/src/policy/environment.ts';
import { knownValues } from '../../packages/gateway/src/policy/known-values.ts';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'policy.md'), 'utf8');
const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
const starting = (words: string): readonly string[] => blocks.filter((block) => block.startsWith(words));

/** Who and what the rules of the page speak of. */
const surroundings = `connections:
  billing: { host: 127.0.0.1, database: billing, user: billing_app }
identities:
  billing-agent: { connections: [billing] }
  ann: { kind: person, groups: [finance, operators] }
  bob: { kind: person, groups: [finance] }
`;

describe('docs/policy.md', () => {
  let cwd: string;

  before(() => {
    cwd = temporaryDirectory('policy-doc');
    const [rules = ''] = starting('policy:');
    const [examples = ''] = starting('# policy-examples.yaml');
    writeFileSync(join(cwd, 'onrecord.yaml'), `${surroundings}${rules}`);
    writeFileSync(join(cwd, 'policy-examples.yaml'), examples);
  });
  after(() => removeDirectory(cwd));

  it('has rules and settings that are accepted as they stand there', () => {
    const rules = starting('policy:');
    assert.ok(rules.length >= 2);
    for (const block of rules) assert.ok(parseConfig(`${surroundings}${block}`, '/etc/o.yaml').policy.length > 0);
    const settings = starting('connections:');
    assert.ok(settings.length >= 1);
    for (const block of settings) assert.ok(parseConfig(block, '/etc/o.yaml').connections.size > 0);
  });

  it('has examples that its first policy passes', async () => {
    const { stdout, stderr, code } = await runCommand(['policy', 'test', 'policy-examples.yaml'], { cwd });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /4 examples, all as expected/);
  });

  it('shows the error that a rule makes', async () => {
    const [, shown = ''] = /^```\nERROR: {2}(.*)\nHINT: {2}.*\n```$/m.exec(text) ?? [];
    const question = ['policy', 'explain', 'DELETE FROM invoices', '--identity', 'billing-agent'];
    const { stdout } = await runCommand([...question, '--connection', 'billing'], { cwd });
    assert.notEqual(shown, '');
    assert.ok(stdout.includes(shown), stdout);
  });

  it('names every field that a condition sees, and every value of those that are known', () => {
    for (const [variable, fields] of Object.entries(celFields)) {
      for (const field of Object.keys(fields))
        assert.ok(text.includes(`\`${variable}.${field}\``), `${variable}.${field}`);
    }
    for (const [field, values] of knownValues) {
      const row = text.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${field}\``)) ?? '';
      for (const value of values) assert.ok(row.includes(`\`${value}\``), `${field}: ${value}`);
    }
  });
});
