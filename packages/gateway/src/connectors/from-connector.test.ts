import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FromConnector } from '@onrecord/connector/link';
import { ProtocolError } from '@onrecord/wire';
import { decodeFromConnector } from './from-connector.ts';
import { openedMessage } from './test-connector.fixture.ts';

const seen = {
  type: 'session seen',
  connection: 'billing',
  pid: 1,
  startedAt: 2,
  seenAt: 3,
  user: 'u',
  database: 'd',
  address: '10.0.0.1',
  application: 'a',
  kind: 'client backend',
} as const;
const messages: readonly FromConnector[] = [
  { type: 'watch', seq: 1, event: seen },
  { type: 'watch', seq: 1, event: { type: 'watch stopped', connection: 'billing', reason: 'r', at: 1 } },
  { type: 'cancel elsewhere', pid: 1, key: 'AAAA', client: '10.0.0.1:1' },
  { type: 'hello', link: 1, version: '1', instance: 'i', host: 'h', connections: [{ name: 'b', watched: true }] },
  openedMessage(7),
];

const decode = (value: object): unknown => decodeFromConnector(value as { readonly type: string });

/** The message with another value in each of its places, one at a time. */
function* changed(value: unknown, other: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return yield other;
  for (const [name, field] of Object.entries(value)) {
    if (name === 'type') continue;
    for (const changedField of changed(field, other)) yield { ...value, [name]: changedField };
  }
}

test('what a field cannot hold, and what an entry could not, is refused', () => {
  for (const message of messages) {
    assert.deepEqual(decode(message), message);
    for (const absurd of [-1, 0.5, 1e300, 2 ** 53, null, true, {}, undefined]) {
      for (const wrong of changed(message, absurd)) {
        // The one flag there is.
        if (absurd === true && JSON.stringify(wrong) === JSON.stringify(message)) continue;
        const pidOfAnybody = absurd === -1 && message.type === 'cancel elsewhere';
        if (!pidOfAnybody) assert.throws(() => decode(wrong as object), ProtocolError, JSON.stringify(wrong));
      }
    }
  }
});

test('what a connector says at once is bounded', () => {
  const [long, key] = ['x'.repeat(1_025), 'A'.repeat(348)];
  const many = <Item>(item: Item, count: number): Item[] => Array.from({ length: count }, () => item);
  const opened = openedMessage(7);
  for (const tooMuch of [
    { type: 'watch', seq: 1, event: { ...seen, application: long } },
    { type: 'watch', seq: 1, event: { ...seen, connection: 'x'.repeat(64) } },
    { type: 'cancel elsewhere', pid: 1, key, client: 'c' },
    { ...messages[3], connections: many({ name: 'b', watched: true }, 1_001) },
    { ...opened, notices: many('AAAA', 10_001) },
    { ...opened, role: long },
  ]) {
    assert.throws(() => decode(tooMuch), ProtocolError, tooMuch.type);
  }
});

test('a reason cannot write a log line of its own, and is cut', () => {
  const reason = `gone\n2026-01-01 all is well${'!'.repeat(2_000)}`;
  const event = { type: 'watch stopped', connection: 'billing', reason, at: 1 };
  const { event: heard } = decode({ type: 'watch', seq: 1, event }) as { readonly event: { readonly reason: string } };
  assert.match(heard.reason, /^gone\?2026-01-01 all is well!+$/);
  assert.equal(heard.reason.length, 1_024);
});
