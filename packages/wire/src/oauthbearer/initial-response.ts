import { ProtocolError } from '../protocol-error.ts';
import { octets } from '../scram/octets.ts';

/** Separates the keys and values of a message, and alone is the client's answer to a failure (RFC 7628, section 3.1). */
export const separator = 0x01;

const equals = 0x3d;
const comma = 0x2c;

/**
 * Reads the client's first message of OAUTHBEARER and returns the value of `auth`, a view; it is empty when the client
 * wants to be told where tokens come from. What is wrong never quotes the message: it holds the token.
 * Source: oauth_exchange and parse_kvpairs_for_auth (backend/libpq/auth-oauth.c).
 */
export function decodeInitialResponse(data: Uint8Array): Uint8Array {
  if (data.length === 0) throw malformed('the message is empty');
  if (data.includes(0)) throw malformed('message length does not match input length');
  let at = header(data);
  let auth: Uint8Array | undefined;
  while (at < data.length) {
    const end = data.indexOf(separator, at);
    if (end === -1) throw malformed('message contains an unterminated key/value pair');
    if (end === at) {
      if (auth === undefined) throw malformed('message does not contain an auth value');
      if (end + 1 !== data.length) throw malformed('message contains additional data after the final terminator');
      return auth;
    }
    const { key, value } = pair(data.subarray(at, end));
    if (key === 'auth') {
      if (auth !== undefined) throw malformed('message contains multiple auth values');
      auth = value;
    }
    at = end + 1;
  }
  throw malformed('message did not contain a final terminator');
}

/** Reads the gs2 header and the separator behind it; returns where the pairs begin. */
function header(data: Uint8Array): number {
  const flag = String.fromCharCode(data[0] ?? 0);
  if (flag === 'p') throw malformed('the server does not support channel binding for OAuth');
  if (flag !== 'n' && flag !== 'y') throw malformed('unexpected channel-binding flag');
  if (data[1] !== comma) throw malformed('comma expected');
  if (data[2] === 0x61) {
    throw new ProtocolError('client uses authorization identity, but it is not supported', '0A000');
  }
  if (data[2] !== comma) throw malformed('unexpected attribute in client-first-message');
  if (data[3] !== separator) throw malformed('key-value separator expected');
  return 4;
}

/** Source: validate_kvpair (backend/libpq/auth-oauth.c). Keys that are not known are passed over, but must be keys. */
function pair(bytes: Uint8Array): { readonly key: string; readonly value: Uint8Array } {
  const at = bytes.indexOf(equals);
  if (at === -1) throw malformed('message contains a key without a value');
  const key = octets(bytes.subarray(0, at));
  if (key === '') throw malformed('message contains an empty key name');
  if (!/^[A-Za-z]+$/.test(key)) throw malformed('message contains an invalid key name');
  const value = bytes.subarray(at + 1);
  if (!value.every(isPrintable)) throw malformed('message contains an invalid value');
  return { key, value };
}

/** VCHAR, SP, HTAB, CR, LF. */
function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte <= 0x7e) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

export function malformed(why: string): ProtocolError {
  return new ProtocolError(`malformed OAUTHBEARER message: ${why}`);
}
