import { formatArray, formatRecord, formatVector, type Reading } from './container.ts';
import {
  formatDate,
  formatInterval,
  formatTime,
  formatTimestamp,
  formatTimestampTz,
  formatTimeTz,
} from './date-time.ts';
import { versioned } from './extension-types.ts';
import { formatFloat4, formatFloat8 } from './float.ts';
import {
  formatBox,
  formatCircle,
  formatLine,
  formatPath,
  formatPoint,
  formatPolygon,
  formatSegment,
} from './geometry.ts';
import { hex } from './hex.ts';
import { formatInet, formatMac } from './network.ts';
import { formatNumeric } from './numeric.ts';
import { formatTsQuery, formatTsVector } from './text-search.ts';
import { MalformedValue, type ValueReader } from './value-reader.ts';

/** Reads one whole value and writes it as the type's output function would. */
export type BinaryFormat = (reader: ValueReader, reading: Reading) => string;

const text: BinaryFormat = (reader, { decodeText }) => decodeText(reader.rest());
const uint32: BinaryFormat = (reader) => String(reader.uint32());
const int64: BinaryFormat = (reader) => String(reader.int64());
const uint64: BinaryFormat = (reader) => String(reader.uint64());

/**
 * The built-in types by name, but for arrays, ranges and multiranges, which pg_type describes. The `reg…` types are
 * numbers: only the database knows the names that they stand for. Absent are types without a send function, and those
 * whose binary form is internal (pg_ndistinct, pg_mcv_list and the like).
 */
export const binaryFormats: ReadonlyMap<string, BinaryFormat> = new Map([
  ['bool', boolean],
  ['bytea', (reader) => `\\x${hex(reader.rest())}`],
  ['char', singleByte],
  ['int2', (reader) => String(reader.int16())],
  ['int4', (reader) => String(reader.int32())],
  ['int8', int64],
  ['float4', (reader) => formatFloat4(reader.float32())],
  ['float8', (reader) => formatFloat8(reader.float64())],
  ['numeric', (reader, { spend }) => formatNumeric(reader, spend)],
  ['money', (reader) => formatMoney(reader.int64())],

  ...names('name text varchar bpchar json xml unknown cstring refcursor pg_node_tree', text),
  ['jsonb', (reader, { decodeText }) => versioned(reader, decodeText)],
  ['jsonpath', (reader, { decodeText }) => versioned(reader, decodeText)],
  ['uuid', (reader) => hex(reader.take(16)).replace(/^(.{8})(....)(....)(....)/, '$1-$2-$3-$4-')],

  ['date', (reader) => formatDate(reader.int32())],
  ['time', (reader) => formatTime(reader.int64())],
  ['timetz', (reader) => formatTimeTz(reader.int64(), reader.int32())],
  ['timestamp', (reader) => formatTimestamp(reader.int64())],
  ['timestamptz', (reader) => formatTimestampTz(reader.int64())],
  ['interval', (reader) => formatInterval(reader.int64(), reader.int32(), reader.int32())],

  ['inet', formatInet],
  ['cidr', formatInet],
  ['macaddr', (reader) => formatMac(reader.take(6))],
  ['macaddr8', (reader) => formatMac(reader.take(8))],
  ['bit', bits],
  ['varbit', bits],

  ['point', formatPoint],
  ['line', formatLine],
  ['lseg', formatSegment],
  ['box', formatBox],
  ['path', formatPath],
  ['polygon', formatPolygon],
  ['circle', formatCircle],
  ['tsvector', (reader, { decodeText }) => formatTsVector(reader, decodeText)],
  ['tsquery', (reader, { decodeText }) => formatTsQuery(reader, decodeText)],

  ...names('oid xid cid regproc regprocedure regoper regoperator regclass regcollation regtype', uint32),
  ...names('regconfig regdictionary regrole regnamespace regdatabase', uint32),
  ['xid8', uint64],
  ['tid', (reader) => `(${reader.uint32()},${reader.uint16()})`],
  ['pg_lsn', (reader) => `${upperHex(reader.uint32())}/${upperHex(reader.uint32())}`],
  ['pg_snapshot', formatSnapshot],
  ['txid_snapshot', formatSnapshot],
  ['int2vector', formatVector],
  ['oidvector', formatVector],
  ['anyarray', formatArray],
  ['record', formatRecord],
  ['void', () => ''],
]);

function names(list: string, format: BinaryFormat): [string, BinaryFormat][] {
  return list.split(' ').map((name) => [name, format]);
}

function boolean(reader: ValueReader): string {
  return reader.uint8() === 0 ? 'f' : 't';
}

/** charout: NUL is the empty string, bytes over 0x7F are octal. */
function singleByte(reader: ValueReader): string {
  const byte = reader.uint8();
  if (byte >= 0x80) return `\\${byte.toString(8)}`;
  return byte === 0 ? '' : String.fromCharCode(byte);
}

/** cash_out where lc_monetary is C. */
function formatMoney(cents: bigint): string {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(?:\d{3})+$)/g, ',');
  return `${cents < 0n ? '-' : ''}$${whole}.${digits.slice(-2)}`;
}

/** bit_out, varbit_out */
function bits(reader: ValueReader): string {
  const length = reader.int32();
  if (length < 0 || Math.ceil(length / 8) !== reader.remaining) throw new MalformedValue();
  let digits = '';
  for (const byte of reader.rest()) digits += byte.toString(2).padStart(8, '0');
  return digits.slice(0, length);
}

function upperHex(value: number): string {
  return value.toString(16).toUpperCase();
}

/** pg_snapshot_out: `xmin:xmax:xip,…` */
function formatSnapshot(reader: ValueReader): string {
  const count = reader.int32();
  const [xmin, xmax] = [reader.int64(), reader.int64()];
  if (count < 0 || count * 8 !== reader.remaining) throw new MalformedValue();
  return `${xmin}:${xmax}:${Array.from({ length: count }, () => reader.int64()).join(',')}`;
}
