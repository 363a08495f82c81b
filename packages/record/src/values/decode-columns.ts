import { MalformedValue, ValueReader } from './value-reader.ts';

/** A field of RowDescription. */
export interface RawColumn {
  readonly name: Uint8Array;
  /** OID of the table and number of its column; 0 when it is computed. */
  readonly table: number;
  readonly attribute: number;
  /** OID of its type, pg_type.typlen and type modifier. */
  readonly type: number;
  readonly size: number;
  readonly modifier: number;
  readonly format: number;
}

/** The columns that the body of a RowDescription names; undefined when it is not well-formed. */
export function decodeColumns(body: Uint8Array): readonly RawColumn[] | undefined {
  return wellFormed(() => {
    const reader = new ValueReader(body);
    const columns = Array.from({ length: reader.uint16() }, () => ({
      name: reader.cstring(),
      table: reader.uint32(),
      attribute: reader.int16(),
      type: reader.uint32(),
      size: reader.int16(),
      modifier: reader.int32(),
      format: reader.uint16(),
    }));
    reader.end();
    return columns;
  });
}

/** The body of CopyInResponse or CopyOutResponse: text (0) or binary (1), as a whole and by column. */
export interface CopyFormats {
  readonly format: number;
  readonly columns: readonly number[];
}

export function decodeCopyFormats(body: Uint8Array): CopyFormats | undefined {
  return wellFormed(() => {
    const reader = new ValueReader(body);
    const format = reader.uint8();
    const columns = Array.from({ length: reader.uint16() }, () => reader.uint16());
    reader.end();
    return { format, columns };
  });
}

function wellFormed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedValue) return undefined;
    throw error;
  }
}
