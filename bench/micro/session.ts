// Cost of the session core for one statement, without sockets and without a journal: `npm run bench` leaves no room for
// guessing where a microsecond goes, this tells the part that is ours. Run: node scripts/run.mjs run bench/micro/session.ts
import { encodeBackend, encodeFrontend, Writer } from '@onrecord/wire';
import { createSha256 } from '../../packages/gateway/src/net/sha256-digest.ts';
import { Session } from '../../packages/gateway/src/session/session.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const rounds = 200_000;

function createSession(): Session {
  return new Session({
    rows: { max: 1000, bytes: 256 * 1024 },
    messageBytes: 64 << 20,
    createDigest: createSha256,
    sql: { split: () => undefined, redact: () => undefined, effect: () => undefined, traceparent: () => undefined },
    replication: false,
    parameters: new Map(),
  });
}

const column = { name: text('abalance'), tableOid: 16_384, attribute: 3, typeOid: 23, typeSize: 4 };
const result = (writer: Writer): Writer => {
  encodeBackend({ type: 'rowDescription', columns: [{ ...column, typeModifier: -1, format: 0 }] }, writer);
  encodeBackend({ type: 'dataRow', values: [text('0')] }, writer);
  return encodeBackend({ type: 'commandComplete', tag: 'SELECT 1' }, writer);
};
const ready = (writer: Writer): Uint8Array => encodeBackend({ type: 'readyForQuery', status: 'I' }, writer).finish();
const none = new Uint8Array(0);

const cases: { readonly [name: string]: readonly [Uint8Array, Uint8Array] } = {
  simple: [
    encodeFrontend({ type: 'query', sql: text('SELECT abalance FROM pgbench_accounts WHERE aid = 1234567;') }).finish(),
    ready(result(new Writer())),
  ],
  extended: [
    (() => {
      const writer = new Writer();
      const sql = text('SELECT abalance FROM pgbench_accounts WHERE aid = $1;');
      encodeFrontend({ type: 'parse', name: none, sql, parameterTypes: [] }, writer);
      encodeFrontend(
        {
          type: 'bind',
          portal: none,
          statement: none,
          parameterFormats: [],
          parameters: [text('1234567')],
          resultFormats: [],
        },
        writer,
      );
      encodeFrontend({ type: 'describe', target: 'portal', name: none }, writer);
      encodeFrontend({ type: 'execute', portal: none, maxRows: 0 }, writer);
      return encodeFrontend({ type: 'sync' }, writer).finish();
    })(),
    (() => {
      const writer = new Writer();
      encodeBackend({ type: 'parseComplete' }, writer);
      encodeBackend({ type: 'bindComplete' }, writer);
      return ready(result(writer));
    })(),
  ],
};

for (const [name, [query, answer]] of Object.entries(cases)) {
  const session = createSession();
  let entries = 0;
  const run = (count: number): void => {
    for (let at = 0; at < count; at += 1) {
      entries += session.frontend(query, at).entries.length;
      entries += session.backend(answer, at).entries.length;
    }
  };
  run(rounds / 4);
  const start = performance.now();
  run(rounds);
  const us = ((performance.now() - start) * 1000) / rounds;
  console.log(`${name}: ${us.toFixed(2)} µs a statement (${entries} entries)`);
}
