import type { DecodeText } from './text-decoding.ts';
import { MalformedValue, type ValueReader } from './value-reader.ts';

/** A query nested deeper than this is not read; Postgres itself recurses over them. */
const maxDepth = 2_000;

/** tsvectorout */
export function formatTsVector(reader: ValueReader, decodeText: DecodeText): string {
  return Array.from({ length: reader.count(3) }, () => {
    const lexeme = quoted(decodeText(reader.cstring()));
    const positions = Array.from({ length: positionCount(reader) }, () => position(reader.uint16()));
    return positions.length === 0 ? lexeme : `${lexeme}:${positions.join(',')}`;
  }).join(' ');
}

function positionCount(reader: ValueReader): number {
  const count = reader.uint16();
  if (count * 2 > reader.remaining) throw new MalformedValue();
  return count;
}

/** A position and, in its two highest bits, a weight from D (not shown) to A. */
function position(value: number): string {
  return `${value & 0x3fff}${['', 'C', 'B', 'A'][value >> 14]}`;
}

function quoted(lexeme: string): string {
  return `'${lexeme.replace(/['\\]/g, '$&$&')}'`;
}

interface Operator {
  readonly priority: number;
  readonly phrase: boolean;
  readonly text: string;
}

const not = 1;
const phrase = 4;
/** By code (ts_type.h); how tightly each binds as tsquery.c prints it. */
const operators: { readonly [code: number]: Operator } = {
  2: { priority: 2, phrase: false, text: '&' },
  3: { priority: 1, phrase: false, text: '|' },
  [phrase]: { priority: 3, phrase: true, text: '<->' },
};
const notPriority = 4;

/** tsqueryout: the wire has it in prefix order, right operand before left. */
export function formatTsQuery(reader: ValueReader, decodeText: DecodeText): string {
  let items = reader.count(2);
  if (items === 0) return '';

  const infix = (parent: number, rightOfPhrase: boolean, depth: number): string => {
    items -= 1;
    if (items < 0 || depth > maxDepth) throw new MalformedValue();
    const kind = reader.uint8();
    if (kind === 1) return operand(reader, decodeText);
    if (kind !== 2) throw new MalformedValue();
    const code = reader.uint8();
    if (code === not) return parenthesized(`!${infix(notPriority, false, depth + 1)}`, notPriority < parent);
    const operator = operators[code];
    if (operator === undefined) throw new MalformedValue();
    const distance = operator.phrase ? reader.uint16() : 1;
    const right = infix(operator.priority, operator.phrase, depth + 1);
    const left = infix(operator.priority, false, depth + 1);
    const sign = distance === 1 ? operator.text : `<${distance}>`;
    return parenthesized(`${left} ${sign} ${right}`, operator.priority < parent || (operator.phrase && rightOfPhrase));
  };

  const text = infix(-1, false, 0);
  if (items !== 0) throw new MalformedValue();
  return text;
}

function parenthesized(text: string, needed: boolean): string {
  return needed ? `( ${text} )` : text;
}

function operand(reader: ValueReader, decodeText: DecodeText): string {
  const weights = reader.uint8();
  const prefix = reader.uint8();
  const lexeme = quoted(decodeText(reader.cstring()));
  if (weights === 0 && prefix === 0) return lexeme;
  const letters = ['A', 'B', 'C', 'D'].filter((_, at) => (weights & (8 >> at)) !== 0).join('');
  return `${lexeme}:${prefix === 0 ? '' : '*'}${letters}`;
}
