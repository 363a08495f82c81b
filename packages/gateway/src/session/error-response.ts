import { backendTag, Writer } from '@onrecord/wire';
import { type GatewayError, Refusal } from '../errors.ts';

const fieldCode = {
  severity: 0x53,
  severityNonLocalized: 0x56,
  sqlstate: 0x43,
  message: 0x4d,
  detail: 0x44,
  hint: 0x48,
};

/** What the gateway itself tells a client: ERROR for a Refusal, FATAL for everything else. */
export function errorResponse(error: GatewayError): Uint8Array {
  const severity = error instanceof Refusal ? 'ERROR' : 'FATAL';
  const writer = new Writer().begin(backendTag.errorResponse);
  const field = (code: number, text: string | undefined): void => {
    if (text !== undefined) writer.uint8(code).cstring(text.replaceAll('\0', '\\0'));
  };
  field(fieldCode.severity, severity);
  field(fieldCode.severityNonLocalized, severity);
  field(fieldCode.sqlstate, error.sqlstate);
  field(fieldCode.message, error.message);
  field(fieldCode.detail, error.detail);
  field(fieldCode.hint, error.hint);
  return writer.uint8(0).end().finish();
}
