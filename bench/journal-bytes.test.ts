import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { removeDirectory, temporaryDirectory } from '../tests/support/leftovers.ts';
import { journalBytes } from './journal-bytes.ts';

it('counts what was written to the segments and not the zeros allocated behind it', () => {
  const directory = temporaryDirectory('journal-bytes');
  const padded = (content: string, zeros: number): Buffer => Buffer.concat([Buffer.from(content), Buffer.alloc(zeros)]);
  writeFileSync(join(directory, '0000000000000000.segment'), padded('full', 0));
  writeFileSync(join(directory, '0000000000000007.segment'), padded('written', 3_000_000));
  writeFileSync(join(directory, '0000000000000009.segment'), padded('', 100));
  writeFileSync(join(directory, 'next'), padded('no segment', 0));
  assert.equal(journalBytes(directory), 'full'.length + 'written'.length);
  removeDirectory(directory);
});
