import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/**
 * What the server asks for, or that it is satisfied. The codes are AUTH_REQ_* (include/libpq/protocol.h). The data of
 * SASL and GSSAPI steps holds secrets of the exchange: never log it, never record it.
 */
export type Authentication =
  | { readonly type: 'authentication'; readonly method: 'ok' | 'kerberosV5' | 'cleartextPassword' | 'gss' | 'sspi' }
  | { readonly type: 'authentication'; readonly method: 'md5Password'; readonly salt: Uint8Array }
  | { readonly type: 'authentication'; readonly method: 'sasl'; readonly mechanisms: readonly string[] }
  | {
      readonly type: 'authentication';
      readonly method: 'gssContinue' | 'saslContinue' | 'saslFinal';
      readonly data: Uint8Array;
    };

type Method = Authentication['method'];

const codes: { readonly [Name in Method]: number } = {
  ok: 0,
  kerberosV5: 2,
  cleartextPassword: 3,
  md5Password: 5,
  gss: 7,
  gssContinue: 8,
  sspi: 9,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
};

const methods: ReadonlyMap<number, Method> = new Map(
  (Object.keys(codes) as Method[]).map((method) => [codes[method], method]),
);

const md5SaltBytes = 4;

export function decodeAuthentication(body: Reader): Authentication {
  const code = body.int32();
  const method = methods.get(code);
  if (method === undefined) throw new ProtocolError(`authentication method ${code} is not known`);
  const message = decodeMethod(method, body);
  body.end();
  return message;
}

function decodeMethod(method: Method, body: Reader): Authentication {
  switch (method) {
    case 'md5Password':
      return { type: 'authentication', method, salt: body.take(md5SaltBytes) };
    case 'sasl':
      return { type: 'authentication', method, mechanisms: decodeMechanisms(body) };
    case 'gssContinue':
    case 'saslContinue':
    case 'saslFinal':
      return { type: 'authentication', method, data: body.rest() };
    case 'ok':
    case 'kerberosV5':
    case 'cleartextPassword':
    case 'gss':
    case 'sspi':
      return { type: 'authentication', method };
  }
}

/** Names in the order of the server's preference; an empty one ends the list. */
function decodeMechanisms(body: Reader): string[] {
  const mechanisms: string[] = [];
  for (let name = body.cstring(); name !== ''; name = body.cstring()) mechanisms.push(name);
  return mechanisms;
}

export function encodeAuthentication(message: Authentication, writer: Writer): void {
  writer.begin(backendTag.authentication).int32(codes[message.method]);
  if (message.method === 'md5Password') writer.bytes(message.salt);
  else if (message.method === 'sasl') {
    for (const name of message.mechanisms) writer.cstring(name);
    writer.uint8(0);
  } else if ('data' in message) writer.bytes(message.data);
  writer.end();
}
