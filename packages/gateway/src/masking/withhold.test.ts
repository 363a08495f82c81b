import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBackend, encodeBackend, errorResponse, Reader, Writer } from '@onrecord/wire';
import fc from 'fast-check';
import type { Command } from '../sql/analysis.ts';
import { builtInDetectors } from './detectors/detector.ts';
import { active, analysis, command, customerName, customers, email, hmac, masksOn, text } from './masks.fixture.ts';
import { resolveMasks } from './resolved-masks.ts';
import { detectInError, withheldError, withholds } from './withhold.ts';

const masks = masksOn({ email: 'partial' });
const secret = 'bob@example.com';

const inner = { internalQuery: `SELECT '${secret}'`, where: `PL/pgSQL function "f" at ${secret}` };

function body(
  sqlstate: string,
  message: string,
  parts: Partial<Parameters<typeof errorResponse>[0]> = inner,
): Uint8Array {
  const error = errorResponse({
    severity: 'ERROR',
    sqlstate,
    message,
    detail: `Key (email)=(${secret}) already exists.`,
    hint: `Not ${secret}.`,
    position: '8',
    schema: 'public',
    table: 'customers',
    column: 'email',
    constraint: 'customers_email_key',
    file: 'nbtinsert.c',
    line: '666',
    routine: '_bt_check_unique',
    ...parts,
  });
  return encodeBackend(error, new Writer()).finish().slice(5);
}

function fields(bytes: Uint8Array): Record<string, string> {
  const message = decodeBackend(0x45, new Reader(bytes));
  if (message.type !== 'errorResponse') throw new Error(message.type);
  return Object.fromEntries(Array.from(message.fields, ([code, value]) => [code, text(value)]));
}

describe('withheldError', () => {
  it('keeps what happened, where and to what, and none of the texts that may quote a value', () => {
    const withheld = withheldError(
      body('23505', 'duplicate key value violates unique constraint "customers_email_key"'),
    );
    assert.equal(text(withheld).includes(secret), false);
    assert.deepEqual(fields(withheld), {
      S: 'ERROR',
      V: 'ERROR',
      C: '23505',
      M: 'a value exists already where it must be unique (23505); the text is withheld because the statement touches masked columns',
      P: '8',
      s: 'public',
      t: 'customers',
      c: 'email',
      n: 'customers_email_key',
      F: 'nbtinsert.c',
      L: '666',
      R: '_bt_check_unique',
    });
  });

  it('says of each kind of error what it is, in words of its own', () => {
    for (const sqlstate of ['22P02', '22012', '23514', 'P0001', '01000', '00000', '99999', '']) {
      const { M: message = '' } = fields(withheldError(body(sqlstate, `invalid input syntax: "${secret}"`)));
      assert.match(message, /^[a-z].*\(.*\); the text is withheld because the statement touches masked columns$/);
      assert.equal(message.includes(secret), false);
    }
  });

  it("leaves messages about the client's own text, and about the state of things", () => {
    for (const sqlstate of ['42601', '42P01', '42703', '42501', '25P02', '57014', '40001', '40P01', '53300', '08006']) {
      const kept = fields(withheldError(body(sqlstate, 'a message of Postgres', {})));
      assert.equal(kept['M'], 'a message of Postgres');
      for (const code of ['D', 'H', 'W', 'q']) assert.equal(kept[code], undefined);
    }
  });

  it('leaves no message of a text that the client did not send, nor of code that raises what it likes', () => {
    for (const sqlstate of ['42601', '42P01', '42704', '42883', '34000', '08003']) {
      const withheld = withheldError(body(sqlstate, `relation "${secret}" does not exist`, { position: undefined }));
      assert.equal(text(withheld).includes(secret), false, sqlstate);
    }
    for (const sqlstate of ['42P01', '42501', '25P02', '57014', '40001', '53300']) {
      const withheld = withheldError(body(sqlstate, secret, { where: 'PL/pgSQL function f() line 1 at RAISE' }));
      assert.equal(text(withheld).includes(secret), false, sqlstate);
    }
  });

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.equal(withheldError(bytes).at(-1), 0);
      }),
    );
  });
});

describe('detectInError', () => {
  it('replaces what detectors find in the texts of an error, and leaves others as they are', () => {
    const options = { detectors: [{ detector: builtInDetectors.email, action: 'null' as const }], hmac };
    const detected = detectInError(body('22P02', `invalid input syntax: "${secret}"`), options);
    assert.equal(text(detected).includes(secret), false);
    const plain = body('22P02', 'plain').slice(0, 20);
    assert.equal(detectInError(plain, options), plain);
  });
});

describe('withholds', () => {
  it('withholds where a masked column is touched, or may be', () => {
    assert.equal(withholds(masks, undefined), true);
    assert.equal(withholds(masks, analysis({ lineage: { touches: new Set([email]) } })), true);
    assert.equal(withholds(masks, analysis({ lineage: { touches: new Set([customerName]) } })), false);
    const calling = command({ functions: ['public.tax_of'] });
    assert.equal(withholds(masks, analysis({ commands: [calling], lineage: { touches: 'unknown' } })), true);
    assert.equal(withholds(masks, analysis({ lineage: { touches: 'unknown' } })), false, 'it names nothing');
  });

  it('withholds what a write to a table with a masked column says, which shows the whole row', () => {
    const write = command({ kind: 'update', isWrite: true, writes: ['public.customers'] });
    assert.equal(withholds(masks, analysis({ commands: [write] })), true);
  });

  it('withholds where conditions of row security look at a masked column', () => {
    const on = (conditionsRead: NonNullable<Command['conditionsRead']>): boolean => {
      return withholds(masks, analysis({ commands: [command({ conditionsRead })] }));
    };
    assert.equal(on(['public.customers.email']), true);
    assert.equal(on(['public.customers']), true, 'which columns cannot be told');
    assert.equal(on('unknown'), true);
    assert.equal(on(['public.customers.name']), false);
  });

  it('withholds what checks say that were put off', () => {
    assert.equal(
      withholds(masks, analysis({ commands: [command({ kind: 'transaction', isTransactionControl: true })] })),
      true,
    );
    assert.equal(withholds(masks, analysis({ commands: [command({ kind: 'set' })] })), true, 'SET CONSTRAINTS');
    const set = { type: 'set', name: 'work_mem', value: '1MB', local: false } as const;
    assert.equal(withholds(masks, analysis({ commands: [command({ kind: 'set' })], effects: [set] })), false);
  });

  it('withholds what code says that the analysis knows nothing of', () => {
    const create = analysis({ commands: [command({ kind: 'ddl', isDdl: true })] });
    const raised = body('P0001', secret, { where: 'PL/pgSQL function spy() line 1 at RAISE' });
    assert.equal(withholds(masks, create, raised), true);
    assert.equal(withholds(masks, create, body('00000', secret, { routine: 'exec_stmt_raise' })), true);
    assert.equal(withholds(masks, create, body('22P02', 'x', { where: 'COPY notes, line 1, column id: "x"' })), false);
    assert.equal(withholds(masks, create, body('42P07', 'x', {})), false);
    const known = analysis({ commands: [command({ kind: 'insert' }), command({ via: 'trigger public.checks' })] });
    assert.equal(withholds(masks, known, raised), false, 'a trigger that reads nothing masked');
  });

  it('withholds nothing where no column is masked', () => {
    const detecting = resolveMasks(active({ detectors: new Map([['card', 'redact']]) }), customers);
    assert.equal(withholds(detecting, undefined), false);
  });
});
