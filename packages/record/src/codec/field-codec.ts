import type { ByteSink } from './byte-sink.ts';
import type { ByteSource } from './byte-source.ts';
import { CodecError } from './codec-error.ts';

/**
 * How a value stands in the bytes, so that it can be stepped over without knowing what it is: 0 a number, 1 a length
 * and so many bytes, 2 four bytes of length and then something nested. 3 is reserved for sealed content
 * (docs/journal-format.md, "What is to come").
 */
export const wire = { number: 0, bytes: 1, nested: 2 } as const;

/** Writes and reads one kind of value. Functions as properties, so that a codec for too few values does not compile. */
export interface Codec<Value> {
  readonly wire: (typeof wire)[keyof typeof wire];
  readonly write: (sink: ByteSink, value: Value) => void;
  readonly read: (source: ByteSource) => Value;
}

export const uint: Codec<number> = {
  wire: wire.number,
  write: (sink, value) => sink.uint(value),
  read: (source) => source.uint(),
};

/** An object identifier or another number of 32 bits; a negative one is taken for the unsigned one of the same bits. */
export const uint32: Codec<number> = {
  wire: wire.number,
  write: (sink, value) => sink.uint(value >>> 0),
  read: (source) => {
    const start = source.at;
    const value = source.uint();
    if (value > 0xffff_ffff) throw new CodecError('number above 2^32-1', start);
    return value;
  },
};

/** A signed number of 32 bits: 0, -1, 1, -2 … become 0, 1, 2, 3 … */
export const int32: Codec<number> = {
  wire: wire.number,
  write: (sink, value) => sink.uint(((value << 1) ^ (value >> 31)) >>> 0),
  read: (source) => {
    const folded = uint32.read(source);
    return (folded >>> 1) ^ -(folded & 1);
  },
};

export const flag: Codec<boolean> = {
  wire: wire.number,
  write: (sink, value) => sink.uint(value ? 1 : 0),
  read: (source) => {
    const start = source.at;
    const value = source.uint();
    if (value > 1) throw new CodecError(`flag is ${value}`, start);
    return value === 1;
  },
};

/** A flag that is there or not; its number is always 1. */
export const set: Codec<true> = {
  wire: wire.number,
  write: (sink) => sink.uint(1),
  read: (source) => {
    const start = source.at;
    if (source.uint() !== 1) throw new CodecError('flag is not 1', start);
    return true;
  },
};

export const text: Codec<string> = {
  wire: wire.bytes,
  write: (sink, value) => sink.text(value),
  read: (source) => source.text(),
};

export const bytes: Codec<Uint8Array> = {
  wire: wire.bytes,
  write: (sink, value) => sink.sized(value),
  read: (source) => source.sized(),
};

/** One of a closed set of words, as its number. */
export function oneOf<Word extends string>(numbers: { readonly [Name in Word]: number }): Codec<Word> {
  const words: Word[] = [];
  for (const word in numbers) words[numbers[word]] = word;
  return {
    wire: wire.number,
    write: (sink, value) => sink.uint(numbers[value]),
    read: (source) => {
      const start = source.at;
      const number = source.uint();
      const word = words[number];
      if (word === undefined) throw new CodecError(`no word has the number ${number}`, start);
      return word;
    },
  };
}

/** Items one after the other, without a count. */
export function list<Item>(item: Codec<Item>): Codec<readonly Item[]> {
  return {
    wire: wire.nested,
    write: (sink, value) => {
      const start = beginNested(sink);
      for (const each of value) item.write(sink, each);
      endNested(sink, start);
    },
    read: (source) =>
      readNested(source, () => {
        const items: Item[] = [];
        while (source.at < source.end) items.push(item.read(source));
        return items;
      }),
  };
}

/** Names and values one after the other, in ascending order of the names' code points. */
export const texts: Codec<{ readonly [name: string]: string }> = {
  wire: wire.nested,
  write: (sink, value) => {
    const start = beginNested(sink);
    for (const name of Object.keys(value).sort(byCodePoint)) {
      sink.text(name);
      sink.text(value[name] as string);
    }
    endNested(sink, start);
  },
  read: (source) =>
    readNested(source, () => {
      const pairs: [string, string][] = [];
      let last: string | undefined;
      while (source.at < source.end) {
        const start = source.at;
        const name = source.text();
        if (last !== undefined && byCodePoint(last, name) >= 0) throw new CodecError('names out of order', start);
        pairs.push([name, source.text()]);
        last = name;
      }
      // Defines properties rather than assigning them: a name may be `__proto__`.
      return Object.fromEntries(pairs);
    }),
};

/** Writes a length to be filled in, and returns where the nested bytes start. */
export function beginNested(sink: ByteSink): number {
  sink.uint32(0);
  return sink.at;
}

export function endNested(sink: ByteSink, start: number): void {
  sink.setUint32(start - 4, sink.at - start);
}

/** Reads something nested and expects it to take up its whole length. */
export function readNested<Value>(source: ByteSource, read: () => Value): Value {
  const length = source.uint32();
  const outer = source.end;
  if (length > outer - source.at)
    throw new CodecError(`${length} bytes expected, ${outer - source.at} left`, source.at);
  source.end = source.at + length;
  const value = read();
  source.end = outer;
  return value;
}

function byCodePoint(a: string, b: string): number {
  const left = a[Symbol.iterator]();
  const right = b[Symbol.iterator]();
  for (;;) {
    const x = left.next();
    const y = right.next();
    if (x.done || y.done) return (x.done ? 0 : 1) - (y.done ? 0 : 1);
    const difference = (x.value.codePointAt(0) as number) - (y.value.codePointAt(0) as number);
    if (difference !== 0) return difference;
  }
}
