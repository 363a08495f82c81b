import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BackendMessage, type FrontendMessage, ProtocolError } from '@onrecord/wire';
import { backend, createSession, frontend, naiveSql, summary, text } from './session.fixture.ts';
import type { Session } from './session.ts';

const query = (sql: string): FrontendMessage => ({ type: 'query', sql: text(sql) });
const parse = (sql: string, name = ''): FrontendMessage => ({
  type: 'parse',
  name: text(name),
  sql: text(sql),
  parameterTypes: [],
});
const bind = (statement = '', value?: string): FrontendMessage => ({
  type: 'bind',
  portal: text(''),
  statement: text(statement),
  parameterFormats: [],
  parameters: value === undefined ? [] : [text(value)],
  resultFormats: [],
});
const execute: FrontendMessage = { type: 'execute', portal: text(''), maxRows: 0 };
const sync: FrontendMessage = { type: 'sync' };
const copyData: FrontendMessage = { type: 'copyData', data: text('1\n') };

const parsed: BackendMessage = { type: 'parseComplete' };
const bound: BackendMessage = { type: 'bindComplete' };
const copyIn: BackendMessage = { type: 'copyInResponse', format: 0, columnFormats: [0] };
const complete = (tag: string): BackendMessage => ({ type: 'commandComplete', tag });
const ready: BackendMessage = { type: 'readyForQuery', status: 'I' };
const error = (sqlstate: string): BackendMessage => ({
  type: 'errorResponse',
  fields: new Map([
    ['S', text('ERROR')],
    ['V', text('ERROR')],
    ['C', text(sqlstate)],
  ]),
});

const send = (session: Session, ...messages: FrontendMessage[]) => session.frontend(frontend(...messages), 1);
const answer = (session: Session, ...messages: BackendMessage[]) => session.backend(backend(...messages), 2);
const goOn = (session: Session) => session.frontend(new Uint8Array(0), 3);

describe('a Sync that COPY FROM STDIN may pass over', () => {
  it('has its answer when the COPY fails before it has read anything', () => {
    const session = createSession();
    send(session, parse('copy t from stdin'), bind(), execute, sync);
    answer(session, parsed, bound, copyIn, error('P0001'), ready);
    assert.equal(session.pending, 0);
    send(session, query('select 1'));
    assert.deepEqual(summary(answer(session, complete('SELECT 1'), ready)), ['outcome of 2: completed SELECT 1 I']);
  });

  it('has none when the COPY fails in its data', () => {
    const session = createSession();
    send(session, parse('copy t from stdin'), bind(), execute, sync);
    answer(session, parsed, bound, copyIn);
    send(session, copyData, sync);
    answer(session, error('22P02'));
    send(session, { type: 'copyDone' }, sync);
    answer(session, ready);
    send(session, query('select 1'));
    assert.deepEqual(summary(answer(session, complete('SELECT 1'), ready)), ['outcome of 2: completed SELECT 1 I']);
  });

  it('has none when the COPY succeeds', () => {
    const session = createSession();
    send(session, parse('copy t from stdin'), bind(), execute, sync);
    answer(session, parsed, bound, copyIn);
    send(session, sync, copyData, { type: 'copyDone' }, sync);
    assert.deepEqual(summary(answer(session, complete('COPY 1'), ready)), ['outcome of 1: completed COPY 1 I']);
    assert.equal(session.pending, 0);
  });

  it('sets off what stands behind it from a COPY that failed in front of it', () => {
    const session = createSession();
    send(session, parse('copy t from stdin'), bind(), execute);
    answer(session, parsed, bound, copyIn);
    send(session, copyData, sync, query('delete from t'));
    const back = answer(session, error('22P02'), ready, complete('DELETE 1'), ready);
    assert.deepEqual(summary(back), ['outcome of 1: failed I', 'outcome of 2: completed DELETE 1 I']);
  });

  it('of a simple Query leaves every ReadyForQuery to what it belongs to', () => {
    const session = createSession();
    send(session, query('copy t from stdin'));
    answer(session, copyIn);
    send(session, copyData, sync, sync, query('delete from t'));
    const back = answer(session, error('22P02'), ready, ready, ready, complete('DELETE 1'), ready);
    assert.deepEqual(summary(back), ['outcome of 1: failed I', 'outcome of 2: completed DELETE 1 I']);
  });

  it('ends the session, as unknown, when what stands between it and the next one was run or was not', () => {
    const session = createSession();
    send(session, parse('copy t from stdin'), bind(), execute, sync, copyData, query('delete from t'), sync);
    const turn = answer(session, parsed, bound, copyIn, error('22P02'), ready);
    assert.ok(turn.broken instanceof ProtocolError);
    assert.deepEqual(turn.deliver, []);
    assert.deepEqual(summary(turn), ['outcome of 1: failed I']);
    assert.deepEqual(summary(session.abandon({ outcome: 'unknown' }, 3)), ['outcome of 2: unknown']);
  });
});

describe('a Bind whose statement depends on answers that are still to come', () => {
  it('waits, and is recorded with what the name means then', () => {
    const session = createSession();
    send(session, parse('delete from t', 'a'), sync);
    answer(session, parsed, ready);
    const turn = send(session, parse('select 1', 'a'), sync, bind('a'), execute, sync);
    assert.deepEqual(summary(turn), ['2 prepare "select 1"']);
    assert.equal(session.held, true);
    assert.deepEqual(goOn(session).forward, []);
    answer(session, error('42P05'), ready);
    const later = goOn(session);
    assert.deepEqual(summary(later), ['3 execute sql of 1']);
    assert.deepEqual(
      Buffer.concat([...turn.forward, ...later.forward]),
      Buffer.from(frontend(parse('select 1', 'a'), sync, bind('a'), execute, sync)),
    );
    assert.equal(session.held, false);
  });

  it('does not wait within one pipeline, where an error discards it as well', () => {
    const session = createSession();
    send(session, parse('delete from t', 'a'), sync);
    const turn = send(session, parse('select 1'), bind(), execute, parse('select 2', 'b'), bind('b'), execute, sync);
    assert.equal(session.held, false);
    assert.deepEqual(summary(turn), ['2 execute "select 1"', '3 execute "select 2"']);
  });

  it('waits for an unnamed statement that may be discarded', () => {
    const session = createSession();
    send(session, parse('delete from t'), sync);
    answer(session, parsed, ready);
    send(session, parse('selec', 'b'), parse('select 1'), sync, bind(), execute, sync);
    answer(session, error('42601'), ready);
    assert.deepEqual(summary(goOn(session)), ['4 execute sql of 1']);
  });

  it('waits for SQL that changes what names mean, and asks for the answers', () => {
    const session = createSession();
    const turn = send(session, parse('prepare q as delete from t'), bind(), execute, bind('q'), execute, sync);
    assert.equal(session.held, true);
    const flush = { type: 'flush' } as const;
    const sent = frontend(parse('prepare q as delete from t'), bind(), execute, flush);
    assert.deepEqual(Buffer.concat(turn.forward), Buffer.from(sent));
    answer(session, parsed, bound, complete('PREPARE'));
    assert.deepEqual(summary(goOn(session)), ['2 execute sql of 1']);
  });

  it('waits as one that arrives in pieces', () => {
    const session = createSession();
    send(session, parse('delete from t', 'a'), sync);
    answer(session, parsed, ready);
    const large = frontend(parse('select 1', 'a'), sync, bind('a', 'x'.repeat(2 << 20)), execute, sync);
    const turns = [session.frontend(large.subarray(0, 100), 1)];
    assert.equal(session.held, true);
    answer(session, error('42P05'), ready);
    turns.push(goOn(session), session.frontend(large.subarray(100), 1));
    assert.deepEqual(Buffer.concat(turns.flatMap((turn) => turn.forward)), Buffer.from(large));
    assert.ok(turns.flatMap(summary).some((line) => /^3 execute sql of 1|^3 bind sql of 1/.test(line)));
  });

  it('does not wait for what has no answer of the server', () => {
    const session = createSession();
    send(session, parse('copy t from stdin'), bind(), execute, sync);
    answer(session, parsed, bound, copyIn);
    send(session, copyData);
    answer(session, error('22P02'));
    send(session, sync, { type: 'copyDone' });
    answer(session, ready);
    const large = frontend({ type: 'copyDone' }, bind('a', 'x'.repeat(2 << 20)));
    session.frontend(large.subarray(0, 100), 3);
    assert.equal(session.held, false);
  });

  it('does not wait when the server waits for data of a COPY', () => {
    const session = createSession();
    send(session, query('copy t from stdin'));
    answer(session, copyIn);
    send(session, bind('a'));
    assert.equal(session.held, false);
  });
});

describe('a server that breaks the protocol', () => {
  it('leaves on record what it had said before', () => {
    const session = createSession();
    send(session, query('select 1'), query('select 2'));
    const turn = answer(session, complete('SELECT 1'), ready, parsed);
    assert.ok(turn.broken instanceof ProtocolError);
    assert.deepEqual(summary(turn), ['outcome of 1: completed SELECT 1 I']);
    assert.deepEqual(turn.deliver, []);
  });

  it('is not believed when it is ready without having been asked', () => {
    assert.ok(answer(createSession(), ready).broken instanceof ProtocolError);
  });
});

describe('a name', () => {
  it('is what the server looks up: its first 63 bytes', () => {
    const session = createSession();
    const long = 'x'.repeat(63);
    send(session, parse('select 1', `${long}A`), sync);
    answer(session, parsed, ready);
    send(
      session,
      { type: 'close', target: 'statement', name: text(`${long}B`) },
      parse('delete from t', `${long}C`),
      sync,
    );
    answer(session, { type: 'closeComplete' }, parsed, ready);
    assert.deepEqual(summary(send(session, bind(`${long}A`), execute, sync)), ['3 execute sql of 2']);
  });

  it('is recorded as it was sent, each time', () => {
    const session = createSession();
    const long = 'x'.repeat(63);
    const turn = send(session, parse('select 1', `${long}A`), bind(`${long}B`), execute, sync);
    assert.deepEqual(summary(turn), ['1 prepare "select 1"', '2 execute sql of 1']);
  });

  it('that the server converts is not guessed at', () => {
    const session = createSession({ parameters: new Map([['server_encoding', 'UTF8']]) });
    const encoding = (value: string): BackendMessage => ({
      type: 'parameterStatus',
      name: 'client_encoding',
      value: text(value),
    });
    send(session, parse('select 1', 'é'), sync);
    answer(session, parsed, ready);
    assert.deepEqual(summary(send(session, bind('é'), execute, sync)), ['2 execute sql of 1']);
    answer(session, bound, complete('SELECT 1'), ready);
    send(session, query("set client_encoding = 'latin1'"));
    answer(session, encoding('LATIN1'), complete('SET'), ready);
    assert.deepEqual(summary(send(session, bind('é'), execute, sync)), ['4 execute']);
    answer(session, error('26000'), ready);
    send(session, query("set client_encoding = 'utf8'"));
    answer(session, encoding('UTF8'), complete('SET'), ready);
    assert.deepEqual(summary(send(session, bind('é'), execute, sync)), ['6 execute']);
  });

  it('that is empty outlives DEALLOCATE ALL', () => {
    const effect = (sql: string) =>
      sql === 'deallocate all' ? ({ type: 'deallocate', name: undefined } as const) : undefined;
    const session = createSession({ sql: { ...naiveSql, effect } });
    send(session, parse('deallocate all', 'd'), parse('select 1'), bind('d'), execute, sync);
    answer(session, parsed, parsed, bound, complete('DEALLOCATE ALL'), ready);
    assert.deepEqual(summary(send(session, bind(), execute)), ['4 execute sql of 2']);
  });
});

describe('a text whose meaning depends on a setting that is being changed', () => {
  it('waits until the setting is known', () => {
    const session = createSession({
      sql: {
        ...naiveSql,
        redact: (sql, { standardConformingStrings }) =>
          standardConformingStrings ? undefined : sql.replace(/'.*'/, "'***'"),
      },
    });
    const turn = send(session, query('set x = off'), query("create role a password 'x\\'y'"));
    assert.deepEqual(summary(turn), ['1 simple "set x = off"']);
    answer(
      session,
      { type: 'parameterStatus', name: 'standard_conforming_strings', value: text('off') },
      complete('SET'),
      ready,
    );
    assert.deepEqual(summary(goOn(session)), ['2 simple "create role a password \'***\'" redacted']);
  });
});

describe('data of COPY that is sent before the server asks for it', () => {
  it('belongs to the COPY that will read it', () => {
    const session = createSession();
    const done: FrontendMessage = { type: 'copyDone' };
    const both = query('select 1;copy t from stdin;select 2;copy u from stdin');
    const turn = send(session, both, copyData, done, copyData, copyData, done);
    assert.deepEqual(summary(turn).slice(4), [
      'copy in of 2: 1',
      'copy in ended of 2: done 1 messages',
      'copy in of 4: 2',
      'copy in ended of 4: done 2 messages',
    ]);
  });
});
