import { encodeBackend, errorResponse as report } from '@onrecord/wire';
import { type GatewayError, Refusal, ServerRefusal } from '../errors.ts';

/** The body of an ErrorResponse: behind its tag and length. */
export function errorBody(message: Uint8Array): Uint8Array {
  return message.subarray(5);
}

/** What the gateway itself tells a client: ERROR for a Refusal, FATAL for everything else. */
export function errorResponse(error: GatewayError): Uint8Array {
  if (error instanceof ServerRefusal) return error.response;
  const { sqlstate, message, detail, hint } = error;
  const severity = error instanceof Refusal ? 'ERROR' : 'FATAL';
  return encodeBackend(report({ severity, sqlstate, message, detail, hint })).finish();
}
