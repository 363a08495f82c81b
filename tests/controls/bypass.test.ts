import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bypassCorpus } from './bypass-corpus.ts';
import { bypasses } from './every-bypass.ts';
import { tryBypasses } from './try-bypasses.ts';

describe('the corpus of ways around the controls', () => {
  it('is large, and every case has a name of its own', () => {
    assert.ok(bypassCorpus.length >= 170);
    const names = [...bypasses.known, ...bypasses.found].map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });
});

tryBypasses(bypasses.known);
