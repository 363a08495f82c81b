/** A value of a script: text and hex both become bytes, so that any encoding can be written. */
export type ScriptValue = Uint8Array | number | null | readonly ScriptValue[];

export interface Argument {
  /** `results` in `results=[1]`; undefined for a plain argument. */
  readonly name: string | undefined;
  /** A bare word (`statement`, `portal`, `a`) or a value. */
  readonly word: string | undefined;
  readonly value: ScriptValue;
}

const utf8 = new TextEncoder();

/**
 * Reads the arguments of one line of a script:
 * `"text\n"`, `x"00ff"`, `12`, `null`, `[…, …]`, bare words, `name=value`, `a + b` (joined), `a * 3` (repeated) and
 * `count("$#", 1, 3, ", ")`, which is `"$1, $2, $3"`.
 */
export function parseArguments(text: string): readonly Argument[] {
  return new Arguments(text).all();
}

class Arguments {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(): readonly Argument[] {
    const found: Argument[] = [];
    for (this.#space(); this.#at < this.#text.length; this.#space()) found.push(this.#argument());
    return found;
  }

  #argument(): Argument {
    const name = this.#match(/([a-z_][\w.-]*)=/iy)?.[1];
    const word = this.#match(/(?!x"|null\b|count\()[a-z_][\w.-]*/iy)?.[0];
    if (word !== undefined) return { name, word, value: utf8.encode(word) };
    return { name, word: undefined, value: this.#sum() };
  }

  #sum(): ScriptValue {
    let value = this.#product();
    while (this.#match(/\s*\+\s*/y)) value = joined(value, this.#product());
    return value;
  }

  #product(): ScriptValue {
    let value = this.#atom();
    for (let times = this.#match(/\s*\*\s*(\d+)/y); times; times = this.#match(/\s*\*\s*(\d+)/y)) {
      value = repeated(value, Number(times[1]));
    }
    return value;
  }

  #atom(): ScriptValue {
    const hex = this.#match(/x"([0-9a-f\s]*)"/iy)?.[1];
    if (hex !== undefined) return new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
    const string = this.#match(/"(?:[^"\\]|\\.)*"/y)?.[0];
    if (string !== undefined) return utf8.encode(JSON.parse(string));
    const number = this.#match(/-?\d+/y)?.[0];
    if (number !== undefined) return Number(number);
    if (this.#match(/null\b/y)) return null;
    if (this.#match(/count\(/y)) return this.#count();
    if (this.#match(/\[/y)) return this.#list(']');
    throw new Error(`cannot read a value at: ${this.#text.slice(this.#at, this.#at + 40)}`);
  }

  #list(end: string): readonly ScriptValue[] {
    const items: ScriptValue[] = [];
    for (;;) {
      this.#space();
      if (this.#text[this.#at] === end) {
        this.#at += 1;
        return items;
      }
      items.push(this.#sum());
      this.#match(/\s*,/y);
    }
  }

  #count(): ScriptValue {
    const [pattern, from, to, between] = this.#list(')');
    if (typeof from !== 'number' || typeof to !== 'number') throw new Error('count(pattern, from, to, between)');
    const each = textOf(pattern);
    const numbers = Array.from({ length: to - from + 1 }, (_, at) => each.replaceAll('#', String(from + at)));
    return utf8.encode(numbers.join(textOf(between)));
  }

  #space(): void {
    this.#match(/\s+/y);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }
}

function joined(a: ScriptValue, b: ScriptValue): ScriptValue {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.concat([a, b]);
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  throw new Error('only two texts or two lists can be joined');
}

function repeated(value: ScriptValue, times: number): ScriptValue {
  if (value instanceof Uint8Array) return Buffer.concat(Array.from({ length: times }, () => value));
  if (Array.isArray(value)) return Array.from({ length: times }, () => value).flat();
  throw new Error('only a text or a list can be repeated');
}

export function textOf(value: ScriptValue | undefined): string {
  if (!(value instanceof Uint8Array)) throw new Error('a text is needed here');
  return new TextDecoder().decode(value);
}
