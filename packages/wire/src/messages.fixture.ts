import fc from 'fast-check';
import type { BackendMessage } from './backend/backend-message.ts';
import { errorField } from './error-field.ts';
import type { FrontendMessage } from './frontend/frontend-message.ts';
import type { StartupPacket } from './startup/startup-packet.ts';

/** `fc.record` whose values have the prototype of a literal. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const bytes = fc.uint8Array({ maxLength: 40 });
/** What a NUL-terminated string may hold. */
const name = fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 20 }).map((codes) => Uint8Array.from(codes));
/** Text that survives UTF-8 and a NUL at its end. */
const text = fc.string({ unit: 'binary', maxLength: 20 }).map((s) => s.replaceAll(/\0|[\ud800-\udfff]/gu, 'x'));
const int16 = fc.integer({ min: -0x8000, max: 0x7fff });
const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const oid = fc.integer({ min: 0, max: 0xffffffff });
const value = fc.option(bytes, { nil: null });
const values = fc.array(value, { maxLength: 6 });
const formats = fc.array(int16, { maxLength: 6 });
const copyFormats = { format: fc.integer({ min: 0, max: 255 }), columnFormats: formats };

/** None, one for all, or one for each. */
function withFormats<T>(make: (formats: number[], values: (Uint8Array | null)[]) => T): fc.Arbitrary<T> {
  return values.chain((all) =>
    fc
      .oneof(fc.array(int16, { maxLength: 1 }), fc.array(int16, { minLength: all.length, maxLength: all.length }))
      .map((chosen) => make(chosen, all)),
  );
}

type Arbitraries<Message extends { readonly type: string }> = {
  readonly [Type in Message['type']]: fc.Arbitrary<Extract<Message, { type: Type }>>;
};

/** Every frontend message; one that is left out does not compile. */
export const frontendMessages: Arbitraries<FrontendMessage> = {
  bind: fc
    .tuple(
      name,
      name,
      formats,
      withFormats((chosen, all) => ({ chosen, all })),
    )
    .map(([portal, statement, resultFormats, { chosen, all }]) => ({
      type: 'bind',
      portal,
      statement,
      parameterFormats: chosen,
      parameters: all,
      resultFormats,
    })),
  close: record({ type: fc.constant('close'), target: fc.constantFrom('statement', 'portal'), name }),
  copyData: record({ type: fc.constant('copyData'), data: bytes }),
  copyDone: fc.constant({ type: 'copyDone' }),
  copyFail: record({ type: fc.constant('copyFail'), reason: name }),
  describe: record({ type: fc.constant('describe'), target: fc.constantFrom('statement', 'portal'), name }),
  execute: record({ type: fc.constant('execute'), portal: name, maxRows: int32 }),
  flush: fc.constant({ type: 'flush' }),
  functionCall: fc
    .tuple(
      oid,
      int16,
      withFormats((chosen, all) => ({ chosen, all })),
    )
    .map(([functionOid, resultFormat, { chosen, all }]) => ({
      type: 'functionCall',
      functionOid,
      argumentFormats: chosen,
      arguments: all,
      resultFormat,
    })),
  gssResponse: record({ type: fc.constant('gssResponse'), data: bytes }),
  parse: record({ type: fc.constant('parse'), name, sql: name, parameterTypes: fc.array(oid, { maxLength: 6 }) }),
  passwordMessage: record({
    type: fc.constant('passwordMessage'),
    password: name.filter((secret) => secret.length > 0),
  }),
  query: record({ type: fc.constant('query'), sql: name }),
  saslInitialResponse: record({ type: fc.constant('saslInitialResponse'), mechanism: text, data: value }),
  saslResponse: record({ type: fc.constant('saslResponse'), data: bytes }),
  sync: fc.constant({ type: 'sync' }),
  terminate: fc.constant({ type: 'terminate' }),
};

const fields = fc
  .uniqueArray(fc.constantFrom(...Object.values(errorField), 'X'), { maxLength: 6 })
  .chain((codes) => fc.tuple(fc.constant(codes), fc.array(name, { minLength: 6, maxLength: 6 })))
  .map(([codes, texts]) => new Map(codes.map((code, at) => [code as string, texts[at] as Uint8Array])));

/** Every backend message; one that is left out does not compile. */
export const backendMessages: Arbitraries<BackendMessage> = {
  authentication: fc.oneof(
    record({
      type: fc.constant('authentication' as const),
      method: fc.constantFrom(
        'ok' as const,
        'kerberosV5' as const,
        'cleartextPassword' as const,
        'gss' as const,
        'sspi' as const,
      ),
    }),
    record({
      type: fc.constant('authentication' as const),
      method: fc.constant('md5Password' as const),
      salt: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    }),
    record({
      type: fc.constant('authentication' as const),
      method: fc.constant('sasl' as const),
      mechanisms: fc.array(text.filter((mechanism) => mechanism !== '')),
    }),
    record({
      type: fc.constant('authentication' as const),
      method: fc.constantFrom('gssContinue' as const, 'saslContinue' as const, 'saslFinal' as const),
      data: bytes,
    }),
  ),
  backendKeyData: record({
    type: fc.constant('backendKeyData'),
    pid: int32,
    key: fc.uint8Array({ minLength: 4, maxLength: 256 }),
  }),
  bindComplete: fc.constant({ type: 'bindComplete' }),
  closeComplete: fc.constant({ type: 'closeComplete' }),
  commandComplete: record({ type: fc.constant('commandComplete'), tag: text }),
  copyBothResponse: record({ type: fc.constant('copyBothResponse'), ...copyFormats }),
  copyData: record({ type: fc.constant('copyData'), data: bytes }),
  copyDone: fc.constant({ type: 'copyDone' }),
  copyInResponse: record({ type: fc.constant('copyInResponse'), ...copyFormats }),
  copyOutResponse: record({ type: fc.constant('copyOutResponse'), ...copyFormats }),
  dataRow: record({ type: fc.constant('dataRow'), values }),
  emptyQueryResponse: fc.constant({ type: 'emptyQueryResponse' }),
  errorResponse: record({ type: fc.constant('errorResponse'), fields }),
  functionCallResponse: record({ type: fc.constant('functionCallResponse'), value }),
  negotiateProtocolVersion: record({
    type: fc.constant('negotiateProtocolVersion'),
    version: int32,
    unrecognized: fc.array(text),
  }),
  noData: fc.constant({ type: 'noData' }),
  noticeResponse: record({ type: fc.constant('noticeResponse'), fields }),
  notificationResponse: record({
    type: fc.constant('notificationResponse'),
    pid: int32,
    channel: name,
    payload: name,
  }),
  parameterDescription: record({ type: fc.constant('parameterDescription'), types: fc.array(oid) }),
  parameterStatus: record({ type: fc.constant('parameterStatus'), name: text, value: name }),
  parseComplete: fc.constant({ type: 'parseComplete' }),
  portalSuspended: fc.constant({ type: 'portalSuspended' }),
  readyForQuery: record({ type: fc.constant('readyForQuery'), status: fc.constantFrom('I', 'T', 'E') }),
  rowDescription: record({
    type: fc.constant('rowDescription'),
    columns: fc.array(
      record({
        name,
        tableOid: oid,
        attribute: int16,
        typeOid: oid,
        typeSize: int16,
        typeModifier: int32,
        format: int16,
      }),
      { maxLength: 5 },
    ),
  }),
};

/** Every startup packet; one that is left out does not compile. */
export const startupPackets: Arbitraries<StartupPacket> = {
  startupMessage: record({
    type: fc.constant('startupMessage'),
    version: fc.integer({ min: 3 << 16, max: (3 << 16) + 0xffff }),
    parameters: fc.array(record({ name: text.filter((given) => given !== ''), value: name }), { maxLength: 6 }),
  }),
  sslRequest: fc.constant({ type: 'sslRequest' }),
  gssEncRequest: fc.constant({ type: 'gssEncRequest' }),
  cancelRequest: record({
    type: fc.constant('cancelRequest'),
    pid: int32,
    key: fc.uint8Array({ minLength: 1, maxLength: 256 }),
  }),
};
