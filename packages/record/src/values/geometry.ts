import { formatFloat8 } from './float.ts';
import { MalformedValue, type ValueReader } from './value-reader.ts';

/** The geometric types as geo_ops.c prints them. */
export function formatPoint(reader: ValueReader): string {
  return `(${number(reader)},${number(reader)})`;
}

export function formatLine(reader: ValueReader): string {
  return `{${number(reader)},${number(reader)},${number(reader)}}`;
}

export function formatSegment(reader: ValueReader): string {
  return `[${points(reader, 2)}]`;
}

export function formatBox(reader: ValueReader): string {
  return points(reader, 2);
}

export function formatPath(reader: ValueReader): string {
  const closed = reader.uint8();
  if (closed > 1) throw new MalformedValue();
  const inside = points(reader, reader.count(16));
  return closed === 1 ? `(${inside})` : `[${inside}]`;
}

export function formatPolygon(reader: ValueReader): string {
  return `(${points(reader, reader.count(16))})`;
}

export function formatCircle(reader: ValueReader): string {
  return `<${formatPoint(reader)},${number(reader)}>`;
}

function number(reader: ValueReader): string {
  return formatFloat8(reader.float64());
}

function points(reader: ValueReader, count: number): string {
  return Array.from({ length: count }, () => formatPoint(reader)).join(',');
}
