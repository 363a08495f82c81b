import { type DecodeText, decodeErrorFields } from '@onrecord/record';
import type { MessageView } from './views.ts';

/** Body of ErrorResponse or NoticeResponse for people. Never throws: what was recorded is shown as far as it goes. */
export function messageView(body: Uint8Array, decode: DecodeText): MessageView {
  const fields = decodeErrorFields(body);
  const text = (field: Uint8Array | undefined): string | undefined => (field === undefined ? undefined : decode(field));
  const position = Number(text(fields.position));
  return {
    // The localized one is all that servers before 9.6 send.
    severity: text(fields.severity) ?? text(fields.localizedSeverity) ?? '',
    sqlstate: text(fields.sqlstate) ?? '',
    message: text(fields.message) ?? '',
    detail: text(fields.detail),
    hint: text(fields.hint),
    position: position > 0 ? position : undefined,
  };
}
