import { ProtocolError } from '../protocol-error.ts';
import { majorVersion, minorVersion } from '../protocol-version.ts';
import type { Reader } from '../reader.ts';
import { fromUtf8 } from '../utf8.ts';
import type { Writer } from '../writer.ts';

/** Begins a session. */
export interface StartupMessage {
  readonly type: 'startupMessage';
  /** 3.0 is 196608; the minor version may be one that nobody speaks yet. */
  readonly version: number;
  /** In their order; a name may occur twice, and the last one holds. */
  readonly parameters: readonly StartupParameter[];
}

export interface StartupParameter {
  readonly name: string;
  /** In an encoding that nothing tells. */
  readonly value: Uint8Array;
}

/** Source: ProcessStartupPacket (backend/tcop/backend_startup.c). `body` begins behind the version. */
export function decodeStartupMessage(version: number, body: Reader): StartupMessage {
  if (majorVersion(version) !== 3) {
    const asked = `${majorVersion(version)}.${minorVersion(version)}`;
    throw new ProtocolError(`unsupported frontend protocol ${asked}: server supports 3.0 to 3.2`, '0A000');
  }
  const parameters: StartupParameter[] = [];
  for (;;) {
    const name = read(body);
    if (name.length === 0) break;
    parameters.push({ name: fromUtf8(name, 'a parameter name'), value: read(body) });
  }
  if (body.remaining !== 0) throw layout();
  return { type: 'startupMessage', version, parameters };
}

export function encodeStartupMessage(message: StartupMessage, writer: Writer): void {
  writer.beginUntagged().int32(message.version);
  for (const { name, value } of message.parameters) {
    if (name === '') throw new RangeError('a startup parameter needs a name: an empty one ends the packet');
    writer.cstring(name).cstring(value);
  }
  writer.uint8(0).end();
}

/** The value that holds for a name; undefined when it does not occur. */
export function startupParameter(message: StartupMessage, name: string): Uint8Array | undefined {
  return message.parameters.findLast((parameter) => parameter.name === name)?.value;
}

function read(body: Reader): Uint8Array {
  if (!body.hasNul()) throw layout();
  return body.cstringBytes();
}

function layout(): ProtocolError {
  return new ProtocolError('invalid startup packet layout: expected terminator as last byte');
}
