/** Recorded values as a reader can tell them apart: NULL, the empty string and the word NULL look different. */
import type { ValueView } from '../../store/views.ts';
import { type Line, recorded, span } from './line.ts';

/** Types whose values are written without quotes, by name. */
const unquoted = new Set([
  'bool',
  'int2',
  'int4',
  'int8',
  'oid',
  'float4',
  'float8',
  'numeric',
  'money',
  'xid',
  'xid8',
]);

const numeric = new Set(['int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'money', 'xid', 'xid8', 'cid']);

export function isNumeric(typeName: string): boolean {
  return numeric.has(typeName);
}

/** A parameter: quoted as SQL would, unless it is a number or truth value. */
export function parameterSpans(value: ValueView): Line {
  if (value.text === null) return [span('NULL', 'null')];
  if (!value.decoded) return [...recorded(value.text, 'number'), span(' (bytes, type not known)', 'dim')];
  if (unquoted.has(value.typeName)) return recorded(value.text, 'number');
  return quoted(value.text);
}

/**
 * A table cell: as it is, and quoted only where it could be mistaken: empty, `NULL`, spaces at an end, or itself quoted.
 */
export function cellSpans(value: ValueView): Line {
  if (value.text === null) return [span('NULL', 'null')];
  return /^$|^NULL$|^\s|\s$|^'/.test(value.text) ? quoted(value.text) : recorded(value.text);
}

function quoted(text: string): Line {
  return recorded(`'${text.replaceAll("'", "''")}'`, 'string');
}
