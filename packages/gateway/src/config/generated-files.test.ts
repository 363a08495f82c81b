import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseConnectorConfig } from '@onrecord/connector/settings';
import { generatedFiles } from './generated-files.ts';
import { parseConfig } from './parse-config.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const files = generatedFiles();

for (const [path, content] of files) {
  test(`${path} is what the schema says (node scripts/run.mjs run scripts/generate-docs.ts)`, () => {
    assert.equal(readFileSync(join(root, path), 'utf8'), content);
  });
}

const references = [
  { path: 'docs/config.md', parse: parseConfig, setting: 'data: ./data' },
  { path: 'docs/connector-config.md', parse: parseConnectorConfig, setting: 'state: ./state' },
];

for (const { path, parse, setting } of references) {
  const reference = files.get(path) ?? '';

  test(`every example in ${path} can be used`, () => {
    const examples = [...reference.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text ?? '');
    assert.ok(examples.length >= 2);
    for (const example of examples) {
      const text = example.startsWith('#') ? `${example}${setting}\n` : example;
      assert.doesNotThrow(() => parse(text, '/etc/onrecord.yaml'), example);
    }
  });

  test(`every setting in ${path} is described, and has a default or says that it needs none`, () => {
    const sections = reference.split(/^#+ `/m).slice(1);
    assert.ok(sections.length > 15);
    for (const section of sections) {
      assert.match(section, /^\S+`\n\n[A-Z]/, section);
      assert.match(section, /\n- Value: /, section);
      if (!section.includes('- Value: a map')) assert.match(section, /\n- Default: /, section);
    }
  });
}

test('the JSON Schemas refuse what they do not know, everywhere', () => {
  const open: string[] = [];
  const look = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { type, properties, additionalProperties } = schema as { [name: string]: unknown };
    if (type === 'object' && properties !== undefined && additionalProperties !== false) open.push(path);
    for (const [name, inner] of Object.entries(schema)) look(inner, `${path}/${name}`);
  };
  for (const path of ['schema/onrecord.schema.json', 'schema/connector.schema.json']) {
    look(JSON.parse(files.get(path) ?? '{}'), path);
  }
  assert.deepEqual(open, []);
});
