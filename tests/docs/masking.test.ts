import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseConfig } from '../../packages/gateway/src/config/parse-config.ts';
import { activeMasks } from '../../packages/gateway/src/masking/active-masks.ts';
import { builtInDetectors } from '../../packages/gateway/src/masking/detectors/detector.ts';
import { maskActions } from '../../packages/gateway/src/masking/mask.ts';
import { valueMask } from '../../packages/gateway/src/masking/mask-value.ts';
import { text as decoded, hmac, utf8 } from '../../packages/gateway/src/masking/masks.fixture.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'masking.md'), 'utf8');
const [, yaml = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(text) ?? [];

/** The cells of the row of a table that begins with a word. */
function row(word: string): readonly string[] {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`| \`${word}\` |`)) ?? '';
  return line.split('|').map((cell) => cell.trim());
}

describe('docs/masking.md', () => {
  it('shows rules that are accepted as they stand there, and says what they do', () => {
    const surroundings = `connections:
  billing: { host: 127.0.0.1, database: billing, user: billing_app }
identities:
  billing-agent: { connections: [billing] }
  ann: { kind: person, groups: [operators] }
`;
    const { masking } = parseConfig(`${surroundings}${yaml}`, '/etc/onrecord.yaml');
    const of = (identity: string, groups: readonly string[]) =>
      activeMasks(masking.rules, { connection: 'billing', identity, groups });
    assert.equal(of('ann', ['operators']), undefined);
    const masks = of('billing-agent', []);
    assert.deepEqual(new Set(masks?.columns.values()), new Set(maskActions));
    assert.equal(masks?.probe, 'deny');
    assert.equal(masks?.detectors.length, 4);
  });

  it('says what each action makes of a text and of JSON', () => {
    for (const action of maskActions) {
      const shown = (family: 'text' | 'json', value: string): string => {
        const mask = valueMask(action, { family, format: 0, hmac });
        const bytes = mask.type === 'constant' ? mask.value : mask.of(utf8(value));
        return bytes === null ? 'NULL' : decoded(bytes);
      };
      const [, , ofText = '', ofJson = ''] = row(action);
      const asText = shown('text', 'bob@example.com');
      assert.ok(action === 'hash' ? /^[\da-f]{32}$/.test(asText) : ofText.includes(asText), ofText);
      assert.ok(ofJson.includes(shown('json', '{}')), ofJson);
    }
  });

  it('names every detector', () => {
    for (const name of Object.keys(builtInDetectors)) assert.notEqual(row(name)[2] ?? '', '', name);
  });
});
