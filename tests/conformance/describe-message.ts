import { createHash } from 'node:crypto';
import { type BackendTag, backendTag, type Reader } from '@onrecord/wire';
import type { WireMessage } from '../support/wire-client.ts';

/** What two runs of one script cannot have in common, given names in the order of appearance. */
export interface Names {
  /** OIDs of relations and types that the script created. */
  readonly oids: Map<number, string>;
  /** Name of the connection that a process id belongs to. */
  readonly processes: ReadonlyMap<number, string>;
  readonly ownWords: boolean;
}

const firstNormalObjectId = 16384;
const wholeUpToBytes = 400;

type Describer = (body: Reader, names: Names) => string;

/** Every backend message; all that it says is in the line, but for what `Names` replaces. */
const describers: { readonly [Name in keyof typeof backendTag]: Describer } = {
  authentication: (body) => `Authentication ${body.int32()} ${value(body.rest())}`,
  // The key itself is the gateway's own; how long it is and that there is one is not.
  backendKeyData: (body) => `BackendKeyData ${body.rest().length - 4} bytes of key`,
  bindComplete: () => 'BindComplete',
  closeComplete: () => 'CloseComplete',
  commandComplete: (body) => `CommandComplete ${value(body.cstringBytes())}`,
  copyBothResponse: (body) => `CopyBothResponse ${copyFormats(body)}`,
  copyData: (body) => `CopyData ${value(body.rest())}`,
  copyDone: () => 'CopyDone',
  copyInResponse: (body) => `CopyInResponse ${copyFormats(body)}`,
  copyOutResponse: (body) => `CopyOutResponse ${copyFormats(body)}`,
  dataRow: (body) => `DataRow ${listed(body.uint16(), () => value(body.value()))}`,
  emptyQueryResponse: () => 'EmptyQueryResponse',
  errorResponse: (body, names) => `ErrorResponse ${fields(body, names)}`,
  functionCallResponse: (body) => `FunctionCallResponse ${value(body.value())}`,
  negotiateProtocolVersion: (body) =>
    `NegotiateProtocolVersion ${body.int32()} ${listed(body.int32(), () => value(body.cstringBytes()))}`,
  noData: () => 'NoData',
  noticeResponse: (body, names) => `NoticeResponse ${fields(body, names)}`,
  notificationResponse: (body, names) => {
    const from = names.processes.get(body.int32()) ?? 'another';
    return `NotificationResponse from ${from} ${value(body.cstringBytes())} ${value(body.cstringBytes())}`;
  },
  parameterDescription: (body, names) =>
    `ParameterDescription ${listed(body.uint16(), () => objectId(body.uint32(), names, 'type'))}`,
  parameterStatus: (body) => `ParameterStatus ${value(body.cstringBytes())} ${value(body.cstringBytes())}`,
  parseComplete: () => 'ParseComplete',
  portalSuspended: () => 'PortalSuspended',
  readyForQuery: (body) => `ReadyForQuery ${String.fromCharCode(body.uint8())}`,
  rowDescription: (body, names) => `RowDescription ${listed(body.uint16(), () => column(body, names))}`,
};

/** One line for one message. */
export function describeMessage(message: WireMessage, names: Names): string {
  const name = nameOf(message.tag as BackendTag);
  if (name === undefined) return `unknown message ${message.tag} ${value(message.bytes)}`;
  const body = message.body();
  const line = describers[name](body, names);
  return body.remaining === 0 ? line : `${line} and ${value(body.rest())} behind it`;
}

/** Tag of a message by its name in the manual: `ReadyForQuery`. */
export function tagOf(name: string): number {
  const key = `${name[0]?.toLowerCase()}${name.slice(1)}`;
  if (key in backendTag) return backendTag[key as keyof typeof backendTag];
  throw new Error(`there is no backend message "${name}"`);
}

function nameOf(tag: BackendTag): keyof typeof backendTag | undefined {
  return (Object.keys(backendTag) as (keyof typeof backendTag)[]).find((name) => backendTag[name] === tag);
}

function listed(count: number, item: () => string): string {
  return Array.from({ length: count }, item).join(', ');
}

function column(body: Reader, names: Names): string {
  const name = value(body.cstringBytes());
  const table = objectId(body.uint32(), names, 'relation');
  const attribute = body.int16();
  const type = objectId(body.uint32(), names, 'type');
  return `${name} ${table}.${attribute} ${type} size ${body.int16()} modifier ${body.int32()} format ${body.int16()}`;
}

function copyFormats(body: Reader): string {
  return `overall ${body.uint8()} columns ${listed(body.uint16(), () => String(body.int16()))}`;
}

function fields(body: Reader, names: Names): string {
  const found: string[] = [];
  for (let field = body.uint8(); field !== 0; field = body.uint8()) {
    const name = String.fromCharCode(field);
    const content = value(body.cstringBytes());
    if (!names.ownWords || 'SVC'.includes(name)) found.push(`${name} ${content}`);
  }
  return found.join(' ');
}

function objectId(oid: number, names: Names, what: string): string {
  if (oid < firstNormalObjectId) return `${what} ${oid}`;
  const known = names.oids.get(oid);
  if (known !== undefined) return known;
  const name = `${what} of its own ${names.oids.size + 1}`;
  names.oids.set(oid, name);
  return name;
}

/** Text as JSON would write it, other bytes as hex, long ones as their length and digest. */
function value(bytes: Uint8Array | null): string {
  if (bytes === null) return 'null';
  if (bytes.length > wholeUpToBytes) {
    return `${bytes.length} bytes ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
  }
  const printable = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x09);
  return printable ? JSON.stringify(Buffer.from(bytes).toString('latin1')) : `x"${Buffer.from(bytes).toString('hex')}"`;
}
