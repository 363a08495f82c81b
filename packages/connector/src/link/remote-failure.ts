import { backendTag, decodeBackend, errorFieldText, Reader } from '@onrecord/wire';
import type { DialError, DialFailure } from '../dial-error.ts';
import type { RemoteFailure } from './messages.ts';

const headerBytes = 5;

/** A failure as it crosses the link. */
export function remoteFailure(failure: DialFailure): RemoteFailure {
  if (failure.type !== 'refused') return failure;
  const { response, sqlstate } = failure;
  return { type: 'refused', response: Buffer.from(response).toString('base64'), sqlstate };
}

/** What went wrong, for the connector's own log: with what the server said, and why there is no password. */
export function describeDialError({ message, failure, cause }: DialError): string {
  if (failure.type === 'refused') return `${message}: ${serverMessage(failure.response)}`;
  return failure.type === 'credential' && cause instanceof Error ? `${message}: ${cause.message}` : message;
}

function serverMessage(response: Uint8Array): string {
  const decoded = decodeBackend(backendTag.errorResponse, new Reader(response, headerBytes));
  return decoded.type === 'errorResponse' ? (errorFieldText(decoded.fields, 'message') ?? '') : '';
}
