import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { anyBody, bodyArbitraries } from '../../../record/src/codec/entry.fixture.ts';
import { goldenJournals } from './golden-journal.fixture.ts';
import { agent, appended, countingClock, gatewayItself, sessionOpened, temporaryJournal } from './journal.fixture.ts';
import { Journal } from './journal.ts';
import { JournalReader } from './reader.ts';

/**
 * A reader by a stranger: it knows what docs/journal-format.md says, takes the types and fields from the tables there, and
 * shares no code with the journal.
 */

interface Field {
  readonly name: string;
  readonly optional: boolean;
  readonly value: string;
}
type Table = Map<number, Field>;

const document = readFileSync(new URL('../../../../docs/journal-format.md', import.meta.url), 'utf8');
const types = new Map<number, { readonly name: string; readonly fields: Table }>();
const records = new Map<string, Table>();
for (const [, type, typeName, record, rows] of document.matchAll(
  /^###+ (?:Type (\d+): `(\w+)`|Record `([\w ]+)`)\n\n\| *field.*\n\| *---.*\n((?:\|.*\n)*)/gm,
)) {
  const fields: Table = new Map();
  for (const [, number, name, optional, value] of (rows ?? '').matchAll(
    /^\| *(\d+) *\| *`(\w+)`( optional)? *\| *(.*?) *\|$/gm,
  )) {
    fields.set(Number(number), { name: name as string, optional: optional !== undefined, value: value as string });
  }
  if (record !== undefined) records.set(record, fields);
  else types.set(Number(type), { name: typeName as string, fields });
}

class Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  take(length: number): Buffer {
    assert.ok(this.at + length <= this.end, 'beyond the end');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  fixed(length: 4 | 8): number {
    const bytes = this.take(length);
    return length === 4 ? bytes.readUInt32LE() : Number(bytes.readBigUInt64LE());
  }

  number(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.take(1).readUInt8());
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return Number(value);
    }
  }

  text(): string {
    return this.take(this.number()).toString('utf8');
  }
}

function valueIn(cursor: Cursor, value: string): unknown {
  const word = value.startsWith('one of')
    ? new Map([...value.matchAll(/(\d+) `([^`]+)`/g)].map(([, number, name]) => [Number(number), name]))
    : undefined;
  if (word !== undefined) return word.get(cursor.number());
  if (value === 'uint' || value === 'uint32') return cursor.number();
  if (value === 'flag' || value === 'present') return cursor.number() === 1;
  if (value === 'text') return cursor.text();
  if (value === 'bytes') return cursor.take(cursor.number());
  if (value === 'int32') {
    const folded = cursor.number();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }
  const length = cursor.fixed(4);
  const nested = new Cursor(cursor.bytes, cursor.at, cursor.at + length);
  cursor.take(length);
  if (value === 'texts') {
    const texts: [string, string][] = [];
    while (nested.at < nested.end) texts.push([nested.text(), nested.text()]);
    return Object.fromEntries(texts);
  }
  const record = /^record `([\w ]+)`$/.exec(value)?.[1];
  if (record !== undefined) return fieldsOf(nested, records.get(record) as Table);
  const item = /^list of (.*)$/.exec(value)?.[1];
  assert.ok(item, `the document does not say what "${value}" is`);
  const items: unknown[] = [];
  while (nested.at < nested.end) items.push(valueIn(nested, item));
  return items;
}

const ways: readonly RegExp[] = [
  /^(uint|uint32|int32|flag|present|one of .*)$/,
  /^(text|bytes)$/,
  /^(list|texts|record)/,
];

function fieldsOf(cursor: Cursor, fields: Table): { [name: string]: unknown } {
  const found: { [name: string]: unknown } = {};
  let last = 0;
  while (cursor.at < cursor.end) {
    const key = cursor.number();
    const number = Math.floor(key / 4);
    const field = fields.get(number);
    assert.ok(field && number > last, `field ${number}`);
    assert.match(field.value, ways[key % 4] as RegExp);
    found[field.name] = valueIn(cursor, field.value);
    last = number;
  }
  for (const { name, optional } of fields.values()) assert.ok(optional || name in found, `${name} is missing`);
  return found;
}

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** All entries of a journal, as the document says to read them; everything that it says can be checked is. */
function readJournal(directory: string): { [name: string]: unknown }[] {
  const entries: { [name: string]: unknown }[] = [];
  let running: Buffer = Buffer.alloc(32);
  for (const file of readdirSync(directory)
    .filter((name) => /^\d{16}\.segment$/.test(name))
    .sort()) {
    const bytes = readFileSync(join(directory, file));
    const header = new Cursor(bytes);
    assert.equal(header.take(8).toString('latin1'), 'onrecord');
    const version = header.fixed(4);
    assert.ok(version >= 1 && version <= 3);
    assert.equal(header.fixed(4), 84);
    header.take(16);
    const mark = header.take(8);
    assert.equal(header.fixed(8), Number(file.slice(0, 16)));
    assert.equal(entries.length, Number(file.slice(0, 16)));
    assert.deepEqual(header.take(32), running);
    assert.equal(header.fixed(4), crc32(bytes.subarray(0, 80)));
    const cursor = new Cursor(bytes, 84);
    while (cursor.end - cursor.at > 68 && bytes.subarray(cursor.at, cursor.at + 8).equals(mark)) {
      const start = cursor.at;
      cursor.take(8);
      const end = start + cursor.fixed(4);
      assert.equal(cursor.fixed(4), crc32(bytes.subarray(start + 16, end)));
      assert.equal(cursor.fixed(8), entries.length);
      assert.ok(cursor.fixed(8) <= entries.length);
      const hashes: Buffer[] = [];
      for (let left = cursor.fixed(4); left > 0; left -= 1) {
        const frame = cursor.at;
        const length = cursor.fixed(4);
        assert.equal(cursor.fixed(4), frame - start);
        const entry = cursor.take(length);
        const hash = sha256(entry);
        hashes.push(hash);
        entries.push({ index: entries.length, hash, ...entryOf(new Cursor(entry)) });
      }
      running = sha256(running, ...hashes);
      assert.deepEqual(cursor.take(32), running);
      assert.equal(cursor.at, end);
    }
    assert.ok(bytes.subarray(cursor.at).every((byte) => byte === 0));
  }
  return entries;
}

function entryOf(cursor: Cursor): { [name: string]: unknown } {
  const type = types.get(cursor.number());
  assert.ok(type);
  return {
    at: cursor.number(),
    us: cursor.number(),
    session: cursor.text(),
    sessionSeq: cursor.number(),
    identity: cursor.text(),
    identitySeq: cursor.number(),
    previousInSession: cursor.take(32),
    previousOfIdentity: cursor.take(32),
    body: { type: type.name, ...fieldsOf(cursor, type.fields) },
  };
}

describe('docs/journal-format.md', () => {
  it('names every type of body, and no other', () => {
    assert.deepEqual([...types.values()].map(({ name }) => name).sort(), Object.keys(bodyArbitraries).sort());
  });

  it('is enough to read any journal', async (test) => {
    const directory = temporaryJournal(test as never);
    const journal = await Journal.open({ directory, segmentBytes: 16 * 1024, clock: countingClock() });
    await appended(journal, agent, [sessionOpened]);
    const bodies = [
      ...Object.values(bodyArbitraries).flatMap((arbitrary) => fc.sample(arbitrary, { numRuns: 6, seed: 1 })),
      ...fc.sample(anyBody, { numRuns: 60, seed: 2 }),
    ].filter(({ type }) => type !== 'heads' && type !== 'session_closed');
    for (const [at, body] of bodies.entries())
      await appended(journal, at % 3 === 0 ? gatewayItself : agent, [body], 'written');
    for (const body of fc.sample(bodyArbitraries.session_closed, { numRuns: 1, seed: 3 }))
      await appended(journal, agent, [body]);
    await journal.close();
    const reader = new JournalReader(directory);
    const expected = [...reader.entries(0)].map(({ entry }) => entry);
    reader.close();
    assert.deepEqual(readJournal(directory).map(plain), expected.map(plain));
    assert.ok(expected.length > 150);
    assert.equal(new Set(expected.map(({ body }) => body.type)).size, Object.keys(bodyArbitraries).length);
  });

  for (const { version, directory, entries } of goldenJournals) {
    it(`is enough to read a journal of version ${version}, as the Onrecord that wrote it did`, () => {
      assert.deepEqual(readJournal(directory).map(plain), entries.map(plain));
    });
  }
});

/** Byte arrays as hex, properties in order. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .map(([key, content]): [string, unknown] => [key, plain(content)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
