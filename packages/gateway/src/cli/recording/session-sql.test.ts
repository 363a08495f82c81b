import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CopyView } from '../../store/views.ts';
import { sessionView, statementView, valueView } from '../present/views.fixture.ts';
import { sessionSqlHeader, statementSql } from './session-sql.ts';

const copyIn = (data: string, part: Partial<CopyView> = {}): CopyView => ({
  direction: 'in',
  messages: 1,
  bytes: data.length,
  digest: undefined,
  data: new TextEncoder().encode(data),
  truncated: false,
  failure: undefined,
  ...part,
});

/** What psql would not take for a comment. */
const runs = (script: string): string[] => script.split('\n').filter((line) => line !== '' && !line.startsWith('--'));

/** What Postgres reads in E'…'. */
const unescaped = (inside: string): string =>
  inside.replace(/''|\\(?:x(\w\w)|u(\w{4})|U(\w{8})|(.))/g, (whole, x, u, long, other) => {
    if (whole === "''") return "'";
    if (other !== undefined) return { r: '\r', n: '\n', t: '\t' }[other as 'r'] ?? other;
    return String.fromCodePoint(Number.parseInt(x ?? u ?? long, 16));
  });

describe('a session as SQL', () => {
  it('has each completed statement as it was, ended on a line of its own', () => {
    const script = statementSql(statementView({ sql: 'SELECT 1 -- done' }));
    assert.deepEqual(runs(script), ['SELECT 1 -- done', ';']);
    assert.match(script, /^-- 1: 2026-11-17T13:03:22\.123456Z completed, SELECT 1, 1\.24 ms\n/);
  });

  it('binds parameters as they were', () => {
    const parameters = [
      valueView("it's \\ here", 'text'),
      valueView(null, 'int4'),
      valueView('{1,2}', 'int4[]'),
      valueView('x', 'type 16400'),
      valueView('y', 'unspecified', { type: 0 }),
    ];
    assert.deepEqual(runs(statementSql(statementView({ n: 7, sql: 'SELECT $1', parameters }))), [
      'PREPARE onrecord_7 (text, int4, int4[], unknown, unknown) AS',
      'SELECT $1',
      ';',
      "EXECUTE onrecord_7 (E'it''s \\\\ here', NULL, '{1,2}', 'x', 'y');",
      'DEALLOCATE onrecord_7;',
    ]);
  });

  it('does not run again what did not complete, was only prepared, or lost its password', () => {
    for (const outcome of ['failed', 'skipped', 'cancelled', 'refused', 'client gone', 'unknown', 'running'] as const) {
      assert.deepEqual(runs(statementSql(statementView({ outcome, sql: 'DROP TABLE t' }))), [], outcome);
    }
    assert.deepEqual(runs(statementSql(statementView({ kind: 'prepare', sql: 'DROP TABLE t' }))), []);
    assert.deepEqual(runs(statementSql(statementView({ redacted: true, sql: "ALTER ROLE r PASSWORD '***'" }))), []);
  });

  it('lets recorded text out of a comment by no line break', () => {
    const breaks = ['\n', '\r', '\r\n', '\u0085', '\u2028', '\u2029', '\v', '\f', '\0'];
    for (const gap of breaks) {
      const evil = `x${gap}DROP TABLE t;`;
      const script = statementSql(
        statementView({
          outcome: 'failed',
          sql: evil,
          commandTag: evil,
          error: {
            severity: evil,
            sqlstate: '42703',
            message: evil,
            detail: undefined,
            hint: undefined,
            position: undefined,
          },
          parameters: [valueView(evil)],
        }),
      );
      assert.deepEqual(
        script.split(/[\n\r\u0085\u2028\u2029\v\f]/).filter((line) => line !== '' && !line.startsWith('--')),
        [],
        JSON.stringify(gap),
      );
      assert.deepEqual(
        runs(
          sessionSqlHeader(sessionView({ identity: evil, role: evil, database: evil, onBehalfOf: { claimed: evil } })),
        ),
        ['\\set ON_ERROR_STOP on', '\\encoding UTF8'],
      );
    }
  });

  it('has no text in which psql may read a command, whatever standard_conforming_strings is', () => {
    for (const sql of [
      "select 'a\\'; \n\\! rm x\nselect ' --'",
      "select 'C:\\'",
      'select 1 \\! rm x',
      "select '\\' /*'\\! x*/",
    ]) {
      assert.deepEqual(runs(statementSql(statementView({ sql }))), [], sql);
    }
    for (const sql of ["select 'a\\nb'", "select E'\\\\'", 'select $$\\! x$$', 'select 1 /* \\! x */ -- \\! x']) {
      assert.deepEqual(runs(statementSql(statementView({ sql }))), [sql, ';']);
    }
  });

  it('shows what hides in a parameter, so that the server reads the same', () => {
    const script = statementSql(
      statementView({ sql: 'S', parameters: [valueView('\x1b[2J\u0085\u202e\u{e0001}\\\n')] }),
    );
    assert.match(script, /^EXECUTE onrecord_1 \(E'\\x1b\[2J\\u0085\\u202e\\U000e0001\\\\\n'\);$/m);
  });

  it('is made of comments only for any failed statement', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (sql, message) => {
        const error = {
          severity: 'ERROR',
          sqlstate: '42601',
          message,
          detail: undefined,
          hint: undefined,
          position: undefined,
        };
        assert.deepEqual(runs(statementSql(statementView({ outcome: 'failed', sql, error }))), []);
      }),
    );
  });

  it('quotes any parameter so that it ends where it should', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const script = statementSql(statementView({ sql: 'S', parameters: [valueView(text)] }));
        const quoted = /EXECUTE onrecord_1 \((E?'[\s\S]*')\);\nDEALLOCATE/.exec(script)?.[1] ?? '';
        const inside = quoted.replace(/^E?'/, '').slice(0, -1);
        const read = quoted.startsWith('E') ? unescaped(inside) : inside.replaceAll("''", "'");
        assert.equal(read, text);
      }),
    );
  });

  it('feeds COPY the data that was sent', () => {
    assert.deepEqual(runs(statementSql(statementView({ sql: 'COPY t FROM STDIN', copy: copyIn('1\n2\n') }))), [
      'COPY t FROM STDIN',
      ';',
      '1',
      '2',
      '\\.',
    ]);
  });

  it('feeds COPY what psql sent: with the semicolon in the text, with the end mark in the data', () => {
    const sql = 'COPY t FROM STDIN; -- now;';
    assert.deepEqual(runs(statementSql(statementView({ sql, copy: copyIn('1\n\\.\n') }))), [
      'COPY t FROM STDIN',
      ';',
      '1',
      '\\.',
    ]);
  });

  it('does not feed COPY data that is not whole, not text, or would end early', () => {
    for (const copy of [
      copyIn('1\n', { truncated: true }),
      copyIn('1\n\\.\nDROP TABLE t;\n'),
      copyIn('\\.\r\nDROP TABLE t;'),
      copyIn('', { data: Uint8Array.of(0xff, 0xfe) }),
    ]) {
      assert.deepEqual(runs(statementSql(statementView({ sql: 'COPY t FROM STDIN', copy }))), []);
    }
  });
});
