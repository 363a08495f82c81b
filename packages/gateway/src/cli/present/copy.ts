/** Data of a COPY, as far as it was kept: text by line, anything else as a hex dump. */
import type { CopyView } from '../../store/views.ts';
import { cutLine, foldLine, type Line, recorded, span } from './line.ts';
import type { Look } from './look.ts';
import { formatBytes, formatCount } from './quantity.ts';

/** The lines of a COPY's data and what is known of it as a whole. */
export function copyLines(copy: CopyView, look: Look): Line[] {
  const way = copy.direction === 'in' ? 'from the client' : 'to the client';
  const lines: Line[] = [
    [
      span(`COPY data ${way}`, 'heading'),
      span(`  ${formatCount(copy.messages, 'message')}, ${formatBytes(copy.bytes)}`),
    ],
    ...dataLines(copy.data, look),
  ];
  if (copy.truncated) {
    lines.push([
      span(`  Truncated: ${formatBytes(copy.data.length)} of ${formatBytes(copy.bytes)} were kept.`, 'warning'),
    ]);
  }
  const failure: Line[] =
    copy.failure === undefined ? [] : [[span('  CopyFail      ', 'dim'), ...recorded(copy.failure, 'bad')]];
  const digest: Line[] =
    copy.digest === undefined ? [] : [[], [span('  SHA-256     ', 'dim'), span(copy.digest, 'dim')]];
  return [
    ...lines,
    ...failure.flatMap((line) => foldLine(line, look.width, 16)),
    ...digest.flatMap((line) => foldLine(line, look.width, 14)),
    [],
  ];
}

function dataLines(data: Uint8Array, look: Look): Line[] {
  if (data.length === 0) return [];
  const text = textOf(data);
  if (text === undefined) return hexLines(data);
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => cutLine([span('  '), ...recorded(line.replace(/\r$/, ''))], look.width));
}

/** The data as text, unless it is not UTF-8 or holds bytes that text COPY never has. */
export function textOf(data: Uint8Array): string | undefined {
  if (data.includes(0)) return undefined;
  try {
    // `stream`: a cut character at the end of truncated data is no reason to call it binary.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data, { stream: true });
  } catch {
    return undefined;
  }
}

function hexLines(data: Uint8Array): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < data.length; at += 16) {
    const row = data.subarray(at, at + 16);
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push([span(`  ${at.toString(16).padStart(8, '0')}  `, 'dim'), span(hex.padEnd(49)), span(ascii, 'dim')]);
  }
  return lines;
}
