import type { DecodeText } from './client-encoding.ts';
import type { MessageView } from './views.ts';

/**
 * Body of ErrorResponse or NoticeResponse: fields of a type byte and a string each, ended by a NUL. Never throws: what
 * was recorded is shown as far as it goes. Source: Postgres manual, "Error and Notice Message Fields".
 */
export function errorFieldsOf(body: Uint8Array, decode: DecodeText): MessageView {
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const nul = body.indexOf(0, at + 1);
    const end = nul < 0 ? body.length : nul;
    fields.set(String.fromCharCode(body[at] as number), decode(body.subarray(at + 1, end)));
    at = end + 1;
  }
  const position = Number(fields.get('P'));
  return {
    // `V` is never translated; servers before 9.6 send `S` only.
    severity: fields.get('V') ?? fields.get('S') ?? '',
    sqlstate: fields.get('C') ?? '',
    message: fields.get('M') ?? '',
    detail: fields.get('D'),
    hint: fields.get('H'),
    position: position > 0 ? position : undefined,
  };
}
