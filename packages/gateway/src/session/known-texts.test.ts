import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientText } from './client-text.ts';
import { KnownTexts } from './known-texts.ts';
import { latin1Bytes } from './latin1.ts';

describe('texts that are known by their bytes', () => {
  it('are decoded once, and anew in another encoding', () => {
    const texts = new KnownTexts();
    let decoded = 0;
    const decode = (bytes: Uint8Array, encoding: string): string | undefined => {
      decoded += 1;
      return clientText(bytes, encoding);
    };
    const bytes = latin1Bytes("select '\xc3\xa4'");
    const read = (encoding: string): string | undefined => texts.read(bytes.slice(), encoding, decode);
    assert.deepEqual([read('UTF8'), read('UTF8'), decoded], ["select 'ä'", "select 'ä'", 1]);
    assert.equal(read('LATIN1'), "select 'Ã¤'");
    assert.equal(read('EUC_JP'), undefined);
    assert.equal(read('UTF8'), "select 'ä'");
  });

  it('are told apart whatever they share', () => {
    const texts = new KnownTexts();
    const all = Array.from({ length: 500 }, (_, at) => `select ${at % 10}${'x'.repeat(at % 7)}${at} from t`);
    for (let times = 0; times < 2; times += 1)
      for (const text of [...all, '', 'x'.repeat(2_000)])
        assert.equal(texts.read(latin1Bytes(text), 'UTF8', clientText), text);
  });

  it('do not change with the chunk that they came in', () => {
    const texts = new KnownTexts();
    const chunk = latin1Bytes('select 1');
    texts.read(chunk, 'UTF8', clientText);
    chunk.set(latin1Bytes('delete 1'));
    assert.equal(texts.read(chunk, 'UTF8', clientText), 'delete 1');
    assert.equal(texts.read(latin1Bytes('select 1'), 'UTF8', clientText), 'select 1');
  });
});
