import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BackendMessage, FrontendMessage } from '@onrecord/wire';
import { decodeBackend, decodeFrontend, Framer, Reader } from '@onrecord/wire';
import { Refusal } from '../errors.ts';
import { ScriptedGuard } from './guard.fixture.ts';
import { backend, createSession, frontend, readable, summary, text } from './session.fixture.ts';
import type { Session } from './session.ts';

const query = (sql: string): FrontendMessage => ({ type: 'query', sql: text(sql) });
const parse = (sql: string, name = ''): FrontendMessage => ({
  type: 'parse',
  name: text(name),
  sql: text(sql),
  parameterTypes: [],
});
const bind = (name = '', portal = ''): FrontendMessage => ({
  type: 'bind',
  portal: text(portal),
  statement: text(name),
  parameterFormats: [],
  parameters: [],
  resultFormats: [],
});
const execute = (portal = ''): FrontendMessage => ({ type: 'execute', portal: text(portal), maxRows: 0 });
const sync: FrontendMessage = { type: 'sync' };
const parsed: BackendMessage = { type: 'parseComplete' };
const bound: BackendMessage = { type: 'bindComplete' };
const closed: BackendMessage = { type: 'closeComplete' };
const complete = (tag: string): BackendMessage => ({ type: 'commandComplete', tag });
const row = (...values: string[]): BackendMessage => ({ type: 'dataRow', values: values.map(text) });
const ready = (status: 'I' | 'T' | 'E' = 'I'): BackendMessage => ({ type: 'readyForQuery', status });
const syntaxError: BackendMessage = {
  type: 'errorResponse',
  fields: new Map([
    ['S', text('ERROR')],
    ['V', text('ERROR')],
    ['C', text('42601')],
    ['M', text('syntax error at or near "onrecord"')],
  ]),
};
const columns: BackendMessage = {
  type: 'rowDescription',
  columns: [{ name: text('a'), tableOid: 1, attribute: 1, typeOid: 25, typeSize: -1, typeModifier: -1, format: 0 }],
};

function guarded(): { readonly guard: ScriptedGuard; readonly session: Session } {
  const guard = new ScriptedGuard();
  return { guard, session: createSession({ guard }) };
}

let clock = 0;
const send = (session: Session, ...messages: FrontendMessage[]) => {
  clock += 1;
  return session.frontend(frontend(...messages), clock);
};
const answer = (session: Session, ...messages: BackendMessage[]) => {
  clock += 1;
  return session.backend(backend(...messages), clock);
};

const numberOf = ({ n }: { readonly n: number }): number => n;

function* messages(bytes: readonly Uint8Array[]): Generator<Framer> {
  const framer = new Framer({ streams: () => false, maxHeldBytes: () => 1 << 20 });
  framer.push(Buffer.concat(bytes));
  while (framer.next()) yield framer;
}

/** What goes to Postgres, a word for each message. */
function forwarded(bytes: readonly Uint8Array[]): string[] {
  return Array.from(messages(bytes), ({ tag, bytes: chunk, start, end }) => {
    const message = decodeFrontend(tag, new Reader(chunk, start + 5, end));
    return message.type === 'query' || message.type === 'parse'
      ? `${message.type} ${readable(message.sql)}`
      : message.type;
  });
}

/** What the client gets, a word for each message. */
function delivered(bytes: readonly Uint8Array[]): string[] {
  return Array.from(messages(bytes), ({ tag, bytes: chunk, start, end }) => {
    const message = decodeBackend(tag, new Reader(chunk, start + 5, end));
    if (message.type === 'errorResponse') return `error ${readable(message.fields.get('C'))}`;
    if (message.type === 'readyForQuery') return `ready ${message.status}`;
    if (message.type === 'dataRow') return `row ${message.values.map((value) => value && readable(value)).join()}`;
    return message.type;
  });
}

const poison = 'onrecord: this statement was refused';

describe('a statement that is denied', () => {
  it('is on record with the decision, and something that fails goes out in its place', () => {
    const { session } = guarded();
    const turn = send(session, query('forbidden'));
    assert.deepEqual(summary(turn), ['1 simple "forbidden"', 'decision']);
    assert.deepEqual(forwarded(turn.forward), [`query ${poison}`]);
    const back = answer(session, syntaxError, ready('E'));
    assert.deepEqual(delivered(back.deliver), ['error 42501', 'ready E']);
    assert.deepEqual(summary(back), ['outcome of 1: refused E']);
  });

  it('takes the whole Query with it', () => {
    const { session } = guarded();
    const turn = send(session, query('select 1; forbidden; select 2'));
    assert.deepEqual(forwarded(turn.forward), [`query ${poison}`]);
    const back = answer(session, syntaxError, ready());
    assert.deepEqual(delivered(back.deliver), ['error 42501', 'ready I']);
    assert.deepEqual(summary(back), ['outcome of 2: refused', 'outcome of 1: skipped', 'outcome of 3: skipped I']);
  });

  it('skips its pipeline up to the Sync, and what came before it is rolled back by Postgres', () => {
    const { session } = guarded();
    const turn = send(
      session,
      ...[parse('insert'), bind(), execute(), parse('forbidden'), bind(), execute()],
      ...[parse('insert'), bind(), execute(), sync],
    );
    assert.deepEqual(forwarded(turn.forward), [
      ...['parse insert', 'bind', 'execute', 'parse forbidden', `parse ${poison}`, 'execute'],
      ...['parse insert', 'bind', 'execute', 'sync'],
    ]);
    const back = answer(session, parsed, bound, complete('INSERT 0 1'), parsed, syntaxError, ready());
    assert.deepEqual(delivered(back.deliver), [
      ...['parseComplete', 'bindComplete', 'commandComplete', 'parseComplete', 'error 42501', 'ready I'],
    ]);
    assert.deepEqual(summary(back), [
      'outcome of 1: completed INSERT 0 1',
      'outcome of 2: refused',
      'outcome of 3: skipped I',
    ]);
  });

  it('is refused on record also when the session ends before the server has answered', () => {
    const { session } = guarded();
    send(session, query('select 1; forbidden'));
    send(session, parse('insert'), bind(), execute(), parse('forbidden'), bind(), execute(), sync);
    assert.deepEqual(summary(session.abandon({ outcome: 'unknown' }, 9)), [
      ...['outcome of 1: refused', 'outcome of 2: refused'],
      ...['outcome of 3: unknown', 'outcome of 4: refused'],
    ]);
  });

  it('may be prepared and described, and is refused when it is bound', () => {
    const { session } = guarded();
    assert.deepEqual(forwarded(send(session, parse('forbidden', 's'), sync).forward), ['parse forbidden', 'sync']);
    answer(session, parsed, ready());
    assert.deepEqual(forwarded(send(session, bind('s'), execute(), sync).forward)[0], `parse ${poison}`);
    assert.deepEqual(delivered(answer(session, syntaxError, ready()).deliver), ['error 42501', 'ready I']);
  });

  it('is found behind EXECUTE and behind a Bind of what PREPARE named', () => {
    const { session, guard } = guarded();
    send(session, query('prepare p as forbidden'));
    answer(session, syntaxError, ready());
    send(session, query('execute p'));
    assert.equal(guard.judgedTexts.at(-1), 'execute p');
    assert.deepEqual(delivered(answer(session, syntaxError, ready()).deliver), ['error 42501', 'ready I']);
  });

  it('that cannot be read is parsed by Postgres, whose syntax error it gets', () => {
    const { session } = guarded();
    const turn = send(session, query('unreadable'));
    assert.deepEqual(forwarded(turn.forward), ['parse unreadable', `parse ${poison}`, 'sync']);
    const back = answer(session, syntaxError, ready());
    assert.deepEqual(delivered(back.deliver), ['error 42601', 'ready I']);
    assert.deepEqual(summary(back), ['outcome of 1: failed I']);
  });

  it('that cannot be read and is SQL to Postgres all the same is refused', () => {
    const { session } = guarded();
    send(session, query('unreadable'));
    const back = answer(session, parsed, syntaxError, ready());
    assert.deepEqual(delivered(back.deliver), ['error 42501', 'ready I']);
    assert.deepEqual(summary(back), ['outcome of 1: refused I']);
  });

  it('by a function-call message is refused too', () => {
    const { session } = guarded();
    const call: FrontendMessage = {
      type: 'functionCall',
      functionOid: 1,
      argumentFormats: [],
      arguments: [],
      resultFormat: 0,
    };
    assert.deepEqual(forwarded(send(session, call).forward), [`query ${poison}`]);
    assert.deepEqual(delivered(answer(session, syntaxError, ready()).deliver), ['error 42501', 'ready I']);
  });
});

describe('a statement that needs approval', () => {
  it('is on record and held; nothing goes to Postgres', () => {
    const { session } = guarded();
    const turn = send(session, query('ask 1'), query('select 2'));
    assert.deepEqual(summary(turn), ['1 simple "ask 1"', 'decision']);
    assert.deepEqual(turn.forward, []);
    assert.equal(turn.ask?.asks[0]?.group, 'finance');
    assert.equal(session.held, true);
    assert.equal(session.waitsFor, 'approval');
    assert.deepEqual(send(session, query('select 3')).forward, []);
  });

  it('goes on when it is approved, and what came behind it after it', () => {
    const { session } = guarded();
    send(session, query('ask 1'), query('select 2'));
    assert.deepEqual(forwarded(session.release(undefined).forward), ['query ask 1']);
    assert.equal(session.held, false);
    assert.deepEqual(forwarded(session.frontend(new Uint8Array(0), 1).forward), ['query select 2']);
    const back = answer(session, complete('UPDATE 1'), ready(), complete('SELECT 1'), ready());
    assert.deepEqual(summary(back), ['outcome of 1: completed UPDATE 1 I', 'outcome of 2: completed SELECT 1 I']);
  });

  it('fails when it is not, and its transaction with it', () => {
    const { session } = guarded();
    send(session, query('ask 1'));
    assert.deepEqual(forwarded(session.release(new Refusal('57014', 'expired')).forward), [`query ${poison}`]);
    const back = answer(session, syntaxError, ready('E'));
    assert.deepEqual(delivered(back.deliver), ['error 57014', 'ready E']);
    assert.deepEqual(summary(back), ['outcome of 1: refused E']);
  });

  it('waits with its pipeline, as one record with its Bind and Execute', () => {
    const { session } = guarded();
    const turn = send(session, parse('ask 1'), bind(), execute(), sync);
    assert.deepEqual(summary(turn), ['1 execute "ask 1"', 'decision']);
    assert.deepEqual(forwarded(turn.forward), ['parse ask 1', 'flush']);
    assert.deepEqual(delivered(answer(session, parsed).deliver), ['parseComplete']);
    assert.deepEqual(forwarded(session.release(undefined).forward), ['bind', 'execute', 'sync']);
    const back = answer(session, bound, complete('UPDATE 1'), ready());
    assert.deepEqual(summary(back), ['outcome of 1: completed UPDATE 1 I']);
    assert.equal(session.pending, 0);
  });

  it('counts as forwarded only when it is, also when its pipeline comes in pieces', () => {
    const { session } = guarded();
    const begun = send(session, parse('select 1'), bind(), execute(), parse('ask 2', 's'), bind('s'));
    assert.deepEqual(begun.statements.map(numberOf), [1]);
    const asked = send(session, execute(), sync);
    assert.deepEqual(asked.statements, []);
    assert.deepEqual(session.release(undefined).statements.map(numberOf), [2, 3]);
  });

  it('is still asked about when a message behind it has to wait for answers to what is in front of it', () => {
    const { session } = guarded();
    const turn = send(session, parse('ask 1'), bind(), execute(), parse('select 2', 'é'), sync);
    assert.deepEqual(forwarded(turn.forward), ['parse ask 1', 'flush']);
    answer(session, parsed);
    assert.equal(session.frontend(new Uint8Array(0), 1).ask?.asks.length, 1);
    assert.deepEqual(forwarded(session.release(undefined).forward), ['bind', 'execute', 'parse select 2', 'sync']);
  });

  it('is asked about before anything is judged behind what changes its meaning', () => {
    const { session, guard } = guarded();
    const select = [parse('select 2'), bind(), execute(), sync];
    const turn = send(session, parse('ask 1'), bind(), execute(), parse('set a'), bind(), execute(), ...select);
    assert.deepEqual(turn.ask?.statements.map(numberOf), [1, 2, 3]);
    assert.deepEqual(guard.judgedTexts, ['ask 1', 'set a']);
    answer(session, parsed);
    const released = forwarded(session.release(undefined).forward);
    assert.deepEqual(released, ['bind', 'execute', 'parse set a', 'bind', 'execute', 'parse select 2', 'flush']);
    assert.deepEqual(session.frontend(new Uint8Array(0), 1).forward, []);
    answer(session, bound, complete('UPDATE 1'), parsed, bound, complete('SET'), parsed);
    assert.deepEqual(forwarded(session.frontend(new Uint8Array(0), 1).forward), ['bind', 'execute', 'sync']);
    assert.deepEqual(guard.judgedTexts, ['ask 1', 'set a', 'select 2']);
    answer(session, bound, complete('SELECT 1'), ready());
    assert.equal(session.pending, 0);
  });

  it('is run before a Query behind it is judged, when it changes what that means', () => {
    const { session, guard } = guarded();
    send(session, parse('set ask'), bind(), execute(), query('select 2'));
    answer(session, parsed);
    assert.deepEqual(forwarded(session.release(undefined).forward), ['bind', 'execute', 'flush']);
    assert.deepEqual(session.frontend(new Uint8Array(0), 1).forward, []);
    answer(session, bound, complete('SET'));
    assert.deepEqual(forwarded(session.frontend(new Uint8Array(0), 1).forward), ['query select 2']);
    assert.deepEqual(guard.judgedTexts, ['set ask', 'select 2']);
  });

  it('is answered in front of what the session has refused behind it', () => {
    const { session } = guarded();
    send(session, parse('ask 1'), bind());
    const full = new Refusal('53100', 'the disk is full');
    const asked = session.frontend(frontend(execute(), sync), 1, full);
    assert.equal(asked.ask?.asks.length, 1);
    assert.deepEqual(delivered(answer(session, parsed).deliver), ['parseComplete']);
    assert.deepEqual(forwarded(session.release(undefined).forward), ['bind', 'sync']);
    const back = answer(session, bound, ready());
    assert.deepEqual(delivered(back.deliver), ['bindComplete', 'error 53100', 'ready I']);
    assert.equal(session.pending, 0);
  });

  it('fails with its pipeline up to the Sync', () => {
    const { session } = guarded();
    send(session, parse('ask 1'), bind(), execute(), parse('select 2'), bind(), execute(), sync);
    assert.deepEqual(forwarded(session.release(new Refusal('42501', 'no')).forward), [`parse ${poison}`, 'sync']);
    const back = answer(session, parsed, syntaxError, ready());
    assert.deepEqual(delivered(back.deliver), ['parseComplete', 'error 42501', 'ready I']);
    assert.deepEqual(summary(back), ['outcome of 1: refused', 'outcome of 2: skipped I']);
    assert.equal(session.pending, 0);
  });

  it('is not run any more when something in front of it in the pipeline has failed meanwhile', () => {
    const { session } = guarded();
    send(session, parse('select bad'), bind(), execute(), parse('ask 1'), bind(), execute(), sync);
    const failed = answer(session, syntaxError);
    assert.deepEqual(delivered(failed.deliver), ['error 42601']);
    assert.deepEqual(summary(failed), ['outcome of 1: failed', 'outcome of 2: skipped']);
    assert.equal(session.waitsInVain, true);
    session.release(new Refusal('57014', 'no'));
    assert.deepEqual(delivered(answer(session, ready()).deliver), ['ready I']);
    assert.equal(session.pending, 0);
  });

  it('is not asked about when the client ends the session in the middle of its pipeline', () => {
    const { session } = guarded();
    const turn = send(session, parse('ask 1'), bind(), execute(), { type: 'terminate' });
    assert.equal(turn.ask, undefined);
    assert.deepEqual(summary(turn), ['1 execute "ask 1"', 'decision', 'outcome of 1: client gone']);
    assert.deepEqual(forwarded(turn.forward).at(-1), 'terminate');
    assert.ok(!forwarded(turn.forward).includes('execute'));
  });

  it('is refused when settings have changed between its Bind and its Execute', () => {
    const { session, guard } = guarded();
    send(session, parse('ask 1'), bind('', 'c'), { type: 'flush' });
    assert.deepEqual(forwarded(session.release(undefined).forward), ['bind', 'flush']);
    answer(session, parsed, bound);
    guard.settings = 'changed';
    assert.deepEqual(forwarded(send(session, execute('c'), sync).forward), [`parse ${poison}`, 'sync']);
    assert.deepEqual(delivered(answer(session, syntaxError, ready()).deliver), ['error 42501', 'ready I']);
  });
});

describe('a portal', () => {
  it('is judged again when it is executed, if names have been given since', () => {
    const { session, guard } = guarded();
    send(session, parse('fine', 'p'), parse('execute p', 'e'), bind('e', 'q'), sync);
    answer(session, parsed, parsed, bound, ready('T'));
    assert.deepEqual(guard.judgedTexts.splice(0), ['execute p']);
    const close = { type: 'close', target: 'statement', name: text('p') } as const;
    send(session, close, parse('forbidden', 'p'), sync);
    answer(session, closed, parsed, ready('T'));
    assert.deepEqual(forwarded(send(session, execute('q'), sync).forward), [`parse ${poison}`, 'sync']);
    assert.deepEqual(delivered(answer(session, syntaxError, ready('E')).deliver), ['error 42501', 'ready E']);
  });

  it('is judged again when settings or the catalog are others, and goes on when it still may', () => {
    const guard = new ScriptedGuard();
    let catalog = {};
    const session = createSession({ guard, catalog: () => catalog });
    send(session, parse('fine', 'p'), bind('p', 'q'), sync);
    answer(session, parsed, bound, ready('T'));
    const again = (): string[] => {
      const { forward } = send(session, execute('q'), sync);
      assert.deepEqual(forwarded(forward), ['execute', 'sync']);
      answer(session, complete('SELECT 0'), ready('T'));
      return guard.judgedTexts.splice(0) as string[];
    };
    guard.judgedTexts.splice(0);
    assert.deepEqual(again(), []);
    catalog = {};
    assert.deepEqual(again(), ['fine']);
    guard.settings = 'changed';
    assert.deepEqual(again(), ['fine']);
  });

  it('is judged again when the time is another for rules', () => {
    const { session, guard } = guarded();
    send(session, parse('fine', 'p'), bind('p', 'q'), sync);
    answer(session, parsed, bound, ready('T'));
    guard.time += 1;
    send(session, execute('q'), sync);
    assert.deepEqual(guard.judgedTexts, ['fine', 'fine']);
  });

  it('is judged again by its text where its parameters are too large to be kept', () => {
    for (const bytes of [10_000, 2_000_000]) {
      const { session, guard } = guarded();
      const large = { ...bind('p', 'q'), parameters: [new Uint8Array(bytes).fill(0x61)] } as FrontendMessage;
      send(session, parse('fine', 'p'), large, sync);
      answer(session, parsed, bound, ready('T'));
      guard.time += 1;
      assert.deepEqual(forwarded(send(session, execute('q'), sync).forward), ['execute', 'sync']);
      assert.deepEqual(guard.judgedTexts, ['fine', 'fine']);
    }
  });

  it('is not judged again right behind its Bind', () => {
    const guard = new ScriptedGuard();
    const session = createSession({ guard, catalog: () => ({}) });
    send(session, parse('fine'), bind(), execute(), sync);
    assert.deepEqual(guard.judgedTexts, ['fine']);
  });

  it('of what SQL has named is refused then, because that cannot be said again', () => {
    const { session } = guarded();
    send(session, query('prepare p'));
    answer(session, complete('PREPARE'), ready('T'));
    send(session, bind('p', 'q'), sync);
    answer(session, bound, ready('T'));
    send(session, parse('fine', 'other'), sync);
    answer(session, parsed, ready('T'));
    assert.deepEqual(forwarded(send(session, execute('q'), sync).forward), [`parse ${poison}`, 'sync']);
  });

  it('that was approved is refused also behind what waits for approval itself', () => {
    const { session, guard } = guarded();
    send(session, parse('ask 1'), bind('', 'c'), sync);
    session.release(undefined);
    answer(session, parsed, bound, ready('T'));
    guard.settings = 'changed';
    send(session, parse('ask 2'), bind(), execute(), execute('c'), sync);
    const { forward } = session.release(undefined);
    assert.deepEqual(forwarded(forward), ['bind', 'execute', `parse ${poison}`, 'sync']);
  });
});

describe('what a guard must know before it judges', () => {
  it('is waited for: the catalog', () => {
    const { session, guard } = guarded();
    guard.catalogIsStale = true;
    const turn = send(session, query('select 1'));
    assert.deepEqual([turn.forward, turn.entries], [[], []]);
    assert.equal(session.waitsFor, 'catalog');
    session.catalogRead();
    assert.deepEqual(forwarded(session.frontend(new Uint8Array(0), 1).forward), ['query select 1']);
  });

  it('is waited for by a Parse as well: what its text means is what Postgres will have read', () => {
    const { session, guard } = guarded();
    guard.isStale = true;
    assert.deepEqual(send(session, parse('select 1', 's'), sync).forward, []);
    assert.equal(session.waitsFor, 'catalog');
    guard.isStale = false;
    session.catalogRead();
    assert.deepEqual(forwarded(session.frontend(new Uint8Array(0), 1).forward), ['parse select 1', 'sync']);
  });

  it('is waited for: what statements in front of it change', () => {
    const { session } = guarded();
    const turn = send(session, query('set search_path = x'), query('select 1'));
    assert.deepEqual(forwarded(turn.forward), ['query set search_path = x']);
    assert.equal(session.held, true);
    answer(session, complete('SET'), ready());
    assert.deepEqual(forwarded(session.frontend(new Uint8Array(0), 1).forward), ['query select 1']);
  });

  it('is what a name was given, which is said again when code in the server could have changed it', () => {
    const { session, guard } = guarded();
    send(session, parse('select 1', 's'), sync);
    answer(session, parsed, ready());
    guard.forgetsNames = true;
    send(session, query('do'));
    answer(session, complete('DO'), ready());
    const turn = send(session, bind('s'), execute(), sync);
    assert.deepEqual(forwarded(turn.forward), ['close', 'parse select 1', 'bind', 'execute', 'sync']);
    const back = answer(session, closed, parsed, bound, row('1'), complete('SELECT 1'), ready());
    assert.deepEqual(delivered(back.deliver), ['bindComplete', 'row 1', 'commandComplete', 'ready I']);
    assert.deepEqual(forwarded(send(session, bind('s'), execute(), sync).forward), ['bind', 'execute', 'sync']);
  });

  it('waits where it is not certain that a name was given its text again', () => {
    const { session, guard } = guarded();
    send(session, parse('select 1', 's'), sync);
    answer(session, parsed, ready());
    guard.forgetsNames = true;
    send(session, query('do'));
    answer(session, complete('DO'), ready());
    send(session, parse('fails'), bind('s'), sync, bind('s'), execute(), sync);
    assert.equal(session.held, true);
    answer(session, syntaxError, ready());
    const turn = session.frontend(new Uint8Array(0), 1);
    assert.deepEqual(forwarded(turn.forward), ['close', 'parse select 1', 'bind', 'execute', 'sync']);
  });

  it('is refused where the name was prepared by SQL and code in the server could have changed it', () => {
    const { session, guard } = guarded();
    send(session, query('prepare s as select 1'));
    answer(session, complete('PREPARE'), ready());
    guard.forgetsNames = true;
    send(session, query('do'));
    answer(session, complete('DO'), ready());
    assert.deepEqual(forwarded(send(session, bind('s'), execute(), sync).forward)[0], `parse ${poison}`);
  });

  it('is that of the server when the text of a Parse is wrong, although the Bind behind it was refused', () => {
    const { session } = guarded();
    send(session, parse('forbidden'), bind(), execute(), sync);
    const back = answer(session, syntaxError, ready());
    assert.deepEqual(delivered(back.deliver), ['error 42601', 'ready I']);
  });

  it('is an unknown name in the words of the server', () => {
    const { session } = guarded();
    send(session, bind('none'), execute(), sync);
    assert.deepEqual(delivered(answer(session, syntaxError, ready()).deliver), ['error 26000', 'ready I']);
    send(session, execute('none'), sync);
    assert.deepEqual(delivered(answer(session, syntaxError, ready()).deliver), ['error 34000', 'ready I']);
  });

  it('is parsed alone and in its place when it is the one of several that cannot be read', () => {
    const { session } = guarded();
    const [first] = forwarded(send(session, query('select 1; unreadable; select 3')).forward);
    assert.equal(first, 'parse           unreadable');
    const back = answer(session, syntaxError, ready());
    assert.deepEqual(delivered(back.deliver), ['error 42601', 'ready I']);
    assert.deepEqual(summary(back), ['outcome of 2: failed', 'outcome of 1: skipped', 'outcome of 3: skipped I']);
  });

  it('fails at the end of its message when that comes in pieces', () => {
    const { session } = guarded();
    const large = { ...bind('none'), parameters: [new Uint8Array(2 << 20)] } as FrontendMessage;
    const bytes = frontend(large, sync);
    const first = session.frontend(bytes.subarray(0, 1 << 20), 1);
    assert.deepEqual(forwarded(first.forward), []);
    const last = session.frontend(bytes.subarray(1 << 20), 2);
    assert.deepEqual(forwarded(last.forward), [`parse ${poison}`, 'sync']);
    assert.deepEqual(delivered(answer(session, syntaxError, ready()).deliver), ['error 26000', 'ready I']);
  });

  it('waits for the catalog also when it comes in pieces, or is a function call', () => {
    const { session, guard } = guarded();
    send(session, parse('select 1', 's'), sync);
    answer(session, parsed, ready());
    guard.catalogIsStale = true;
    const large = { ...bind('s'), parameters: [new Uint8Array(2 << 20)] } as FrontendMessage;
    const bytes = frontend(large, sync);
    assert.deepEqual(session.frontend(bytes.subarray(0, 1 << 20), 1).forward, []);
    assert.equal(session.waitsFor, 'catalog');
    session.catalogRead();
    const turns = [session.frontend(new Uint8Array(0), 2), session.frontend(bytes.subarray(1 << 20), 3)];
    assert.deepEqual(Buffer.concat(turns.flatMap(({ forward }) => forward)), Buffer.from(bytes));
    answer(session, bound, ready());
    guard.catalogIsStale = true;
    const call: FrontendMessage = {
      type: 'functionCall',
      functionOid: 2,
      argumentFormats: [],
      arguments: [],
      resultFormat: 0,
    };
    assert.deepEqual(send(session, call).forward, []);
    session.catalogRead();
    assert.deepEqual(forwarded(session.frontend(new Uint8Array(0), 4).forward), ['functionCall']);
  });

  it('is not tried behind messages without a Sync, which a trial would end', () => {
    const { session } = guarded();
    send(session, parse('select'), { type: 'flush' });
    answer(session, parsed);
    assert.deepEqual(forwarded(send(session, query('unreadable'), sync).forward), [`query ${poison}`, 'sync']);
    assert.deepEqual(delivered(answer(session, syntaxError, ready(), ready()).deliver), [
      ...['error 42501', 'ready I', 'ready I'],
    ]);
    assert.equal(forwarded(send(session, query('unreadable')).forward).length, 3);
  });

  it('does not run when the text does not end where the message does', () => {
    const { session } = guarded();
    const broken = new Uint8Array([...frontend(query('select 1')), 0]);
    broken[4] = (broken[4] ?? 0) + 1;
    assert.deepEqual(forwarded(session.frontend(broken, 1).forward), [`query ${poison}`]);
    assert.deepEqual(delivered(answer(session, syntaxError, ready()).deliver), ['error 08P01', 'ready I']);
  });
});

describe('what comes back to a session with a guard', () => {
  it('is masked, and recorded as the client saw it', () => {
    const { session, guard } = guarded();
    guard.masks = true;
    send(session, query('hide'));
    const back = answer(session, columns, row('secret'), row('other'), complete('SELECT 2'), ready());
    assert.deepEqual(delivered(back.deliver), [
      ...['rowDescription', 'row SECRET', 'row OTHER', 'commandComplete', 'ready I'],
    ]);
    assert.deepEqual(summary(back), ['masked', 'outcome of 1: completed SELECT 2 2 rows I']);
    const outcome = back.entries[1];
    assert.ok(outcome?.type === 'outcome' && readable(outcome.rows)?.includes('SECRET'));
  });

  it('is masked where the chunks cut it anywhere', () => {
    const bytes = backend(columns, row('secret'), row('other'), complete('SELECT 2'), ready());
    for (let at = 1; at < bytes.length; at += 1) {
      const { session, guard } = guarded();
      guard.masks = true;
      send(session, query('hide'));
      const out = [
        ...session.backend(bytes.subarray(0, at), 1).deliver,
        ...session.backend(bytes.subarray(at), 2).deliver,
      ];
      assert.deepEqual(delivered(out).slice(1, 3), ['row SECRET', 'row OTHER'], `cut at ${at}`);
    }
  });

  it('is described before it is executed, which the client does not see', () => {
    const { session, guard } = guarded();
    guard.masks = true;
    const turn = send(session, parse('hide'), bind(), execute(), sync);
    assert.deepEqual(forwarded(turn.forward), ['parse hide', 'bind', 'describe', 'execute', 'sync']);
    const back = answer(session, parsed, bound, columns, row('secret'), complete('SELECT 1'), ready());
    assert.deepEqual(delivered(back.deliver), [
      ...['parseComplete', 'bindComplete', 'row SECRET', 'commandComplete', 'ready I'],
    ]);
    assert.ok(guard.told.includes('mask rows, columns known'));
  });

  it('is described once when the client does it itself', () => {
    const { session, guard } = guarded();
    guard.masks = true;
    const describePortal: FrontendMessage = { type: 'describe', target: 'portal', name: text('') };
    const turn = send(session, parse('hide'), bind(), describePortal, execute(), sync);
    assert.deepEqual(forwarded(turn.forward), ['parse hide', 'bind', 'describe', 'execute', 'sync']);
    const back = answer(session, parsed, bound, columns, row('secret'), complete('SELECT 1'), ready());
    assert.ok(delivered(back.deliver).includes('rowDescription'));
  });

  it('has its errors withheld, on record as well', () => {
    const { session, guard } = guarded();
    guard.masks = true;
    send(session, query('hide'));
    const back = answer(session, syntaxError, ready());
    assert.deepEqual(delivered(back.deliver), ['error 22P02', 'ready I']);
    assert.deepEqual(summary(back), ['masked', 'outcome of 1: failed I']);
  });

  it('has an error withheld that comes at the end of a transaction in which something was masked', () => {
    const { session, guard } = guarded();
    guard.masks = true;
    send(session, parse('hide'), bind(), execute(), parse('select'), bind(), execute(), sync);
    const completed = [parsed, bound, columns, complete('UPDATE 1')];
    const back = answer(session, ...completed, ...completed, syntaxError, ready());
    assert.deepEqual(delivered(back.deliver).slice(-2), ['error 22P02', 'ready I']);
    send(session, query('select'), query('select'));
    const next = answer(session, complete('SELECT 0'), syntaxError, ready());
    assert.deepEqual(delivered(next.deliver).slice(-2), ['error 42601', 'ready I']);
  });

  it('ends at the row limit, with what is under way cancelled', () => {
    const { session, guard } = guarded();
    guard.rowLimit = 2;
    send(session, query('select'));
    const back = answer(session, columns, row('1'), row('2'), row('3'));
    assert.equal(back.cancel, true);
    assert.deepEqual(delivered(back.deliver), ['rowDescription', 'row 1', 'row 2']);
    const end = answer(session, syntaxError, ready());
    assert.deepEqual(delivered(end.deliver), ['error 54000', 'ready I']);
    assert.deepEqual(summary(end), ['outcome of 1: cancelled 2 rows I']);
  });

  it('ends at the row limit with an error also when the server was faster', () => {
    const { session, guard } = guarded();
    guard.rowLimit = 1;
    send(session, parse('select'), bind(), execute(), parse('select'), bind(), execute(), sync);
    const back = answer(
      session,
      ...[parsed, bound, row('1'), row('2'), complete('SELECT 2'), parsed, bound, row('1')],
      ...[complete('SELECT 1'), ready()],
    );
    assert.deepEqual(delivered(back.deliver), ['parseComplete', 'bindComplete', 'row 1', 'error 54000', 'ready I']);
  });
});
