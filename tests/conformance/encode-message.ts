import { frontendTag, Writer } from '@onrecord/wire';
import { requestMessage } from '../support/wire-client.ts';
import { type Argument, parseArguments, type ScriptValue } from './script-value.ts';

type Encoder = (writer: Writer, plain: readonly ScriptValue[], named: ReadonlyMap<string, ScriptValue>) => Writer;

/** Messages of scripts by the names of the Postgres manual. `Raw` sends bytes as they are. */
const encoders: { readonly [name: string]: Encoder } = {
  Query: (writer, [sql]) => writer.begin(frontendTag.query).cstring(bytes(sql)).end(),
  Parse: (writer, [name, sql, types]) => {
    writer.begin(frontendTag.parse).cstring(bytes(name)).cstring(bytes(sql));
    const oids = list(types);
    writer.uint16(oids.length);
    for (const oid of oids) writer.uint32(number(oid));
    return writer.end();
  },
  Bind: (writer, [portal, statement], named) => {
    writer.begin(frontendTag.bind).cstring(bytes(portal)).cstring(bytes(statement));
    formats(writer, named.get('formats'));
    values(writer, named.get('values'));
    formats(writer, named.get('results'));
    return writer.end();
  },
  Describe: (writer, [kind, name]) =>
    writer.begin(frontendTag.describe).uint8(kindByte(kind)).cstring(bytes(name)).end(),
  Execute: (writer, [portal, limit]) =>
    writer
      .begin(frontendTag.execute)
      .cstring(bytes(portal))
      .int32(number(limit ?? 0))
      .end(),
  Close: (writer, [kind, name]) => writer.begin(frontendTag.close).uint8(kindByte(kind)).cstring(bytes(name)).end(),
  Sync: (writer) => writer.begin(frontendTag.sync).end(),
  Flush: (writer) => writer.begin(frontendTag.flush).end(),
  Terminate: (writer) => writer.begin(frontendTag.terminate).end(),
  CopyData: (writer, [data]) => writer.begin(frontendTag.copyData).bytes(bytes(data)).end(),
  CopyDone: (writer) => writer.begin(frontendTag.copyDone).end(),
  CopyFail: (writer, [message]) => writer.begin(frontendTag.copyFail).cstring(bytes(message)).end(),
  FunctionCall: (writer, [oid], named) => {
    writer.begin(frontendTag.functionCall).uint32(number(oid));
    formats(writer, named.get('formats'));
    values(writer, named.get('values'));
    return writer.int16(number(named.get('result') ?? 0)).end();
  },
  /** `Message "a" x"…"`: any type byte with a body of that content and the right length. */
  Message: (writer, [tag, body]) =>
    writer
      .begin(bytes(tag)[0] ?? 0)
      .bytes(bytes(body))
      .end(),
  Raw: (writer, [content]) => writer.bytes(bytes(content)),
  SSLRequest: (writer) => writer.bytes(requestMessage(80877103)),
  GSSENCRequest: (writer) => writer.bytes(requestMessage(80877104)),
};

/** The bytes of one line: `Query "select 1"`. */
export function encodeMessage(line: string): Uint8Array {
  const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const encoder = encoders[name];
  if (encoder === undefined) throw new Error(`there is no message "${name}"`);
  const given = parseArguments(rest);
  const plain = given.filter((each) => each.name === undefined).map((each) => each.value);
  return encoder(new Writer(), plain, named(given)).finish();
}

export function named(given: readonly Argument[]): ReadonlyMap<string, ScriptValue> {
  const pairs = given.filter((each) => each.name !== undefined).map((each) => [each.name ?? '', each.value] as const);
  return new Map(pairs);
}

function formats(writer: Writer, value: ScriptValue | undefined): void {
  const codes = list(value);
  writer.uint16(codes.length);
  for (const code of codes) writer.int16(number(code));
}

function values(writer: Writer, value: ScriptValue | undefined): void {
  const items = list(value);
  writer.uint16(items.length);
  for (const item of items) writer.value(item === null ? null : bytes(item));
}

function bytes(value: ScriptValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error('a text is missing');
}

function number(value: ScriptValue | undefined): number {
  if (typeof value === 'number') return value;
  throw new Error('a number is missing');
}

function list(value: ScriptValue | undefined): readonly ScriptValue[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new Error('a list is needed');
}

function kindByte(kind: ScriptValue | undefined): number {
  const word = new TextDecoder().decode(bytes(kind));
  if (word === 'statement') return 0x53;
  if (word === 'portal') return 0x50;
  throw new Error(`"statement" or "portal", not "${word}"`);
}
