import assert from 'node:assert/strict';
import { test } from 'node:test';
import stringWidth from 'string-width';
import { fixtureStatements } from '../player/recording.fixture.ts';
import { renderStatement } from './statement.ts';
import { messageView, statementView, valueView } from './views.fixture.ts';

const look = { width: 100, color: false, timeZone: 'Europe/Berlin' };
const shown = (part: Parameters<typeof statementView>[0]): string => renderStatement(statementView(part), look);

test('who, when and how it ended stand first', () => {
  const [first, second] = shown({ n: 3 }).split('\n');
  assert.equal(first, '✓ 0k3d9x2v7m4hq8tz/3  billing-agent → billing');
  assert.equal(second, '  Tuesday 2026-11-17 14:03:22.123456 Europe/Berlin (UTC+01:00)');
});

test('parameters have number, type and value, NULL unlike the empty string and the word', () => {
  const text = shown({
    parameters: [
      valueView('42', 'int4'),
      valueView("it's"),
      valueView(null),
      valueView(''),
      valueView('NULL'),
      valueView('\\x00ff', 'mood', { decoded: false }),
    ],
  });
  assert.match(text, /\$1 {2}int4 {2}42\n/);
  assert.match(text, /\$2 {2}text {2}'it''s'\n/);
  assert.match(text, /\$3 {2}text {2}NULL\n/);
  assert.match(text, /\$4 {2}text {2}''\n/);
  assert.match(text, /\$5 {2}text {2}'NULL'\n/);
  assert.match(text, /\$6 {2}mood {2}\\x00ff \(bytes, type not known\)\n/);
});

test('rows are a table in which NULL, the empty string and the word NULL differ', () => {
  const column = { name: 'v', type: 25, typeName: 'text', table: 0, attribute: 0 };
  const text = shown({
    columns: [column],
    rows: [[valueView(null)], [valueView('')], [valueView('NULL')], [valueView('a\nb')]],
    rowCount: 4,
  });
  assert.match(text, / v\n ─+\n NULL\n ''\n 'NULL'\n a\\nb\n/);
});

test('rows without a kept one say whether there were any', () => {
  const column = { name: 'v', type: 25, typeName: 'text', table: 0, attribute: 0 };
  assert.match(shown({ columns: [column], rowCount: 0 }), /\(no rows\)/);
  assert.match(
    shown({ columns: [column], rowCount: 9, truncatedAt: 0 }),
    /\(rows not kept\)[\s\S]*the first 0 of 9 rows/,
  );
});

test('an error points at its place in the SQL, counted in characters', () => {
  const text = shown({
    sql: "select '👍',\n  totl\n from invoices",
    outcome: 'failed',
    error: messageView({ position: 15, detail: 'a detail', hint: 'a hint' }),
  });
  assert.match(text, /\n {4}totl\n {4}\^\n/);
  assert.match(text, /ERROR 42703 {2}column "totl" does not exist\n {2}Detail: a detail\n {2}Hint: a hint\n/);
});

test('an error of a later statement of a Query is not pointed at in the wrong place', () => {
  const text = shown({
    sql: 'select totl',
    position: { index: 1, count: 2 },
    outcome: 'failed',
    error: messageView({ position: 30 }),
  });
  assert.doesNotMatch(text, /\n *\^\n/);
  assert.match(text, /At character 30 of the whole Query/);
  assert.match(text, /statement 2 of 2 in one Query/);
});

test('a position behind the end of the text points nowhere', () => {
  assert.doesNotMatch(shown({ sql: 'x', outcome: 'failed', error: messageView({ position: 50 }) }), /\^/);
});

test('transaction, timings, truncation, fetches and cancels are told', () => {
  const text = shown({
    transactionBefore: 'T',
    transactionAfter: 'E',
    cancelRequestedAt: [statementView().at + 5_000_000],
    fetches: [{ n: 4, at: statementView().at, maxRows: 10, rowCount: 10, outcome: 'suspended' }],
    redacted: true,
    traceparent: '00-abc',
  });
  assert.match(text, /Transaction open → failed\n/);
  assert.match(text, /forwarded after 320 µs · first answer 1.10 ms · ended 1.24 ms/);
  assert.match(text, /requested 5.00 s after it arrived, 14:03:27.123/);
  assert.match(text, /\/4 at 14:03:22.123, at most 10 rows: 10 rows, suspended/);
  assert.match(text, /Password literals were replaced/);
  assert.match(text, /00-abc \(claimed\)/);
  assert.match(shown({ transactionAfter: undefined }), /none → not known/);
});

test('COPY data is shown by line, and as a hex dump when it is no text', () => {
  const copy = {
    direction: 'in',
    messages: 1,
    bytes: 9,
    digest: undefined,
    truncated: false,
    failure: undefined,
  } as const;
  assert.match(shown({ copy: { ...copy, data: new TextEncoder().encode('1\ta\n2\tb\n') } }), / {2}1\\ta\n {2}2\\tb\n/);
  assert.match(shown({ copy: { ...copy, data: new Uint8Array([0x50, 0, 0xff]) } }), /00000000 {2}50 00 ff +P\.\.\n/);
  assert.match(shown({ copy: { ...copy, data: new Uint8Array(), failure: 'stop\x1b' } }), /CopyFail +stop\\x1b/);
});

test('truncated COPY text that ends within a character is still text', () => {
  const data = new TextEncoder().encode('aé').subarray(0, 2);
  const copy = {
    direction: 'out',
    messages: 1,
    bytes: 9,
    digest: undefined,
    truncated: true,
    failure: undefined,
    data,
  } as const;
  assert.match(shown({ copy }), / {2}a\n/);
});

test('nothing is wider than asked, at any width', () => {
  for (const view of fixtureStatements()) {
    for (const width of [40, 80, 137]) {
      for (const line of renderStatement(view, { ...look, width }).split('\n')) {
        assert.ok(stringWidth(line) <= width, `${stringWidth(line)} > ${width}: ${line}`);
      }
    }
  }
});

test('colour changes nothing but colour', () => {
  for (const view of fixtureStatements()) {
    const colored = renderStatement(view, { ...look, color: true });
    assert.equal(colored.replaceAll(new RegExp(`${'\x1b'}\\[[\\d;]+m`, 'g'), ''), renderStatement(view, look));
    assert.notEqual(colored, renderStatement(view, look));
  }
});

test('recorded text is never obeyed, in any field', () => {
  const evil = '\x1b[2J\u202e\x9b\u2028';
  const message = messageView({ severity: evil, sqlstate: evil, message: evil, detail: evil, hint: evil });
  const text = shown({
    sql: evil,
    identity: evil,
    connection: evil,
    session: evil,
    statementName: evil,
    portal: evil,
    commandTag: evil,
    reason: evil,
    traceparent: evil,
    parameters: [valueView(evil, evil), valueView(evil, evil, { decoded: false })],
    columns: [{ name: evil, type: 0, typeName: evil, table: 0, attribute: 0 }],
    rows: [[valueView(evil)]],
    rowCount: 1,
    error: message,
    notices: [message],
    copy: {
      direction: 'in',
      messages: 1,
      bytes: 1,
      digest: evil,
      data: new TextEncoder().encode(evil),
      truncated: true,
      failure: evil,
    },
  });
  const digests = text.replaceAll(evil, '');
  assert.doesNotMatch(digests.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}]/u);
});

test('a text may be longer, and hide more characters, than a call takes arguments', () => {
  const lines = shown({ sql: `select 1 /*\n${'x\n'.repeat(200_000)}${'\u202e'.repeat(200_000)}*/` }).split('\n');
  assert.ok(lines.length > 200_000);
});
