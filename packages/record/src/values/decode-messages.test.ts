import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeColumns, decodeCopyFormats } from './decode-columns.ts';
import { decodeErrorFields } from './decode-error-fields.ts';
import { decodeCopyData, decodeRows } from './decode-messages.ts';
import { decodeParameters, parametersOfBind } from './decode-parameters.ts';
import { concat, cstring, int16, int32, list, message, utf8, value } from './message.fixture.ts';

const plain = (bytes: Uint8Array | null | undefined): number[] | null => (bytes == null ? null : Array.from(bytes));

const anyValue = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null });

describe('decodeRows', () => {
  test('gives back the rows that were encoded', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyValue, { maxLength: 5 }), { maxLength: 5 }), (rows) => {
        const messages = concat(...rows.map((row) => message('D', list(row, value))));
        assert.deepEqual(
          decodeRows(messages).map((row) => row.map(plain)),
          rows.map((row) => row.map(plain)),
        );
      }),
    );
  });

  test('gives the rows in front of what is cut short', () => {
    const messages = concat(...['a', 'b'].map((text) => message('D', list([utf8(text)], value))));
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
        const messages = concat(...chunks.map((data) => message('d', data)));
        assert.deepEqual(decodeCopyData(messages).map(plain), chunks.map(plain));
      }),
    );
  });
});

describe('decodeParameters', () => {
  const format = fc.constantFrom(0, 1);

  test('gives back the parameters of a Bind', () => {
    const bind = fc.record({
      parameters: fc.array(anyValue, { maxLength: 6 }),
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
          const fields = [list(parameterFormats, int16), list(parameters, value), list(resultFormats, int16)];
          const body = parametersOfBind(concat(cstring('p'), cstring('ş'), ...fields));
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
    const parameters = concat(int32(1598), list([0, 1], int16), list([utf8('x'), null], value), int16(1));
    const decoded = decodeParameters({ kind: 'call', parameters });
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
    const body = concat(
      ...[int16(1), cstring('ü'), int32(4_000_000_000), int16(3)],
      ...[int32(25), int16(-1), int32(-1), int16(1)],
    );
    assert.deepEqual(decodeColumns(body), [
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
    const {
      localizedSeverity,
      severity,
      sqlstate,
      message: text,
      position,
      routine,
      ...others
    } = decodeErrorFields(body);
    const texts = [localizedSeverity, severity, sqlstate, text, position, routine].map((field) =>
      new TextDecoder().decode(field),
    );
    assert.deepEqual(texts, ['FEHLER', 'ERROR', '42P01', 'no table', '15', 'parse']);
    assert.deepEqual(others, {});
    assert.deepEqual(decodeErrorFields(new Uint8Array(0)), {});
    assert.deepEqual(decodeErrorFields(utf8('Mcut')), { message: utf8('cut') });
  });

  test('knows every field of the manual', () => {
    for (const code of 'SVCMDHPpqWstcdnFLR') {
      assert.equal(Object.keys(decodeErrorFields(utf8(`${code}x\0\0`))).length, 1, code);
    }
  });
});
