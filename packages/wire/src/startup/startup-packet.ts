import { limits } from '../limits.ts';
import { ProtocolError } from '../protocol-error.ts';
import { requestCode } from '../protocol-version.ts';
import { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';
import { type CancelRequest, decodeCancelRequest, encodeCancelRequest } from './cancel-request.ts';
import { encodeGssEncRequest, type GssEncRequest } from './gss-enc-request.ts';
import { encodeSslRequest, type SslRequest } from './ssl-request.ts';
import { decodeStartupMessage, encodeStartupMessage, type StartupMessage } from './startup-message.ts';

/** What a connection may begin with: a packet without a type byte. */
export type StartupPacket = StartupMessage | SslRequest | GssEncRequest | CancelRequest;

const lengthBytes = 4;
const versionBytes = 4;

/**
 * How long the startup packet is that `bytes` begin with, its length word included; undefined while fewer than four
 * bytes are there. Throws a ProtocolError for a length that Postgres would not read, so that never more than 10,004
 * bytes must be held. A first byte of 0x16 is no packet but a TLS handshake (ProcessSSLStartup): look for it before.
 */
export function startupPacketBytes(bytes: Uint8Array): number | undefined {
  if (bytes.length < lengthBytes) return undefined;
  const length = new Reader(bytes).int32();
  const body = length - lengthBytes;
  if (body < versionBytes || body > limits.startupPacketBytes) {
    throw new ProtocolError('invalid length of startup packet');
  }
  return length;
}

/** Decodes one whole startup packet, its length word included. Byte ranges of the result are views of `packet`. */
export function decodeStartup(packet: Uint8Array): StartupPacket {
  const length = startupPacketBytes(packet);
  if (length !== packet.length) throw new ProtocolError('incomplete startup packet');
  const body = new Reader(packet, lengthBytes);
  const code = body.int32();
  switch (code) {
    case requestCode.ssl:
      return { type: 'sslRequest' };
    case requestCode.gssEncryption:
      return { type: 'gssEncRequest' };
    case requestCode.cancel:
      return decodeCancelRequest(body);
    default:
      return decodeStartupMessage(code, body);
  }
}

const encoders: {
  readonly [Type in StartupPacket['type']]: (packet: Extract<StartupPacket, { type: Type }>, writer: Writer) => void;
} = {
  startupMessage: encodeStartupMessage,
  sslRequest: encodeSslRequest,
  gssEncRequest: encodeGssEncRequest,
  cancelRequest: encodeCancelRequest,
};

/** Appends one packet to `writer`, a new one by default, and returns it. */
export function encodeStartup(packet: StartupPacket, writer: Writer = new Writer()): Writer {
  const encode = encoders[packet.type] as (packet: StartupPacket, writer: Writer) => void;
  encode(packet, writer);
  return writer;
}
