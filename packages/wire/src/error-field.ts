import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Codes of the fields of ErrorResponse and NoticeResponse (manual, "Error and Notice Message Fields"). */
export const errorField = {
  /** In the language of lc_messages. */
  severity: 'S',
  severityNonLocalized: 'V',
  sqlstate: 'C',
  message: 'M',
  detail: 'D',
  hint: 'H',
  /** Characters, from 1, in the text that the client sent. */
  position: 'P',
  internalPosition: 'p',
  internalQuery: 'q',
  where: 'W',
  schema: 's',
  table: 't',
  column: 'c',
  dataType: 'd',
  constraint: 'n',
  file: 'F',
  line: 'L',
  routine: 'R',
} as const;

export type ErrorFieldName = keyof typeof errorField;

/** Fields by their one-letter code, in their order; also those whose code is not known. In the client_encoding. */
export type ErrorFields = ReadonlyMap<string, Uint8Array>;

/** A code that occurs twice keeps its last value, as in libpq (PQresultErrorField reads the list from its end). */
export function decodeErrorFields(body: Reader): ErrorFields {
  const fields = new Map<string, Uint8Array>();
  for (let code = body.uint8(); code !== 0; code = body.uint8()) {
    fields.set(String.fromCharCode(code), body.cstringBytes());
  }
  body.end();
  return fields;
}

export function encodeErrorFields(tag: number, fields: ErrorFields, writer: Writer): void {
  writer.begin(tag);
  for (const [code, value] of fields) {
    const byte = code.charCodeAt(0);
    if (code.length !== 1 || byte === 0 || byte > 0xff) throw new RangeError('the code of an error field is one byte');
    writer.uint8(byte).cstring(value);
  }
  writer.uint8(0).end();
}

/** A field read as UTF-8, for people; ill-formed bytes become U+FFFD. */
export function errorFieldText(fields: ErrorFields, name: ErrorFieldName): string | undefined {
  const bytes = fields.get(errorField[name]);
  return bytes === undefined ? undefined : lenient.decode(bytes);
}

const lenient = new TextDecoder('utf-8');
