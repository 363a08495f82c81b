/** The fields of ErrorResponse and NoticeResponse, by the manual's names ("Error and Notice Message Fields"). */
const fieldNames: { readonly [code: string]: keyof RawErrorFields } = {
  S: 'localizedSeverity',
  V: 'severity',
  C: 'sqlstate',
  M: 'message',
  D: 'detail',
  H: 'hint',
  P: 'position',
  p: 'internalPosition',
  q: 'internalQuery',
  W: 'where',
  s: 'schema',
  t: 'table',
  c: 'column',
  d: 'dataType',
  n: 'constraint',
  F: 'file',
  L: 'line',
  R: 'routine',
};

/** Each as the bytes that were sent, in the client_encoding. */
export interface RawErrorFields {
  localizedSeverity?: Uint8Array;
  severity?: Uint8Array;
  sqlstate?: Uint8Array;
  message?: Uint8Array;
  detail?: Uint8Array;
  hint?: Uint8Array;
  position?: Uint8Array;
  internalPosition?: Uint8Array;
  internalQuery?: Uint8Array;
  where?: Uint8Array;
  schema?: Uint8Array;
  table?: Uint8Array;
  column?: Uint8Array;
  dataType?: Uint8Array;
  constraint?: Uint8Array;
  file?: Uint8Array;
  line?: Uint8Array;
  routine?: Uint8Array;
}

/** The fields in the body of an ErrorResponse or NoticeResponse; those it does not know are passed over. */
export function decodeErrorFields(body: Uint8Array): Readonly<RawErrorFields> {
  const fields: RawErrorFields = {};
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const nul = body.indexOf(0, at + 1);
    const end = nul === -1 ? body.length : nul;
    const name = fieldNames[String.fromCharCode(body[at] as number)];
    if (name !== undefined) fields[name] = body.subarray(at + 1, end);
    at = end + 1;
  }
  return fields;
}
