import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from '@onrecord/wire';
import fc from 'fast-check';
import type { CopyForm, Output } from '../sql/analysis.ts';
import { customerName, email, hmac, lineage, masksOn, none, text, utf8 } from './masks.fixture.ts';
import { type AboutCopy, planCopy } from './plan-copy.ts';
import type { ResolvedMasks } from './resolved-masks.ts';

const textForm: CopyForm = {
  direction: 'out',
  withClient: true,
  format: 'text',
  delimiter: '\t',
  nullText: '\\N',
  header: false,
  quote: '"',
  escape: '"',
};
const csvForm: CopyForm = { ...textForm, format: 'csv', delimiter: ',', nullText: '' };

const outputs: readonly Output[] = [
  { name: 'id', sources: new Set(['20000.1']), plain: true },
  { name: 'email', sources: new Set([email]), plain: true },
  { name: 'name', sources: new Set([customerName]), plain: true },
];

function messages(...contents: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    contents.map((content) => {
      const bytes = typeof content === 'string' ? utf8(content) : content;
      const header = Buffer.from([0x64, 0, 0, 0, 0]);
      header.writeInt32BE(bytes.length + 4, 1);
      return Buffer.concat([header, bytes]);
    }),
  );
}

function contents(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    assert.equal(bytes[at], 0x64);
    const end = at + 1 + new DataView(bytes.buffer, bytes.byteOffset).getInt32(at + 1);
    parts.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return Buffer.concat(parts);
}

function plan(masks: ResolvedMasks, form: CopyForm | undefined, about: Partial<AboutCopy> = {}) {
  return planCopy(masks, { lineage: lineage({ outputs }), form, columns: 3, hmac, ...about });
}

function copied(masks: ResolvedMasks, form: CopyForm, ...data: readonly (string | Uint8Array)[]): string {
  const mask = plan(masks, form);
  if (mask === undefined) return data.join('');
  const parts = data.map((content) => contents(mask.data(messages(content))));
  return text(Buffer.concat([...parts, contents(mask.end())]));
}

const partial = masksOn({ email: 'partial' });

describe('planCopy', () => {
  it('masks fields of the text format, with its escapes and NULL', () => {
    assert.equal(
      copied(partial, textForm, '1\tbob@example.com\ta\\tb\n2\t\\N\t\\\\N\n3\tab\\tcdefgh\\\\j\tx\n'),
      '1\t***********.com\ta\\tb\n2\t\\N\t\\\\N\n3\t*******gh\\\\j\tx\n',
    );
    assert.equal(copied(masksOn({ email: 'null' }), textForm, '1\tx\ty\n'), '1\t\\N\ty\n');
    assert.equal(
      copied(partial, { ...textForm, delimiter: '|', nullText: '-' }, '1|a\\|b\\|cdefg|-\n2|-|x\n'),
      '1|*****defg|-\n2|*|x\n',
    );
  });

  it('writes what the format asks for where a masked value needs it', () => {
    assert.equal(copied(partial, textForm, '1\tabcdefg\\n\\\\\\t\tx\n'), '1\t******g\\n\\\\\\t\tx\n');
    assert.equal(copied(partial, csvForm, '1,"abcdef,""x",n\n'), '1,"*****f,""x",n\n');
  });

  it('masks fields of CSV, quoted, with newlines and delimiters in them', () => {
    assert.equal(
      copied(partial, csvForm, '1,bob@example.com,n\n2,"a,b\nc""d, e",n\n3,,n\n4,"",n\n'),
      '1,***********.com,n\n2,"******d, e",n\n3,,n\n4,"",n\n',
    );
    assert.equal(copied(masksOn({ email: 'null' }), csvForm, '1,"x",y\n'), '1,,y\n');
    const other: CopyForm = { ...csvForm, delimiter: ';', quote: "'", escape: '\\', nullText: 'NULL' };
    assert.equal(copied(partial, other, "1;'ab\\'cd;efgh';NULL\n2;NULL;x\n"), "1;'******efgh';NULL\n2;NULL;x\n");
  });

  it('leaves the line of names and the end marker as they are', () => {
    for (const form of [textForm, csvForm]) {
      const header = form.format === 'csv' ? 'id,email,name\n' : 'id\temail\tname\n';
      assert.equal(copied(partial, { ...form, header: true }, header, '\\.\n'), `${header}\\.\n`);
    }
  });

  it('takes lines that run over several messages, and several in one', () => {
    const data = '1,"bob\n@example.com",n\n2,alice@example.com,m\n';
    const whole = copied(partial, csvForm, data);
    for (let at = 0; at <= data.length; at += 1)
      assert.equal(copied(partial, csvForm, data.slice(0, at), data.slice(at)), whole);
    assert.equal(copied(partial, csvForm, ...Array.from(data)), whole);
  });

  it('masks the last line when it has no newline', () => {
    assert.equal(copied(partial, textForm, '1\tbob@example.com\tn'), '1\t***********.com\tn');
  });

  it('hides every field of a line that has another number of them', () => {
    assert.equal(copied(partial, textForm, '1\tbob@example.com\n\n'), '\\N\t\\N\n\\N\n');
    assert.equal(copied(partial, csvForm, '1,bob@example.com,x,y\n'), ',,,\n');
  });

  it('masks every column when they are not those that were traced', () => {
    const mask = plan(partial, textForm, { columns: 2 });
    assert.equal(text(contents(mask?.data(messages('1\tbob\n')) ?? utf8(''))), '\\N\t\\N\n');
  });

  it('lets nothing through that it cannot take apart', () => {
    for (const about of [
      { form: { ...textForm, format: 'binary' as const } },
      { form: undefined },
      { form: { ...textForm, delimiter: '::' } },
      { form: textForm, clientEncoding: 'SJIS' },
    ]) {
      const mask = plan(partial, about.form, about);
      assert.equal(mask?.data(messages('1\tbob\tx\n')).length, 0);
      assert.equal(mask?.end().length, 0);
      assert.equal(mask?.counts().length, 1);
    }
  });

  it('has nothing to do where no column is masked', () => {
    assert.equal(
      plan(partial, textForm, {
        lineage: lineage({ outputs: [{ name: 'a', sources: none, plain: true }] }),
        columns: 1,
      }),
      undefined,
    );
    assert.equal(
      plan(partial, { ...textForm, format: 'binary' }, { lineage: lineage({ outputs: [] }), columns: 0 }),
      undefined,
    );
  });

  it('has detectors look at what the fields say, not at how they are written', () => {
    const detecting = masksOn({ email: 'null' }, { detectors: new Map([['card', 'redact']]) });
    assert.equal(copied(detecting, csvForm, '1,x,"say ""4111 1111 1111 1111"""\n'), '1,,"say ""[card]"""\n');
    const mask = plan(detecting, textForm);
    assert.equal(
      text(contents(mask?.data(messages('1\tx\ta\\t4111111111111111\n')) ?? utf8(''))),
      '1\t\\N\ta\\t[card]\n',
    );
    assert.deepEqual(mask?.counts(), [
      { column: 1, name: 'email', rule: 'public.customers.email', action: 'null', values: 1 },
      { column: 2, name: 'name', rule: 'card', action: 'redact', values: 1, detected: true },
    ]);
  });

  it('throws nothing but a ProtocolError, and gives the same wherever the data is split', () => {
    const detecting = masksOn(
      { email: 'partial' },
      {
        detectors: new Map([
          ['card', 'null'],
          ['email', 'redact'],
        ]),
      },
    );
    const odd = fc.array(fc.constantFrom(0x09, 0x0a, 0x22, 0x2c, 0x5c, 0x4e, 0x2e, 0x41, 0x40, 0xff), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(odd, fc.nat(60), fc.constantFrom(textForm, csvForm), (bytes, at, form) => {
        const data = Uint8Array.from(bytes);
        const together = plan(detecting, form);
        const apart = plan(detecting, form);
        assert.ok(together !== undefined && apart !== undefined);
        const whole = Buffer.concat([contents(together.data(messages(data))), contents(together.end())]);
        const parts = [data.subarray(0, at), data.subarray(at)].map((part) => contents(apart.data(messages(part))));
        assert.deepEqual(Buffer.concat([...parts, contents(apart.end())]), whole);
        try {
          together.data(data);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
    );
  });
});
