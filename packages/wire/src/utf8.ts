import { ProtocolError } from './protocol-error.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTF-8 as text; `what` names it in the ProtocolError that ill-formed bytes cause. */
export function fromUtf8(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ProtocolError(`invalid byte sequence for encoding "UTF8" in ${what}`, '22021');
  }
}
