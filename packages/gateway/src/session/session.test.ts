import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { BackendMessage, FrontendMessage } from '@onrecord/wire';
import { Refusal } from '../errors.ts';
import { backend, createSession, frontend, readable, summary, text } from './session.fixture.ts';
import type { Session } from './session.ts';

const query = (sql: string): FrontendMessage => ({ type: 'query', sql: text(sql) });
const parse = (sql: string, name = ''): FrontendMessage => ({
  type: 'parse',
  name: text(name),
  sql: text(sql),
  parameterTypes: [],
});
const bind = (name = '', portal = '', parameters: (Uint8Array | null)[] = []): FrontendMessage => ({
  type: 'bind',
  portal: text(portal),
  statement: text(name),
  parameterFormats: [],
  parameters,
  resultFormats: [],
});
const execute = (portal = '', maxRows = 0): FrontendMessage => ({ type: 'execute', portal: text(portal), maxRows });
const sync: FrontendMessage = { type: 'sync' };
const copyData = (data: string): FrontendMessage => ({ type: 'copyData', data: text(data) });

const parsed: BackendMessage = { type: 'parseComplete' };
const bound: BackendMessage = { type: 'bindComplete' };
const suspended: BackendMessage = { type: 'portalSuspended' };
const complete = (tag: string): BackendMessage => ({ type: 'commandComplete', tag });
const row = (...values: string[]): BackendMessage => ({ type: 'dataRow', values: values.map(text) });
const ready = (status: 'I' | 'T' | 'E' = 'I'): BackendMessage => ({ type: 'readyForQuery', status });
const error = (sqlstate: string, severity = 'ERROR'): BackendMessage => ({
  type: 'errorResponse',
  fields: new Map([
    ['S', text(severity)],
    ['V', text(severity)],
    ['C', text(sqlstate)],
    ['M', text('no')],
  ]),
});
const columns: BackendMessage = {
  type: 'rowDescription',
  columns: [{ name: text('a'), tableOid: 0, attribute: 0, typeOid: 25, typeSize: -1, typeModifier: -1, format: 0 }],
};

let clock = 0;
const send = (session: Session, ...messages: FrontendMessage[]) => {
  clock += 1;
  return session.frontend(frontend(...messages), clock);
};
const answer = (session: Session, ...messages: BackendMessage[]) => {
  clock += 1;
  return session.backend(backend(...messages), clock);
};

describe('a session with simple queries', () => {
  it('records a statement before it is forwarded and its outcome before it is delivered', () => {
    const session = createSession();
    const bytes = frontend(query('select 1'));
    const turn = session.frontend(bytes, 1);
    assert.deepEqual(summary(turn), ['1 simple "select 1"']);
    assert.deepEqual(turn.forward, [bytes]);
    const reply = backend(columns, row('1'), complete('SELECT 1'), ready());
    const back = session.backend(reply, 2);
    assert.deepEqual(summary(back), ['outcome of 1: completed SELECT 1 1 rows I']);
    assert.deepEqual(back.deliver, [reply]);
    assert.equal(session.pending, 0);
  });

  it('makes one record of each statement of a Query and matches the tags in order', () => {
    const session = createSession();
    assert.deepEqual(summary(send(session, query('begin; select 1; commit'))), [
      '1 simple "begin" 1/3',
      '2 simple " select 1" 2/3',
      '3 simple " commit" 3/3',
    ]);
    const back = answer(
      session,
      complete('BEGIN'),
      columns,
      row('1'),
      complete('SELECT 1'),
      complete('COMMIT'),
      ready(),
    );
    assert.deepEqual(summary(back), [
      'outcome of 1: completed BEGIN',
      'outcome of 2: completed SELECT 1 1 rows',
      'outcome of 3: completed COMMIT I',
    ]);
  });

  it('skips what stands behind an error in a Query, and nothing of the next Query', () => {
    const session = createSession();
    send(session, query('select 1; select x; select 3'));
    send(session, query('select 4'));
    const back = answer(session, complete('SELECT 1'), error('42703'), ready(), complete('SELECT 1'), ready());
    assert.deepEqual(summary(back), [
      'outcome of 1: completed SELECT 1',
      'outcome of 2: failed',
      'outcome of 3: skipped I',
      'outcome of 4: completed SELECT 1 I',
    ]);
  });

  it('records an empty query', () => {
    const session = createSession();
    assert.deepEqual(summary(send(session, query(''))), ['1 simple ""']);
    assert.deepEqual(summary(answer(session, { type: 'emptyQueryResponse' }, ready())), ['outcome of 1: completed I']);
  });

  it('says that a Query goes on when its statements cannot be told apart', () => {
    const session = createSession({
      sql: { split: () => undefined, redact: () => undefined, effect: () => undefined, traceparent: () => undefined },
    });
    assert.deepEqual(summary(send(session, query('select 1; select 2'))), ['1 simple "select 1; select 2"']);
    assert.deepEqual(summary(answer(session, complete('SELECT 1'), row('2'), complete('SELECT 1'), ready())), [
      'outcome of 1: completed more SELECT 1',
      'outcome of 1: completed more SELECT 1 1 rows',
      'outcome of 1: completed I',
    ]);
  });

  it('takes passwords out of what is recorded and leaves what is forwarded', () => {
    const session = createSession();
    const bytes = frontend(query("alter role a password 'hunter2'"));
    const turn = session.frontend(bytes, 1);
    assert.deepEqual(summary(turn), [`1 simple "alter role a password '***'" redacted`]);
    assert.deepEqual(turn.forward, [bytes]);
  });

  it('does not record an error that may quote a password, and lets the client see it', () => {
    const session = createSession();
    send(session, query("alter role a password 'hunter2' oops"));
    const quoting: BackendMessage = {
      type: 'errorResponse',
      fields: new Map([
        ['S', text('ERROR')],
        ['C', text('42601')],
        ['M', text('syntax error near "hunter2"')],
        ['P', text('7')],
      ]),
    };
    const turn = answer(session, quoting, ready());
    const [outcome] = turn.entries;
    assert.ok(outcome?.type === 'outcome');
    assert.match(readable(outcome.error) ?? '', /42601.*7.*withheld/s);
    assert.doesNotMatch(readable(outcome.error) ?? '', /hunter2/);
    assert.match(Buffer.concat(turn.deliver).toString(), /hunter2/);
  });

  it('withholds it each time a prepared statement runs that holds a password', () => {
    const session = createSession();
    send(session, parse("alter role a password 'hunter2'", 's'), sync);
    answer(session, parsed, ready());
    assert.deepEqual(summary(send(session, bind('s'), execute(), sync)), ['2 execute sql of 1 redacted']);
    const [outcome] = answer(session, bound, error('42501'), ready()).entries;
    assert.ok(outcome?.type === 'outcome');
    assert.match(readable(outcome.error) ?? '', /42501.*withheld/s);
  });

  it('calls a statement cancelled when the server says so', () => {
    const session = createSession();
    send(session, query('select pg_sleep(9)'));
    assert.equal(session.current, 1);
    assert.deepEqual(summary(answer(session, error('57014'), ready())), ['outcome of 1: cancelled I']);
    assert.equal(session.current, undefined);
  });

  it('keeps rows up to the cap and counts the others', () => {
    const session = createSession();
    send(session, query('select generate_series(1, 5)'));
    const first = answer(session, columns, row('1'), row('2'));
    assert.deepEqual(summary(first), ['rows of 1: 2']);
    const second = answer(session, row('3'), row('4'));
    assert.deepEqual(summary(second), ['rows of 1: 1']);
    assert.deepEqual(summary(answer(session, row('5'), complete('SELECT 5'), ready())), [
      'outcome of 1: completed SELECT 5 5 rows kept 3 I',
    ]);
  });

  it('leaves the digest to the rows when the outcome holds them all', () => {
    const session = createSession();
    send(session, query('select 1'));
    const [outcome] = answer(session, columns, row('1'), complete('SELECT 1'), ready()).entries;
    assert.ok(outcome?.type === 'outcome' && outcome.rows !== undefined && outcome.digest === undefined);
  });

  it('digests the rows exactly as they are delivered, however they are cut into chunks', () => {
    const rows = [row('one'), row('two'), row('a longer third row'), row('beyond the cap')];
    const messages = [columns, ...rows, complete('SELECT 4'), ready()];
    const whole = backend(...messages);
    const digests = new Set<string>();
    for (let size = 1; size <= whole.length; size += 1) {
      const session = createSession();
      send(session, query('select'));
      const delivered: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += size) {
        const turn = session.backend(whole.slice(at, at + size), 1);
        delivered.push(...turn.deliver);
        for (const body of turn.entries) {
          if (body.type === 'outcome') digests.add(Buffer.from(body.digest ?? []).toString('hex'));
        }
      }
      assert.deepEqual(Buffer.concat(delivered), Buffer.from(whole));
    }
    assert.deepEqual(
      [...digests],
      [
        createHash('sha256')
          .update(backend(...rows))
          .digest('hex'),
      ],
    );
  });
});

describe('a session with extended queries', () => {
  it('makes one entry of a Parse, Bind and Execute that come together', () => {
    const session = createSession();
    assert.deepEqual(summary(send(session, parse('select $1'), bind('', '', [text('x')]), execute(), sync)), [
      '1 execute "select $1"',
    ]);
    assert.deepEqual(summary(answer(session, parsed, bound, row('x'), complete('SELECT 1'), ready())), [
      'outcome of 1: completed SELECT 1 1 rows I',
    ]);
  });

  it('tells where the text and the parameters of a later execution stand', () => {
    const session = createSession();
    assert.deepEqual(summary(send(session, parse('select $1', 's'), sync)), ['1 prepare "select $1"']);
    assert.deepEqual(summary(answer(session, parsed, ready())), []);
    assert.deepEqual(summary(send(session, bind('s'))), ['2 bind sql of 1']);
    assert.deepEqual(summary(send(session, execute(), bind('s'), execute(), sync)), [
      '3 execute sql of 1 parameters of 2',
      '4 execute sql of 1',
    ]);
  });

  it('keeps the order of execution when statements are prepared first and executed later', () => {
    const session = createSession();
    const turn = send(session, parse('a', 'a'), parse('b', 'b'), bind('b'), execute(), bind('a'), execute(), sync);
    assert.deepEqual(summary(turn), ['1 prepare "a"', '2 execute "b"', '3 execute sql of 1']);
  });

  it('skips to the Sync after an error and works on behind it', () => {
    const session = createSession();
    send(session, parse('a'), bind(), execute(), parse('b'), bind(), execute(), sync);
    send(session, parse('c'), bind(), execute(), sync);
    const back = answer(session, error('42601'), ready(), parsed, bound, complete('SELECT 0'), ready());
    assert.deepEqual(summary(back), [
      'outcome of 1: failed',
      'outcome of 2: skipped I',
      'outcome of 3: completed SELECT 0 I',
    ]);
  });

  it('records as skipped what arrives when the server is known to skip', () => {
    const session = createSession();
    send(session, parse('a'), { type: 'flush' });
    answer(session, error('42601'));
    assert.deepEqual(summary(send(session, parse('b'), bind(), execute())), ['2 execute "b"', 'outcome of 2: skipped']);
    send(session, sync);
    assert.deepEqual(summary(answer(session, ready())), []);
    assert.deepEqual(summary(send(session, parse('c'), bind(), execute(), sync)), ['3 execute "c"']);
  });

  it('gives a name its former meaning back when the Parse that took it failed', () => {
    const session = createSession();
    send(session, parse('one', 's'), sync);
    answer(session, parsed, ready());
    send(session, parse('two', 's'), sync);
    answer(session, error('42P05'), ready());
    assert.deepEqual(summary(send(session, bind('s'), execute(), sync)), ['3 execute sql of 1']);
  });

  it('joins the fetches of a suspended portal', () => {
    const session = createSession();
    assert.deepEqual(summary(send(session, parse('s'), bind('', 'p'), execute('p', 2), { type: 'flush' })), [
      '1 execute "s" max 2',
    ]);
    assert.deepEqual(summary(answer(session, parsed, bound, row('1'), row('2'), suspended)), [
      'outcome of 1: suspended 2 rows',
    ]);
    assert.deepEqual(summary(send(session, execute('p'), sync)), ['2 fetch portal of 1']);
    assert.deepEqual(summary(answer(session, row('3'), complete('SELECT 1'), ready())), [
      'outcome of 2: completed SELECT 1 1 rows I',
    ]);
  });

  it('forgets portals when their transaction ends', () => {
    const session = createSession();
    send(session, parse('s'), bind('', 'p'), execute('p', 1), sync);
    answer(session, parsed, bound, suspended, ready('I'));
    assert.deepEqual(summary(send(session, execute('p'), sync)), ['2 execute']);
  });

  it('lets a Bind use what SQL prepared', () => {
    const session = createSession();
    send(session, query('prepare q as select 1'));
    answer(session, complete('PREPARE'), ready());
    assert.deepEqual(summary(send(session, bind('q'), execute(), sync)), ['2 execute sql of 1']);
  });

  it('records an error at a Sync as belonging to no statement', () => {
    const session = createSession();
    send(session, parse('s'), bind(), execute(), sync);
    assert.deepEqual(summary(answer(session, parsed, bound, complete('INSERT 0 1'), error('23503'), ready())), [
      'outcome of 1: completed INSERT 0 1 I',
      'error after 1',
    ]);
    assert.equal(session.pending, 0);
  });

  it('records a Bind of many megabytes in parts, before each is forwarded', () => {
    const session = createSession();
    send(session, parse('insert', 's'), sync);
    answer(session, parsed, ready());
    const bytes = frontend(bind('s', 'p', [new Uint8Array(3 << 20)]));
    const seen: string[] = [];
    const forwarded: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 1 << 20) {
      const turn = session.frontend(bytes.slice(at, at + (1 << 20)), 1);
      seen.push(...summary(turn).map((line) => line.replace(/^part of 2: \d+$/, 'part of 2')));
      forwarded.push(...turn.forward);
    }
    assert.deepEqual(seen, ['part of 2', 'part of 2', 'part of 2', 'part of 2', '2 bind sql of 1 in 4 parts']);
    assert.deepEqual(Buffer.concat(forwarded), Buffer.from(bytes));
    assert.deepEqual(summary(send(session, execute('p'), sync)), ['3 execute sql of 1 parameters of 2']);
  });

  it('lets the server answer a message that cannot be read', () => {
    const session = createSession();
    const malformed = new Uint8Array([0x50, 0, 0, 0, 5, 0x61]);
    const turn = session.frontend(malformed, 1);
    assert.deepEqual(turn.forward, [malformed]);
    assert.deepEqual(summary(turn), ['1 prepare']);
    send(session, sync);
    assert.deepEqual(summary(answer(session, error('08P01'), ready())), ['outcome of 1: failed I']);
  });
});

describe('a session with COPY', () => {
  it('records the data before it is forwarded, and how it ended', () => {
    const session = createSession();
    send(session, query('copy t from stdin'));
    answer(session, { type: 'copyInResponse', format: 0, columnFormats: [0] });
    assert.deepEqual(summary(send(session, copyData('1\n'), copyData('2\n'))), ['copy in of 1: 2']);
    assert.deepEqual(summary(send(session, copyData('3\n'), copyData('4\n'), { type: 'copyDone' })), [
      'copy in of 1: 1',
      'copy in ended of 1: done 4 messages truncated',
    ]);
    assert.deepEqual(summary(answer(session, complete('COPY 4'), ready())), ['outcome of 1: completed COPY 4 I']);
  });

  it('knows data that is sent before the server asks for it', () => {
    const session = createSession();
    const turn = send(session, query('copy t from stdin'), copyData('1\n'), { type: 'copyDone' }, query('select 1'));
    assert.deepEqual(summary(turn), [
      '1 simple "copy t from stdin"',
      'copy in of 1: 1',
      'copy in ended of 1: done 1 messages',
      '2 simple "select 1"',
    ]);
    const back = answer(
      session,
      { type: 'copyInResponse', format: 0, columnFormats: [0] },
      complete('COPY 1'),
      ready(),
      complete('SELECT 1'),
      ready(),
    );
    assert.deepEqual(summary(back), ['outcome of 1: completed COPY 1 I', 'outcome of 2: completed SELECT 1 I']);
    assert.equal(session.pending, 0);
  });

  it('expects no ReadyForQuery for a Sync inside the data', () => {
    const session = createSession();
    send(session, parse('copy t from stdin'), bind(), execute(), sync);
    answer(session, parsed, bound, { type: 'copyInResponse', format: 0, columnFormats: [] });
    send(session, copyData('1'), sync, copyData('2'), { type: 'copyDone' }, sync);
    answer(session, complete('COPY 2'), ready());
    assert.equal(session.pending, 0);
  });

  it('records CopyFail with its message', () => {
    const session = createSession();
    send(session, query('copy t from stdin'));
    answer(session, { type: 'copyInResponse', format: 0, columnFormats: [0] });
    assert.deepEqual(summary(send(session, { type: 'copyFail', reason: text('enough') })), [
      'copy in ended of 1: fail enough 0 messages',
    ]);
    assert.deepEqual(summary(answer(session, error('57014'), ready())), ['outcome of 1: cancelled I']);
  });

  it('treats the data of COPY OUT like rows', () => {
    const session = createSession();
    send(session, query('copy t to stdout'));
    const back = answer(
      session,
      { type: 'copyOutResponse', format: 0, columnFormats: [0] },
      { type: 'copyData', data: text('1\n') },
      { type: 'copyData', data: text('2\n') },
      { type: 'copyDone' },
      complete('COPY 2'),
      ready(),
    );
    assert.deepEqual(summary(back), ['outcome of 1: completed COPY 2 2 rows I']);
  });
});

describe('a session with answers of several parts', () => {
  const recptr: BackendMessage = { ...columns, columns: [] };
  const data = (bytes: string): BackendMessage => ({ type: 'copyData', data: text(bytes) });

  it('keeps rows that a rule added apart from those of its statement', () => {
    const session = createSession();
    send(session, query('insert into t values (1) returning a'));
    const back = answer(session, columns, row('1'), recptr, row(), row(), complete('INSERT 0 1'), ready());
    assert.deepEqual(summary(back), [
      'outcome of 1: completed more 1 rows',
      'outcome of 1: completed INSERT 0 1 2 rows I',
    ]);
  });

  it('records every result of a replication command, also behind its COPY, and what the COPY carried', () => {
    const session = createSession({ replication: true });
    assert.deepEqual(summary(send(session, query('BASE_BACKUP'))), ['1 replication "BASE_BACKUP"']);
    const copy: BackendMessage = { type: 'copyOutResponse', format: 0, columnFormats: [] };
    const first = answer(session, recptr, row(), complete('SELECT'), columns, row('a'), row('b'), complete('SELECT'));
    const second = answer(session, copy, data('tar'), data('tar'), { type: 'copyDone' });
    const third = answer(session, recptr, row(), complete('SELECT'), complete('BASE_BACKUP'), ready());
    assert.deepEqual([first, second, third].flatMap(summary), [
      'outcome of 1: completed more SELECT 1 rows',
      'outcome of 1: completed more SELECT 2 rows',
      'outcome of 1: completed more 2 rows',
      'outcome of 1: completed more SELECT 1 rows',
      'outcome of 1: completed more BASE_BACKUP',
      'outcome of 1: completed I',
    ]);
    const [copied] = second.entries;
    assert.equal(copied?.type === 'outcome' ? copied.copy : undefined, 'out');
  });

  it('records the last piece of a replication stream that comes together with its end', () => {
    const session = createSession({ replication: true });
    send(session, query('START_REPLICATION 0/0'));
    const both: BackendMessage = { type: 'copyBothResponse', format: 0, columnFormats: [] };
    const back = answer(session, both, data('wal'), { type: 'copyDone' }, complete('COPY 0'), ready());
    const [carried, ...ends] = back.entries;
    assert.equal(carried?.type === 'replication_data' ? carried.messages : 0, 1);
    assert.deepEqual(
      ends.map(({ type }) => type),
      ['outcome', 'outcome'],
    );
  });
});

describe('a session that ends or refuses', () => {
  it('calls what stood behind a FATAL error skipped', () => {
    const session = createSession();
    send(session, query('select 1'), query('select 2'));
    assert.deepEqual(summary(answer(session, error('57P01', 'FATAL'))), [
      'outcome of 1: failed',
      'outcome of 2: skipped',
    ]);
    assert.equal(session.fatal, '57P01');
  });

  it('ends what is owed an outcome when no answer will come', () => {
    const session = createSession();
    send(session, parse('a', 's'), sync, query('select 1'));
    assert.deepEqual(summary(session.abandon({ outcome: 'unknown' }, 9)), ['outcome of 2: unknown']);
    assert.equal(session.pending, 0);
  });

  it('refuses a Query in its place among the answers', () => {
    const session = createSession();
    send(session, query('select 1'));
    const refused = session.frontend(frontend(query('select 2')), 1, new Refusal('53100', 'full'));
    assert.deepEqual([refused.entries, refused.forward, refused.deliver], [[], [], []]);
    const turn = answer(session, complete('SELECT 1'), ready('T'));
    const out = Buffer.concat(turn.deliver).toString('latin1');
    assert.match(out, /SELECT 1.*53100.*Z/s);
    assert.equal(out.at(-1), 'T');
  });

  it('refuses a pipeline up to its Sync', () => {
    const session = createSession();
    const turn = session.frontend(frontend(parse('a'), bind(), execute(), sync), 1, new Refusal('53100', 'full'));
    assert.match(readable(Buffer.concat(turn.deliver)) ?? '', /53100/);
    assert.deepEqual(
      turn.forward.map((bytes) => bytes[0]),
      [0x53],
    );
    answer(session, ready());
    assert.deepEqual(summary(send(session, parse('b'), bind(), execute(), sync)), ['1 execute "b"']);
  });

  it('answers an unknown message type as Postgres does, behind what was asked before', () => {
    const session = createSession();
    send(session, query('select 1'));
    const turn = session.frontend(new Uint8Array([0x21, 0, 0, 0, 4]), 1);
    assert.deepEqual([turn.deliver.length, turn.end], [0, undefined]);
    const back = answer(session, complete('SELECT 1'), ready());
    assert.match(Buffer.concat(back.deliver).toString('latin1'), /FATAL.*08P01.*invalid frontend message type 33/s);
    assert.equal(back.end?.reason, 'terminated by the gateway');
  });

  it('keeps what the server says on its own', () => {
    const session = createSession();
    const back = answer(session, {
      type: 'notificationResponse',
      pid: 7,
      channel: text('c'),
      payload: text('p'),
    });
    assert.deepEqual(summary(back), ['notification after nothing']);
  });
});
