import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const source = import.meta.dirname;
const documented = new Set(
  readFileSync(join(source, '../../../docs/errors.md'), 'utf8')
    .split('\n')
    .map((line) => /^\| ([0-9A-Z]{5}) \|/.exec(line)?.[1])
    .filter((code) => code !== undefined),
);

/** SQLSTATEs that the sources name as literals where an error is made. */
function used(): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of [source, join(source, '../../wire/src')]) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name.endsWith('.fixture.ts')) continue;
      const text = readFileSync(join(folder, name), 'utf8');
      for (const [, first] of text.matchAll(/new (?:Refusal|Termination|Halt)\(([^,]*),/g)) {
        for (const [, code] of (first ?? '').matchAll(/'([0-9A-Z]{5})'/g)) found.set(code as string, name);
      }
      for (const [, code] of text.matchAll(/new ProtocolError\([^;]*?,\s*'([0-9A-Z]{5})'/g)) {
        if (code !== undefined) found.set(code, name);
      }
    }
  }
  return found;
}

describe('docs/errors.md', () => {
  it('has every SQLSTATE that the gateway makes', () => {
    const missing = [...used()].filter(([code]) => !documented.has(code));
    assert.deepEqual(missing, []);
  });

  it('has no SQLSTATE that the gateway does not make', () => {
    const made = used();
    // The default of a ProtocolError.
    made.set('08P01', 'protocol-error.ts');
    assert.deepEqual(
      [...documented].filter((code) => !made.has(code)),
      [],
    );
    assert.ok(documented.size > 10);
  });
});
