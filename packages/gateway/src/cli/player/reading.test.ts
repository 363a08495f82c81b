import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatementView } from '../../store/views.ts';
import { sessionView, statementView } from '../present/views.fixture.ts';
import { Reading } from './reading.ts';

/** A clock on which each look takes 5 ms, so that a slice is three statements. */
function readingOf(statements: AsyncIterable<StatementView>) {
  let now = 0;
  let pauses = 0;
  const reading = new Reading(
    { session: sessionView(), statements, statement: async (n) => (n === 2 ? statementView({ n }) : undefined) },
    {
      nowMs: () => {
        now += 5;
        return now;
      },
      pause: async () => {
        pauses += 1;
      },
    },
  );
  return { reading, pauses: () => pauses };
}

async function* some(count: number, failure?: Error): AsyncGenerator<StatementView> {
  for (let n = 1; n <= count; n++) yield statementView({ n, sql: 'x'.repeat(100_000) });
  if (failure) throw failure;
}

test('reads in slices, telling after each and at the end', async () => {
  const { reading, pauses } = readingOf(some(10));
  const told: string[] = [];
  reading.onProgress(() => told.push(`${reading.outline.length} ${String(reading.progress)}`));
  await reading.read(new AbortController().signal);
  assert.deepEqual(told, ['3 reading', '6 reading', '9 reading', '10 whole']);
  assert.equal(pauses(), 3);
});

test('keeps the head of a long text only', async () => {
  const { reading } = readingOf(some(1));
  await reading.read(new AbortController().signal);
  assert.equal(reading.outline[0]?.sql.length, 4096);
});

test('a place is known once it has been read, or that there is none', async () => {
  const { reading } = readingOf(some(10));
  const places = Promise.all([reading.placeOf(7), reading.placeOf(11)]);
  await reading.read(new AbortController().signal);
  assert.deepEqual(await places, [6, undefined]);
});

test('what was read before an error stays', async () => {
  const { reading } = readingOf(some(2, new Error('segment 2 is damaged')));
  await reading.read(new AbortController().signal);
  assert.equal(reading.outline.length, 2);
  assert.ok(reading.progress instanceof Error);
});

test('stops reading when it is left', async () => {
  const left = new AbortController();
  const { reading } = readingOf(some(1000));
  reading.onProgress(() => left.abort());
  await reading.read(left.signal);
  assert.equal(reading.outline.length, 3);
});

test('loads a statement by its number, and says so when it is gone', async () => {
  const { reading } = readingOf(some(3));
  await reading.read(new AbortController().signal);
  assert.equal((await reading.load(1)).n, 2);
  await assert.rejects(reading.load(2), /statement 3 is no longer there/);
});
