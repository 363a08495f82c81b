import type { LearnedType } from '@onrecord/record';
import type { DecodeText } from './client-encoding.ts';
import type { ColumnView, ValueView } from './views.ts';

export interface DecodedColumn extends ColumnView {
  readonly format: 'text' | 'binary';
}

interface Context {
  readonly decode: DecodeText;
  readonly types: ReadonlyMap<number, LearnedType>;
}

export function decodeColumns(body: Uint8Array, { decode }: Context): DecodedColumn[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const columns: DecodedColumn[] = [];
  let at = 2;
  for (let count = view.getUint16(0); count > 0; count -= 1) {
    const nul = body.indexOf(0, at);
    const name = decode(body.subarray(at, nul));
    at = nul + 1;
    const type = view.getUint32(at + 6);
    columns.push({
      name,
      table: view.getUint32(at),
      attribute: view.getUint16(at + 4),
      type,
      typeName: String(type),
      format: view.getUint16(at + 16) === 0 ? 'text' : 'binary',
    });
    at += 18;
  }
  return columns;
}
export function decodeRows(
  _messages: Uint8Array,
  _columns: readonly DecodedColumn[],
  _context: Context,
): ValueView[][] {
  return [];
}
export function decodeParameters(
  _body: Uint8Array,
  _context: Context & { parameterTypes: readonly number[]; isCall: boolean },
): ValueView[] {
  return [];
}
