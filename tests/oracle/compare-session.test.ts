import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OutcomeKind, Statement } from '@onrecord/record';
import { contradiction, isMadeOf } from './compare-session.ts';
import type { LogEvent } from './postgres-log.ts';
import type { RecordedSession, RecordedStatement } from './recorded-sessions.ts';

let n = 0;

function recorded(
  kind: Statement['kind'],
  text: string,
  outcome: OutcomeKind | undefined,
  sqlstate?: string,
): RecordedStatement {
  n += 1;
  const body: Statement = { type: 'statement', n, kind, transactionBefore: 'I' };
  const ended =
    outcome === undefined ? undefined : ({ type: 'outcome', of: n, outcome, rowCount: 0, rowBytes: 0 } as const);
  return { body, text, carrier: body, outcome: ended, sqlstate };
}

function session(...events: RecordedSession['events']): RecordedSession {
  return {
    id: 's',
    isOwn: false,
    opened: {} as RecordedSession['opened'],
    closed: undefined,
    events,
    damage: undefined,
    tags: [],
  };
}

function ran(text: string, how: 'statement' | 'execute' | 'fetch' = 'statement'): LogEvent {
  return { type: 'statement', how, text };
}

function failed(sqlstate: string): LogEvent {
  return { type: 'error', fatal: false, sqlstate, message: '' };
}

describe('comparing what is on record of a session with the log of the server', () => {
  it('finds no fault with what agrees', () => {
    const record = session(
      recorded('simple', 'select 1', 'completed'),
      recorded('prepare', 'select 2', undefined),
      recorded('execute', 'select 3', 'suspended'),
      recorded('fetch', 'select 3', 'completed'),
      recorded('execute', 'select 1/0', 'failed', '22012'),
      recorded('execute', 'select 4', 'skipped'),
      recorded('simple', 'selec', 'failed', '42601'),
      recorded('simple', 'select 5', 'unknown'),
      recorded('simple', 'select 6', 'unknown'),
    );
    const log = [
      ran('select 1'),
      ran('select 3', 'execute'),
      ran('select 3', 'fetch'),
      ran('select 1/0', 'execute'),
      failed('22012'),
      failed('42601'),
      ran('select 5'),
    ];
    assert.equal(contradiction(record, log), undefined);
  });

  it('finds a statement that is not on record: at the beginning, in the middle, at the end', () => {
    const record = session(recorded('simple', 'select 1', 'completed'), recorded('simple', 'select 2', 'completed'));
    for (const at of [0, 1, 2]) {
      const log = [ran('select 1'), ran('select 2')];
      log.splice(at, 0, ran('select 3'));
      assert.match(contradiction(record, log) ?? '', /select 3/);
    }
  });

  it('finds one that is recorded as completed and was not run, or with another text, or in another order', () => {
    const record = session(recorded('simple', 'select 1', 'completed'), recorded('simple', 'select 2', 'completed'));
    assert.match(contradiction(record, [ran('select 1')]) ?? '', /did not run it/);
    assert.match(contradiction(record, [ran('select 1'), ran('select 2 ')]) ?? '', /did not run it/);
    assert.match(contradiction(record, [ran('select 2'), ran('select 1')]) ?? '', /did not run it/);
    assert.match(contradiction(record, [ran('select 1'), ran('select 2', 'execute')]) ?? '', /did not run it/);
  });

  it('finds a skipped one that was run, a failed one that did not fail, and one that failed otherwise', () => {
    assert.match(
      contradiction(session(recorded('execute', 'a', 'skipped')), [ran('a', 'execute')]) ?? '',
      /not on record/,
    );
    assert.match(
      contradiction(session(recorded('simple', 'a', 'failed', '22012')), [ran('a')]) ?? '',
      /did not report/,
    );
    const other = [ran('a'), failed('42601')];
    assert.match(contradiction(session(recorded('simple', 'a', 'failed', '22012')), other) ?? '', /did not report/);
    assert.match(contradiction(session(recorded('simple', 'a', 'completed')), other) ?? '', /not on record/);
    assert.match(contradiction(session(recorded('simple', 'a', undefined)), [ran('a')]) ?? '', /never ended/);
  });

  it('takes the statements of one Query together', () => {
    assert.equal(isMadeOf('select 1; /* x */ ;select 2 -- end', ['select 1', 'select 2']), true);
    assert.equal(isMadeOf('select 1; select 3; select 2', ['select 1', 'select 2']), false);
    assert.equal(isMadeOf('select 1; select 2', ['select 2', 'select 1']), false);
    assert.equal(isMadeOf('select 1; select 2', ['select 1']), false);
  });
});
