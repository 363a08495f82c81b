/**
 * Values that stand in masked columns and nowhere else, and how to find them, or parts of them, in whatever a client
 * received. Each has letters or digits that no other text here has next to each other, so that six characters of it
 * in a row are proof; but for letters and digits in any case, as ids have them at random: of those it takes ten.
 */
export interface Customer {
  readonly id: number;
  readonly email: string;
  readonly phone: string;
  readonly card: string;
  readonly note: string;
  /** numeric(14, 2) */
  readonly credit: string;
}

export const customers: readonly Customer[] = [
  {
    id: 1,
    email: 'Vq7xKmtz.Wj4rHbp@Ygd9fcn.Tzq8',
    phone: 'Kx83 Qw29 Lm74 Zy61',
    card: 'Gx73-Tk19-Wm52-Hz86',
    note: 'Zwk vexq jumbly dwarfs 83',
    credit: '7390518264.57',
  },
  {
    id: 2,
    email: 'Pz2mQvxk.Hg6tWyj@Rkx4bwq.Vjh3',
    phone: 'Jq57 Xv14 Pz38 Hw92',
    card: 'Qk48-Zx27-Jm91-Wv35',
    note: 'Qyx fjord wimbz hopk 46',
    credit: '5172948306.93',
  },
  {
    id: 3,
    email: 'Xk9wZqjv.Tm3gPrh@Wyq7zkd.Hxv5',
    phone: 'Wz16 Hk85 Vx49 Jq73',
    card: 'Zm69-Hq84-Kx13-Jt57',
    // Long enough to be kept out of line, in the TOAST table.
    note: 'Kjz wolqx grumph vyd 29 '.repeat(200),
    credit: '8246093715.38',
  },
  // In a child of the table.
  {
    id: 4,
    email: 'Jw5kXhzq.Vp8yGtm@Qzv2hjk.Wkx6',
    phone: 'Hv92 Zk67 Qx35 Wj18',
    card: 'Wq57-Jz93-Vk64-Xm28',
    note: 'Vhq plinkz mowxt jarb 71',
    credit: '6028471593.64',
  },
];

const partLength = 6;

/** Part in lower case, and what it is a part of. */
const parts = new Map<string, string>();
/** Bytes of numbers in binary, of base64 without its ends. */
const wholes = new Map<string, string>();

for (const { id, email, phone, card, note, credit } of customers) {
  for (const [column, value] of Object.entries({ email, phone, card, note: note.slice(0, 50) })) {
    const what = `${column} of customer ${id}`;
    addParts(value, partLength, what);
    addBase64(value, what);
  }
  // Digits alone are likelier to meet others by chance.
  for (const value of [credit, String(Math.round(Number(credit)))]) {
    addParts(value, partLength + 2, `credit of customer ${id}`);
    addBase64(value, `credit of customer ${id}`);
  }
  addNumber(Number(credit), `credit of customer ${id}`);
}

function addParts(value: string, length: number, what: string): void {
  const plain = value.toLowerCase();
  const backwards = [...value].reverse().join('');
  for (let at = 0; at + length <= value.length; at += 1) {
    addPart(value, { at, length, what });
    addPart(backwards, { at, length, what: `${what}, backwards` });
    for (const [how, text] of [
      ['in hexadecimal', value],
      ['in lower case and hexadecimal', plain],
    ] as const)
      parts.set(Buffer.from(text.slice(at, at + length)).toString('hex'), `${what}, ${how}`);
  }
}

/** In any case where it is like nothing else; in its own, and longer in any, where an id of a session or an entry could be like it. */
function addPart(value: string, { at, length, what }: { at: number; length: number; what: string }): void {
  const part = value.slice(at, at + length);
  if (!/^[a-z0-9]*$/i.test(part) || /^[0-9]+$/.test(part)) {
    parts.set(part.toLowerCase(), what);
    return;
  }
  if (/[A-Z]/.test(part)) wholes.set(part, what);
  const longer = value.slice(at, at + length + 4);
  if (longer.length === length + 4) parts.set(longer.toLowerCase(), what);
}

/** Base64 of the value with anything before and after it: three ways, of which the first and last characters are not known. */
function addBase64(value: string, what: string): void {
  for (let before = 0; before < 3; before += 1) {
    const encoded = Buffer.from(`${'?'.repeat(before)}${value}`).toString('base64');
    for (let at = 4; at + 12 <= encoded.length - 4; at += 4)
      wholes.set(encoded.slice(at, at + 12), `${what}, in base64`);
  }
}

/** As int8, float8 and the digits of numeric to the base of 10,000. */
function addNumber(value: number, what: string): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(Math.round(value)));
  // Its first three bytes are zero.
  wholes.set(bytes.toString('latin1', 3), `${what}, as int8`);
  bytes.writeDoubleBE(value);
  wholes.set(bytes.toString('latin1'), `${what}, as float8`);
  const digits = value.toFixed(0).padStart(12, '0').match(/.{4}/g) ?? [];
  const words = Buffer.alloc(2 * digits.length);
  for (const [at, digit] of digits.entries()) words.writeInt16BE(Number(digit), 2 * at);
  wholes.set(words.toString('latin1'), `${what}, as numeric`);
}

/** Texts to look for in large ones: what begins at a place is only looked at where its first three bytes are those of one. */
class Needles {
  readonly #what: ReadonlyMap<string, string>;
  readonly #lengths: readonly number[];
  /** A bit for each three bytes: small enough to stay in a processor's cache. */
  readonly #begins = new Uint8Array(1 << 21);

  constructor(what: ReadonlyMap<string, string>) {
    this.#what = what;
    this.#lengths = [...new Set([...what.keys()].map((each) => each.length))];
    for (const each of what.keys()) {
      const [first = 0, second = 0, third = 0] = Buffer.from(each, 'latin1');
      const three = (first << 16) | (second << 8) | third;
      this.#begins[three >> 3] = (this.#begins[three >> 3] ?? 0) | (1 << (three & 7));
    }
  }

  find(bytes: Uint8Array): { readonly what: string; readonly at: number } | undefined {
    const begins = this.#begins;
    let three = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    for (let last = 2; last < bytes.length; last += 1) {
      three = ((three << 8) | (bytes[last] as number)) & 0xffffff;
      if ((((begins[three >> 3] as number) >> (three & 7)) & 1) === 0) continue;
      const what = this.#from(bytes, last - 2);
      if (what !== undefined) return { what, at: last - 2 };
    }
    return undefined;
  }

  #from(bytes: Uint8Array, at: number): string | undefined {
    for (const length of this.#lengths) {
      const what = this.#what.get(Buffer.from(bytes.subarray(at, at + length)).toString('latin1'));
      if (what !== undefined) return what;
    }
    return undefined;
  }
}

const lowerNeedles = new Needles(parts);
const exactNeedles = new Needles(wholes);

/** What of the hidden values stands in the bytes, and how; undefined when nothing does. */
export function leakIn(bytes: Uint8Array): string | undefined {
  const found = lowerNeedles.find(inLowerCase(bytes));
  if (found !== undefined) {
    const { what, at } = found;
    return `${what}: ${JSON.stringify(Buffer.from(bytes.subarray(at, at + 20)).toString('latin1'))}`;
  }
  // Base64 is broken into lines.
  return exactNeedles.find(bytes)?.what ?? exactNeedles.find(inOneLine(bytes))?.what;
}

function inLowerCase(bytes: Uint8Array): Uint8Array {
  const lower = bytes.slice();
  for (let at = 0; at < lower.length; at += 1) {
    const byte = lower[at] as number;
    if (byte >= 0x41 && byte <= 0x5a) lower[at] = byte + 0x20;
  }
  return lower;
}

function inOneLine(bytes: Uint8Array): Uint8Array {
  const line = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === 0x0a) continue;
    line[length] = bytes[at] as number;
    length += 1;
  }
  return line.subarray(0, length);
}
