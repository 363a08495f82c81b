import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readCommandLine } from '../../packages/connector/src/cli/options.ts';
import { parseConnectorConfig } from '../../packages/connector/src/config/parse-connector-config.ts';
import { parseConfig } from '../../packages/gateway/src/config/parse-config.ts';

const root = join(import.meta.dirname, '..', '..');
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))]
  .filter((name) => name.endsWith('.md'))
  .map((name) => [name, readFileSync(join(root, name), 'utf8')] as const);

function found(pattern: RegExp): readonly (readonly [page: string, match: string])[] {
  return pages.flatMap(([page, text]) => [...text.matchAll(pattern)].map(([, match = '']) => [page, match] as const));
}

describe('what the documentation shows of connectors', () => {
  it('are files that a connector reads', () => {
    const files = found(/^```yaml\n([\s\S]*?)^```$/gm).filter(([, text]) => /^gateways:/m.test(text));
    assert.ok(files.length >= 3);
    for (const [page, text] of files) {
      assert.ok(parseConnectorConfig(text, '/etc/connector.yaml').gateways.length > 0, page);
    }
  });

  it('are options that it takes', () => {
    const lines = found(/\bonrecord-connector((?: --[a-z]+ [\w.:/-]+)+)/g);
    assert.ok(lines.length >= 3);
    for (const [page, words] of lines) {
      const args = words.trim().replace('TOKEN', 'env:TOKEN').split(' ');
      assert.equal(readCommandLine(args, {}).type, 'run', `${page}: ${words}`);
    }
  });

  it('are roles that watch, as both of its files write them', () => {
    const watches = found(/`watch: (\{ user: [^`]*\})`/g);
    assert.ok(watches.length >= 1);
    for (const [page, watch] of watches) {
      const connections = `connections: { c: { host: h, database: d, user: u, watch: ${watch} } }\n`;
      assert.doesNotThrow(() => parseConfig(connections, '/etc/onrecord.yaml'), page);
      assert.doesNotThrow(
        () => parseConnectorConfig(`gateways: [ "g:1" ]\n${connections}`, '/etc/connector.yaml'),
        page,
      );
    }
  });
});
