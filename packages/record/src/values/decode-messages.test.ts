import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeBackend, encodeFrontend, errorField, Writer } from '@onrecord/wire';
import fc from 'fast-check';
import { decodeColumns, decodeCopyFormats } from './decode-columns.ts';
import { decodeErrorFields } from './decode-error-fields.ts';
import { decodeCopyData, decodeRows } from './decode-messages.ts';
import { decodeParameters, parametersOfBind } from './decode-parameters.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const plain = (bytes: Uint8Array | null | undefined): number[] | null => (bytes == null ? null : Array.from(bytes));

/** What the wire package writes, this one reads. */
const value = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null });

describe('decodeRows', () => {
  test('gives back the rows that were encoded', () => {
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 5 }), { maxLength: 5 }), (rows) => {
        const writer = new Writer();
        for (const values of rows) encodeBackend({ type: 'dataRow', values }, writer);
        assert.deepEqual(
          decodeRows(writer.finish()).map((row) => row.map(plain)),
          rows.map((row) => row.map(plain)),
        );
      }),
    );
  });

  test('gives the rows in front of what is cut short', () => {
    const writer = new Writer();
    for (const text of ['a', 'b']) encodeBackend({ type: 'dataRow', values: [utf8(text)] }, writer);
    const messages = writer.finish();
    for (let length = 0; length <= messages.length; length += 1) {
      const whole = Math.floor(length / (messages.length / 2));
      assert.equal(decodeRows(messages.subarray(0, length)).length, whole);
    }
  });
});

describe('decodeCopyData', () => {
  test('gives back the data that were encoded', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (chunks) => {
        const writer = new Writer();
        for (const data of chunks) encodeBackend({ type: 'copyData', data }, writer);
        assert.deepEqual(decodeCopyData(writer.finish()).map(plain), chunks.map(plain));
      }),
    );
  });
});

describe('decodeParameters', () => {
  const format = fc.constantFrom(0, 1);

  test('gives back the parameters of a Bind', () => {
    const bind = fc.record({
      parameters: fc.array(value, { maxLength: 6 }),
      parameterFormats: fc.oneof(
        fc.constant([]),
        format.map((one) => [one]),
      ),
      resultFormats: fc.array(format, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        bind,
        fc.array(fc.nat(), { maxLength: 6 }),
        ({ parameters, parameterFormats, resultFormats }, types) => {
          const writer = new Writer();
          encodeFrontend(
            { type: 'bind', portal: utf8('p'), statement: utf8('ş'), parameters, parameterFormats, resultFormats },
            writer,
          );
          const body = parametersOfBind(writer.finish().subarray(5));
          assert.ok(body !== undefined);
          const decoded = decodeParameters({ kind: 'execute', parameters: body, parameterTypes: [25, 0, 23] }, types);
          const expected = parameters.map((bytes, at) => ({
            bytes: plain(bytes),
            format: parameterFormats[0] ?? 0,
            type: types[at] || [25, 0, 23][at] || 0,
          }));
          assert.deepEqual(
            decoded?.parameters.map((parameter) => ({ ...parameter, bytes: plain(parameter.bytes) })),
            expected,
          );
          assert.deepEqual(decoded?.resultFormats, resultFormats);
          assert.equal(decoded?.calledFunction, undefined);
        },
      ),
    );
  });

  test('gives back the arguments of a FunctionCall', () => {
    const writer = new Writer();
    encodeFrontend(
      {
        type: 'functionCall',
        functionOid: 1598,
        argumentFormats: [0, 1],
        arguments: [utf8('x'), null],
        resultFormat: 1,
      },
      writer,
    );
    const decoded = decodeParameters({ kind: 'call', parameters: writer.finish().subarray(5) });
    assert.equal(decoded?.calledFunction, 1598);
    assert.deepEqual(decoded.parameters, [
      { bytes: utf8('x'), format: 0, type: 0 },
      { bytes: null, format: 1, type: 0 },
    ]);
    assert.deepEqual(decoded.resultFormats, [1]);
  });

  test('is undefined for what is not well-formed, and for what is not there', () => {
    assert.equal(decodeParameters({ kind: 'execute' }), undefined);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 30 }),
        fc.constantFrom('execute' as const, 'call' as const),
        (parameters, kind) => {
          decodeParameters({ kind, parameters });
        },
      ),
    );
    for (const hex of ['', '00', '0000', '0000ffff', '00000001 00000005 61', '000000000000 00']) {
      const parameters = Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
      assert.equal(decodeParameters({ kind: 'bind', parameters }), undefined, hex);
    }
    assert.equal(parametersOfBind(utf8('no end')), undefined);
  });
});

describe('decodeColumns', () => {
  test('gives back the columns that were encoded', () => {
    const writer = new Writer();
    const column = {
      name: utf8('ü'),
      tableOid: 4_000_000_000,
      attribute: 3,
      typeOid: 25,
      typeSize: -1,
      typeModifier: -1,
      format: 1,
    };
    encodeBackend({ type: 'rowDescription', columns: [column] }, writer);
    assert.deepEqual(decodeColumns(writer.finish().subarray(5)), [
      { name: utf8('ü'), table: 4_000_000_000, attribute: 3, type: 25, size: -1, modifier: -1, format: 1 },
    ]);
  });

  test('is undefined for what is not well-formed', () => {
    assert.equal(decodeColumns(Uint8Array.of(0, 1)), undefined);
    assert.equal(decodeColumns(Uint8Array.of(0xff, 0xff)), undefined);
    assert.equal(decodeCopyFormats(Uint8Array.of(0, 0, 2, 0, 0)), undefined);
  });

  test('reads the formats of a COPY', () => {
    assert.deepEqual(decodeCopyFormats(Uint8Array.of(1, 0, 2, 0, 1, 0, 1)), { format: 1, columns: [1, 1] });
  });
});

describe('decodeErrorFields', () => {
  test('names the fields, and keeps to what there is', () => {
    const body = utf8('SFEHLER\0VERROR\0C42P01\0Mno table\0P15\0Zunknown\0Rparse\0\0');
    const { localizedSeverity, severity, sqlstate, message, position, routine, ...others } = decodeErrorFields(body);
    const texts = [localizedSeverity, severity, sqlstate, message, position, routine].map((field) =>
      new TextDecoder().decode(field),
    );
    assert.deepEqual(texts, ['FEHLER', 'ERROR', '42P01', 'no table', '15', 'parse']);
    assert.deepEqual(others, {});
    assert.deepEqual(decodeErrorFields(new Uint8Array(0)), {});
    assert.deepEqual(decodeErrorFields(utf8('Mcut')), { message: utf8('cut') });
  });

  test('knows every field that the wire package names', () => {
    for (const [name, code] of Object.entries(errorField)) {
      const letter = typeof code === 'number' ? String.fromCharCode(code) : code;
      assert.equal(Object.keys(decodeErrorFields(utf8(`${letter}x\0\0`))).length, 1, name);
    }
  });
});
