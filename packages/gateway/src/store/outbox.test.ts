import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Body } from '@onrecord/record';
import { drainOutbox, forgetAppended, insertOutbox, type OutboxBody, type OutboxJournal } from './outbox.ts';
import { State } from './state.ts';

const root = mkdtempSync(join(tmpdir(), 'onrecord-outbox-'));
const opened: State[] = [];
after(() => {
  for (const state of opened) state.close();
  rmSync(root, { recursive: true });
});

function freshState(): State {
  const state = new State(mkdtempSync(join(root, 'data-')));
  opened.push(state);
  return state;
}

function revoked(token: string): OutboxBody {
  return { type: 'token_revoked', token, forIdentity: 'agent', by: 'ann', revokedAt: 1_700_000_000_000_000 };
}

function insert(state: State, ...tokens: readonly string[]): void {
  state.transaction(() => {
    for (const token of tokens) insertOutbox(state, revoked(token));
  });
}

function waiting(state: State): number {
  return Number(state.database.prepare('SELECT count(*) AS n FROM outbox').get()?.['n']);
}

/** A journal in memory; `fail` makes the next appends reject, after or before they took effect. */
class MemoryJournal implements OutboxJournal {
  readonly entries: { readonly body: Body }[] = [];
  fail: 'before' | 'after' | undefined;
  blocked: Promise<void> = Promise.resolve();

  lastIndex(): number {
    return this.entries.length - 1;
  }

  async append(bodies: readonly OutboxBody[]): Promise<void> {
    await this.blocked;
    if (this.fail === 'before') throw new Error('disk full');
    this.entries.push(...bodies.map((body) => ({ body })));
    if (this.fail === 'after') throw new Error('died');
  }

  get tokens(): readonly string[] {
    return this.entries.map(({ body }) => (body as { readonly token: string }).token);
  }

  readonly from = (index: number): readonly { readonly body: Body }[] => this.entries.slice(index);
}

test('entries reach the journal in their order, however many, and leave the outbox', async () => {
  const state = freshState();
  const journal = new MemoryJournal();
  const tokens = Array.from({ length: 250 }, (_, n) => `t${n}`);
  insert(state, ...tokens);
  await drainOutbox(state, journal);
  assert.deepEqual(journal.tokens, tokens);
  assert.deepEqual(journal.entries[0]?.body, revoked('t0'));
  assert.equal(waiting(state), 0);
  await drainOutbox(state, journal);
  assert.equal(journal.entries.length, 250);
});

test('an entry is only there when the transaction around it is', async () => {
  const state = freshState();
  const journal = new MemoryJournal();
  assert.throws(() =>
    state.transaction(() => {
      insertOutbox(state, revoked('never'));
      throw new Error('rolled back');
    }),
  );
  await drainOutbox(state, journal);
  assert.deepEqual(journal.tokens, []);
});

test('calls that overlap append once, and each waits for what was inserted before it', async () => {
  const state = freshState();
  const journal = new MemoryJournal();
  const { promise, resolve } = Promise.withResolvers<void>();
  journal.blocked = promise;
  insert(state, 'a');
  const first = drainOutbox(state, journal);
  insert(state, 'b');
  const second = drainOutbox(state, journal).then(() => assert.deepEqual(journal.tokens, ['a', 'b']));
  resolve();
  await Promise.all([first, second]);
  assert.deepEqual(journal.tokens, ['a', 'b']);
});

test('what is inserted between two calls of one turn is waited for', async () => {
  const state = freshState();
  const journal = new MemoryJournal();
  void drainOutbox(state, journal);
  insert(state, 'a');
  await drainOutbox(state, journal);
  assert.deepEqual(journal.tokens, ['a']);
});

test('an entry that could not be appended stays, and the next call takes it', async () => {
  const state = freshState();
  const journal = new MemoryJournal();
  insert(state, 'a', 'b');
  journal.fail = 'before';
  await assert.rejects(drainOutbox(state, journal), /disk full/);
  assert.equal(waiting(state), 2);
  journal.fail = undefined;
  await drainOutbox(state, journal);
  assert.deepEqual(journal.tokens, ['a', 'b']);
});

test('a death between append and deletion does not make a second entry', async () => {
  const state = freshState();
  const journal = new MemoryJournal();
  insert(state, 'earlier');
  await drainOutbox(state, journal);
  insert(state, 'a', 'b');
  journal.fail = 'after';
  await assert.rejects(drainOutbox(state, journal), /died/);
  journal.fail = undefined;
  insert(state, 'c');

  let asked = -1;
  forgetAppended(state, (index) => {
    asked = index;
    return journal.from(index);
  });
  await drainOutbox(state, journal);
  assert.equal(asked, 0);
  assert.deepEqual(journal.tokens, ['earlier', 'a', 'b', 'c']);
});

test('a death before the append loses nothing', async () => {
  const state = freshState();
  const journal = new MemoryJournal();
  insert(state, 'a');
  journal.fail = 'before';
  await assert.rejects(drainOutbox(state, journal));
  journal.fail = undefined;
  forgetAppended(state, journal.from);
  await drainOutbox(state, journal);
  assert.deepEqual(journal.tokens, ['a']);
});

test('a death in the middle of a batch makes each entry once', async () => {
  const state = freshState();
  const journal = new MemoryJournal();
  insert(state, 'a', 'b');
  journal.fail = 'after';
  await assert.rejects(drainOutbox(state, journal));
  journal.fail = undefined;
  // The second entry of the batch was torn off by recovery.
  journal.entries.pop();
  forgetAppended(state, journal.from);
  await drainOutbox(state, journal);
  assert.deepEqual(journal.tokens, ['a', 'b']);
});

test('after an orderly stop the journal is not read', () => {
  const state = freshState();
  insert(state, 'a');
  forgetAppended(state, () => assert.fail('read the journal'));
});

test('an entry of a kind that this version does not know is an error that names its row', async () => {
  const state = freshState();
  state.database.prepare('INSERT INTO outbox (body) VALUES (?)').run('{"type":"later"}');
  await assert.rejects(drainOutbox(state, new MemoryJournal()), /row 1 of the outbox/);
  assert.equal(waiting(state), 1);
});
