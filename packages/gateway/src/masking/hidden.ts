import { ProtocolError } from '@onrecord/wire';
import type { CopyMask, MaskCount, RowMask } from './mask.ts';

const dataRow = 0x44;

/** Rows of a result of whose columns nothing is known: every value becomes NULL. */
export class HiddenRows implements RowMask {
  #values = 0;

  rows(bytes: Uint8Array): Uint8Array {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    // Lengths alone are left of the values, so that it never grows.
    const out = bytes.slice();
    const written = new DataView(out.buffer);
    let to = 0;
    for (let at = 0; at < bytes.length; ) {
      if (at + 7 > bytes.length || bytes[at] !== dataRow) throw new ProtocolError('not a DataRow message');
      const end = at + 1 + view.getInt32(at + 1);
      const columns = view.getUint16(at + 5);
      if (end < at + 7 + columns * 4 || end > bytes.length) {
        throw new ProtocolError('insufficient data left in message');
      }
      written.setUint8(to, dataRow);
      written.setInt32(to + 1, 6 + columns * 4);
      written.setUint16(to + 5, columns);
      out.fill(0xff, to + 7, to + 7 + columns * 4);
      this.#values += columns;
      to += 7 + columns * 4;
      at = end;
    }
    return out.subarray(0, to);
  }

  counts(): readonly MaskCount[] {
    return hiddenCount(this.#values);
  }
}

/** The data of a COPY that cannot be taken apart: none of it goes on. Such a COPY is refused before it runs (refusal.ts). */
export class HiddenCopy implements CopyMask {
  #messages = 0;

  data(): Uint8Array {
    this.#messages += 1;
    return nothing;
  }

  end(): Uint8Array {
    return nothing;
  }

  counts(): readonly MaskCount[] {
    return hiddenCount(this.#messages);
  }
}

const nothing = new Uint8Array(0);

function hiddenCount(values: number): readonly MaskCount[] {
  return values === 0 ? [] : [{ column: 0, name: '*', rule: 'unknown source', action: 'null', values }];
}
