import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBackend, encodeBackend, ProtocolError, Reader, Writer } from '@onrecord/wire';
import fc from 'fast-check';
import type { Lineage, Output, Sources } from '../sql/analysis.ts';
import { catalogFixture } from '../sql/catalog.fixture.ts';
import type { MaskCount, ResultColumn, RowMask } from './mask.ts';
import {
  active,
  analysis,
  command,
  customerName,
  customers,
  email,
  hmac,
  lineage,
  masksOn,
  none,
  text,
  utf8,
} from './masks.fixture.ts';
import { type AboutResult, planResult } from './plan-result.ts';
import { type ResolvedMasks, resolveMasks } from './resolved-masks.ts';

function column(name: string, parts: Partial<ResultColumn> = {}): ResultColumn {
  return { name, table: 0, attribute: 0, type: 25, format: 0, ...parts };
}

function output(sources: Sources, plain = false): Output {
  return { name: 'x', sources, plain };
}

function rowsOf(rows: readonly (readonly (Uint8Array | null)[])[]): Uint8Array {
  const writer = new Writer();
  for (const values of rows) encodeBackend({ type: 'dataRow', values }, writer);
  return writer.finish().slice();
}

function valuesOf(bytes: Uint8Array): (Uint8Array | null)[][] {
  const rows: (Uint8Array | null)[][] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + new DataView(bytes.buffer, bytes.byteOffset).getInt32(at + 1);
    const message = decodeBackend(bytes[at] as number, new Reader(bytes, at + 5, end));
    if (message.type !== 'dataRow') throw new Error(message.type);
    rows.push(Array.from(message.values));
    at = end;
  }
  return rows;
}

/** What one row of texts becomes. */
function shown(mask: RowMask | undefined, values: readonly (string | null)[]): readonly (string | null)[] {
  if (mask === undefined) return values;
  const [row = []] = valuesOf(mask.rows(rowsOf([values.map((value) => (value === null ? null : utf8(value)))])));
  return row.map((value) => value && text(value));
}

function plan(masks: ResolvedMasks, about: Partial<AboutResult> & Pick<AboutResult, 'columns'>): RowMask | undefined {
  return planResult(masks, { lineage: undefined, hmac, ...about });
}

/** The rules of the masks on each column, told by a row in which every value is masked that can be. */
function rules(masks: ResolvedMasks, about: Partial<AboutResult> & Pick<AboutResult, 'columns'>): readonly string[] {
  const mask = plan(masks, about);
  shown(
    mask,
    (about.columns ?? []).map(() => 'value'),
  );
  return mask?.counts().map(({ column: at, rule, action }: MaskCount) => `${at} ${rule} ${action}`) ?? [];
}

const masks = masksOn({ email: 'partial' });
const describedEmail = column('email', { table: 20_000, attribute: 2 });
const describedName = column('name', { table: 20_000, attribute: 3 });
const partial = 'public.customers.email partial';

describe('planResult', () => {
  it('masks what RowDescription says is a masked column, or what comes from one', () => {
    const table: readonly (readonly [string, ResultColumn, Output, readonly string[]])[] = [
      ['a plain column', describedEmail, output(new Set([email]), true), [`0 ${partial}`]],
      ['by RowDescription alone', describedEmail, output(none), [`0 ${partial}`]],
      ['by lineage alone, unchanged', column('a'), output(new Set([email]), true), [`0 ${partial}`]],
      ['derived', column('a'), output(new Set([email])), ['0 public.customers.email redact']],
      [
        'derived from others too',
        column('a'),
        output(new Set([customerName, email])),
        ['0 public.customers.email redact'],
      ],
      ['from others', column('a'), output(new Set([customerName])), []],
      ['from nothing (SHOW, EXPLAIN, constants)', column('a'), output(none), []],
      ['untraced', column('a'), output('unknown'), ['0 unknown source redact']],
      ['untraced, but a plain column of a table that is not masked', describedName, output('unknown'), []],
      ['untraced, and masked', describedEmail, output('unknown'), [`0 ${partial}`]],
      ['of a view', column('a', { table: 20_002, attribute: 1 }), output('unknown'), ['0 unknown source redact']],
      [
        'of a table that the catalog does not have',
        column('a', { table: 99, attribute: 1 }),
        output('unknown'),
        ['0 unknown source redact'],
      ],
      [
        'of a column that the table does not have',
        column('a', { table: 20_000, attribute: 9 }),
        output('unknown'),
        ['0 unknown source redact'],
      ],
    ];
    for (const [name, described, traced, expected] of table) {
      const about = { lineage: lineage({ outputs: [traced] }), columns: [described] };
      assert.deepEqual(rules(masks, about), expected, name);
    }
  });

  it('takes the strictest of several masks', () => {
    const both = masksOn({ email: 'partial', name: 'null' });
    const about = {
      lineage: lineage({ outputs: [output(new Set([email, customerName]), true)] }),
      columns: [column('a')],
    };
    assert.deepEqual(rules(both, about), ['0 public.customers.name null']);
    const derived = { ...about, lineage: lineage({ outputs: [output(new Set([email, customerName]))] }) };
    assert.deepEqual(rules(both, derived), ['0 public.customers.name null']);
  });

  it('trusts no lineage that is missing, unknown, or of another number of columns', () => {
    const unknown: readonly (Lineage | undefined)[] = [
      undefined,
      lineage({ outputs: 'unknown' }),
      lineage(),
      lineage({ outputs: [output(none), output(none), output(none)] }),
    ];
    for (const traced of unknown) {
      assert.deepEqual(rules(masks, { lineage: traced, columns: [column('a'), describedName] }), [
        '0 unknown source redact',
      ]);
    }
  });

  it('shows what cannot be traced where the statement cannot get at a masked column', () => {
    const touching = (functions: readonly string[], reads: readonly string[] = []) =>
      analysis({
        commands: [command({ functions, reads })],
        lineage: { outputs: [output('unknown')], touches: 'unknown' },
      });
    const about = (of: ReturnType<typeof touching>) => ({ lineage: of.lineage, analysis: of, columns: [column('a')] });
    assert.deepEqual(rules(masks, about(touching(['public.st_makepoint']))), []);
    for (const of of [
      touching(['public.tax_of']),
      touching(['public.nowhere']),
      touching(['public.first_of']),
      touching(['public.st_makepoint'], ['public.customers']),
    ]) {
      assert.deepEqual(rules(masks, about(of)), ['0 unknown source redact']);
    }
    const trusting = masksOn({ email: 'partial' }, { trustedFunctions: ['public.tax_of'] });
    assert.deepEqual(rules(trusting, about(touching(['public.tax_of']))), []);
  });

  it('masks all that a write shows by way of code that reads masked columns', () => {
    const triggered = (via: string, readsColumns: readonly string[]): readonly string[] => {
      const insert = command({ kind: 'insert', isWrite: true, writes: ['public.notes'] });
      const of = analysis({ commands: [insert, command({ via, readsColumns })], lineage: { outputs: [output(none)] } });
      return rules(masks, { lineage: of.lineage, analysis: of, columns: [column('a')] });
    };
    for (const via of ['trigger public.leak', 'function public.leak']) {
      assert.deepEqual(triggered(via, ['public.customers.email']), ['0 unknown source redact']);
      assert.deepEqual(triggered(via, ['public.notes.body']), []);
    }
    assert.deepEqual(triggered('WITH w', ['public.customers.email']), []);
  });

  it('masks all that comes from tables when nothing is known of the database', () => {
    const blind = resolveMasks(active({ columns: new Map([['public.customers.email', 'partial']]) }), undefined);
    assert.deepEqual(rules(blind, { lineage: lineage({ outputs: [output('unknown')] }), columns: [describedName] }), [
      '0 unknown source redact',
    ]);
  });

  it('makes NULL of everything when the columns are not known', () => {
    const mask = plan(masks, { columns: undefined });
    assert.deepEqual(shown(mask, ['a', null, 'c']), [null, null, null]);
    assert.throws(() => mask?.rows(Uint8Array.of(0x44, 0, 0, 0, 9, 0, 9, 0, 0, 0)), ProtocolError);
  });

  it('has detectors look at what is left', () => {
    const detecting = masksOn({ email: 'redact' }, { detectors: new Map([['email', 'redact']]) });
    const about = {
      lineage: lineage({
        outputs: [output(new Set([email]), true), output(new Set([customerName]), true), output(none)],
      }),
      columns: [describedEmail, describedName, column('n', { type: 23 })],
    };
    const mask = plan(detecting, about);
    assert.deepEqual(shown(mask, ['a@example.com', 'mail b@example.com!', '5']), ['[masked]', 'mail [email]!', '5']);
    assert.deepEqual(mask?.counts(), [
      { column: 0, name: 'email', rule: 'public.customers.email', action: 'redact', values: 1 },
      { column: 1, name: 'name', rule: 'email', action: 'redact', values: 1, detected: true },
    ]);
  });

  it('has nothing to do for columns in which nothing can be', () => {
    const detecting = resolveMasks(active({ detectors: new Map([['card', 'redact']]) }), customers);
    assert.equal(plan(detecting, { columns: [column('a', { type: 23 }), column('b', { type: 1184 })] }), undefined);
    assert.equal(plan(masks, { lineage: lineage({ outputs: [output(none)] }), columns: [column('a')] }), undefined);
    assert.equal(plan(masks, { lineage: lineage(), columns: [] }), undefined);
  });

  it('keeps NULL as it is, and does not count it', () => {
    const about = { lineage: lineage({ outputs: [output(new Set([email]), true)] }), columns: [describedEmail] };
    for (const action of ['null', 'redact', 'partial', 'hash'] as const) {
      const mask = plan(masksOn({ email: action }), about);
      assert.deepEqual(shown(mask, [null]), [null]);
      assert.equal(mask?.counts()[0]?.values, 0);
    }
  });

  it('reads types that somebody says are text as such', () => {
    const about = {
      lineage: lineage({ outputs: [output(new Set([email]), true)] }),
      columns: [column('email', { type: 16_400 })],
    };
    assert.deepEqual(shown(plan(masks, about), ['bob@example.com']), [null]);
    assert.deepEqual(shown(plan(masks, { ...about, isText: (type) => type === 16_400 }), ['bob@example.com']), [
      '***********.com',
    ]);
  });

  it('masks a column of a system view that shows statistics', () => {
    const catalog = catalogFixture({
      relations: [
        { name: 'customers', columns: ['id int4', 'email text'] },
        { name: 'pg_stats', schema: 'pg_catalog', kind: 'view', columns: ['attname text', 'most_common_vals text'] },
      ],
    });
    const about = {
      lineage: lineage({ outputs: [output(none), output('unknown')] }),
      columns: [column('attname', { table: 20_001, attribute: 1 }), column('vals', { table: 20_001, attribute: 2 })],
    };
    assert.deepEqual(rules(masksOn({ email: 'partial' }, { catalog }), about), [
      '1 statistics of masked columns redact',
    ]);
  });
});

describe('RowMask.rows', () => {
  const value = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null });
  const result = fc.array(fc.tuple(value, value, value, value), { maxLength: 30 });
  const columns = ['a', 'b', 'c', 'd'].map((name) => column(name));
  const some = lineage({
    outputs: [output(none), output(new Set([email]), true), output(new Set([customerName]), true), output(none)],
  });
  const actions = fc.constantFrom('null', 'redact', 'partial', 'hash');

  it('leaves columns that are not masked byte for byte, and rows in their order', () => {
    fc.assert(
      fc.property(result, actions, actions, (rows, one, other) => {
        const mask = plan(masksOn({ email: one, name: other }), { lineage: some, columns });
        const masked = valuesOf(mask?.rows(rowsOf(rows)) ?? rowsOf(rows));
        assert.equal(masked.length, rows.length);
        for (const [index, row] of rows.entries()) {
          assert.deepEqual(
            [masked[index]?.[0], masked[index]?.[3]],
            [row[0], row[3]].map((bytes) => bytes && Uint8Array.from(bytes)),
          );
          for (const at of [1, 2])
            assert.equal(masked[index]?.[at] === null, row[at] === null || [one, other][at - 1] === 'null');
        }
      }),
    );
  });

  it('gives the same however the messages come', () => {
    fc.assert(
      fc.property(result, actions, (rows, action) => {
        const about = { lineage: some, columns };
        const together = plan(masksOn({ email: action }), about)?.rows(rowsOf(rows)) ?? new Uint8Array(0);
        const mask = plan(masksOn({ email: action }), about);
        const apart = rows.map((row) => mask?.rows(rowsOf([row])) ?? new Uint8Array(0));
        assert.deepEqual(Buffer.concat(apart), Buffer.from(together));
      }),
    );
  });

  it('throws nothing but a ProtocolError, whatever the bytes', () => {
    const every = masksOn(
      { email: 'hash' },
      {
        detectors: new Map([
          ['card', 'redact'],
          ['email', 'partial'],
          ['phone', 'hash'],
          ['iban', 'null'],
        ]),
      },
    );
    const types = fc.array(fc.constantFrom(17, 20, 25, 114, 1009, 1700, 2249, 2950, 3802, 16_500), {
      minLength: 4,
      maxLength: 4,
    });
    fc.assert(
      fc.property(
        types,
        fc.constantFrom(0, 1, 7),
        fc.uint8Array({ maxLength: 80 }),
        result,
        (oids, format, noise, rows) => {
          const described = oids.map((type) => column('x', { type, format }));
          const mask = plan(every, { lineage: some, columns: described });
          valuesOf(mask?.rows(rowsOf(rows)) ?? new Uint8Array(0));
          try {
            mask?.rows(noise);
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error));
          }
        },
      ),
    );
  });

  it('refuses rows of another number of columns than the result', () => {
    const mask = plan(masksOn({ email: 'null' }), { lineage: some, columns });
    assert.throws(() => mask?.rows(rowsOf([[null]])), ProtocolError);
  });
});
