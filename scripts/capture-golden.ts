// Captures the golden messages of packages/wire/golden from a live Postgres 18, through a forwarder that keeps what
// passes in both directions. Run it again when a new major version of Postgres is out:
//
//     node scripts/run.mjs run scripts/capture-golden.ts
//
// Process ids, keys, salts and nonces differ from run to run; the kinds of messages should not.
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, connect as openTcp, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import {
  type BackendMessage,
  decodeBackend,
  decodeStartup,
  encodeFrontend,
  encodeStartup,
  Framer,
  type FrontendMessage,
  protocolVersion,
  Reader,
  type StartupPacket,
  startupPacketBytes,
} from '../packages/wire/src/index.ts';
import { type Postgres, startPostgres } from '../tests/support/postgres.ts';

const target = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages', 'wire', 'golden');
const headerBytes = 5;
/** Of roles that exist for the length of the capture. */
const password = 'golden';

/** What passed, in the order of its completion: who sent it, what frames it, its bytes in hex. */
type Line = readonly ['frontend' | 'backend', 'startup' | 'message' | 'answer', string];

/** A forwarder in front of the server that keeps what its connections say. */
class Tap {
  readonly lines: Line[] = [];
  readonly #server: Server;

  constructor(postgres: Postgres) {
    this.#server = createServer((client) => {
      const upstream = openTcp(postgres.port, postgres.host);
      const answers = this.#keep(client, upstream);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
      upstream.on('end', () => client.end());
      client.on('end', () => upstream.end());
      upstream.on('data', (chunk) => {
        answers(chunk);
        client.write(chunk);
      });
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }

  /** Forwards what the client says and returns what takes the server's chunks. */
  #keep(client: Socket, upstream: Socket): (chunk: Uint8Array) => void {
    let head: Uint8Array = new Uint8Array(0);
    let started = false;
    let unanswered = 0;
    const frontend = this.#framed('frontend');
    const backend = this.#framed('backend');
    client.on('data', (chunk) => {
      upstream.write(chunk);
      if (started) return frontend(chunk);
      head = Buffer.concat([head, chunk]);
      for (let length = startupPacketBytes(head); length !== undefined; length = startupPacketBytes(head)) {
        if (head.length < length) return;
        const packet = head.subarray(0, length);
        head = head.subarray(length);
        this.lines.push(['frontend', 'startup', hex(packet)]);
        const { type } = decodeStartup(packet);
        if (type === 'sslRequest' || type === 'gssEncRequest') unanswered += 1;
        started = type === 'startupMessage';
        if (started) return frontend(head);
      }
    });
    return (chunk) => {
      const answer = Math.min(unanswered, chunk.length);
      if (answer > 0) this.lines.push(['backend', 'answer', hex(chunk.subarray(0, answer))]);
      unanswered -= answer;
      backend(chunk.subarray(answer));
    };
  }

  #framed(from: 'frontend' | 'backend'): (chunk: Uint8Array) => void {
    const framer = new Framer({ streams: () => false, maxHeldBytes: () => 1 << 24 });
    return (chunk) => {
      framer.push(chunk);
      while (framer.next()) this.lines.push([from, 'message', hex(framer.bytes.subarray(framer.start, framer.end))]);
    };
  }
}

/** Says what it is told and waits for what it is told to. */
class Script {
  readonly #socket: Socket;
  readonly #framer = new Framer({ streams: () => false, maxHeldBytes: () => 1 << 24 });
  readonly #messages: BackendMessage[] = [];
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
  }

  static async open(port: number): Promise<Script> {
    const socket = openTcp(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Script(socket);
  }

  /** Logs in as a role that is trusted. */
  static async login(port: number, version: number, parameters: { readonly [name: string]: string } = {}) {
    const script = await Script.open(port);
    const all = { user: 'trusted', database: 'postgres', ...parameters };
    const pairs = Object.entries(all).map(([name, value]) => ({ name, value: Buffer.from(value) }));
    script.begin({ type: 'startupMessage', version, parameters: pairs });
    const key = await script.until('backendKeyData');
    await script.until('readyForQuery');
    return { script, key };
  }

  begin(packet: StartupPacket): void {
    this.#socket.write(encodeStartup(packet).finish());
    this.#listen();
  }

  /** For a request that is answered with one byte. */
  async ask(packet: StartupPacket): Promise<void> {
    this.#socket.write(encodeStartup(packet).finish());
    await once(this.#socket, 'data');
  }

  say(...messages: FrontendMessage[]): void {
    this.#socket.write(Buffer.concat(messages.map((message) => encodeFrontend(message).finish())));
  }

  query(sql: string): void {
    this.say({ type: 'query', sql: Buffer.from(sql) });
  }

  /** Takes messages up to one of a type. */
  async until<Type extends BackendMessage['type']>(type: Type): Promise<Extract<BackendMessage, { type: Type }>> {
    for (;;) {
      for (let message = this.#messages.shift(); message !== undefined; message = this.#messages.shift()) {
        if (message.type === type) return message as Extract<BackendMessage, { type: Type }>;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async closed(): Promise<void> {
    if (!this.#socket.closed) await new Promise((resolve) => this.#socket.once('close', resolve).resume());
  }

  async leave(): Promise<void> {
    this.say({ type: 'terminate' });
    await this.closed();
  }

  #listen(): void {
    this.#socket.on('data', (chunk) => {
      this.#framer.push(chunk);
      while (this.#framer.next()) {
        const { tag, bytes, start, end } = this.#framer;
        this.#messages.push(decodeBackend(tag, new Reader(bytes.slice(start, end), headerBytes)));
      }
      this.#wake();
    });
  }
}

const text = (value: string): Uint8Array => Buffer.from(value);
const none = text('');
const { v3_0, v3_2 } = protocolVersion;

/** Each makes one file; `port` is the tap's. */
const sessions: { readonly [name: string]: (port: number) => Promise<void> } = {
  'startup-3.0': async (port) => {
    const { script } = await Script.login(port, v3_0, { application_name: 'golden', client_encoding: 'UTF8' });
    await script.leave();
  },
  'startup-3.2': async (port) => {
    const { script } = await Script.login(port, v3_2);
    await script.leave();
  },
  'startup-negotiated': async (port) => {
    const { script } = await Script.login(port, v3_2 + 1, { '_pq_.golden': 'on' });
    await script.leave();
  },
  'startup-refused': async (port) => {
    const script = await Script.open(port);
    const parameters = [
      { name: 'user', value: text('trusted') },
      { name: 'database', value: text('missing') },
    ];
    script.begin({ type: 'startupMessage', version: v3_0, parameters });
    await script.until('errorResponse');
    await script.closed();
  },
  requests: async (port) => {
    const script = await Script.open(port);
    await script.ask({ type: 'gssEncRequest' });
    await script.ask({ type: 'sslRequest' });
    const parameters = [
      { name: 'user', value: text('trusted') },
      { name: 'database', value: text('postgres') },
    ];
    script.begin({ type: 'startupMessage', version: v3_0, parameters });
    await script.until('readyForQuery');
    await script.leave();
  },
  'cancel-3.0': (port) => cancelled(port, v3_0),
  'cancel-3.2': (port) => cancelled(port, v3_2),
  'authentication-scram': (port) => driven(port, 'scram_user', async () => {}),
  'authentication-md5': (port) => driven(port, 'md5_user', async () => {}),
  'authentication-cleartext': (port) => driven(port, 'clear_user', async () => {}),
  simple: async (port) => {
    const { script } = await Script.login(port, v3_0);
    for (const sql of [
      "SELECT 1 AS one, NULL AS nothing, '' AS empty, 'ü' AS umlaut, oid, relname FROM pg_class WHERE relname = 'pg_type'",
      'BEGIN; SELECT 1; SELECT 2',
      'SELECT 1/0',
      'ROLLBACK',
      '',
      'SET application_name = golden',
      "DO $$ BEGIN RAISE NOTICE 'a notice' USING DETAIL = 'more', HINT = 'do'; END $$",
      'CREATE TABLE golden (id int PRIMARY KEY, t text); INSERT INTO golden VALUES (1, NULL), (2, $$two$$)',
      'INSERT INTO golden VALUES (1)',
      'SELECT * FROM nowhere',
    ]) {
      script.query(sql);
      await script.until('readyForQuery');
    }
    await script.leave();
  },
  extended: async (port) => {
    const { script } = await Script.login(port, v3_2);
    script.say(
      { type: 'parse', name: text('s'), sql: text('SELECT $1::int4, $2::text, $3::bytea'), parameterTypes: [23, 0] },
      { type: 'describe', target: 'statement', name: text('s') },
      { type: 'flush' },
    );
    await script.until('rowDescription');
    script.say(
      {
        type: 'bind',
        portal: text('p'),
        statement: text('s'),
        parameterFormats: [1, 0, 1],
        parameters: [Uint8Array.of(0, 0, 0, 7), null, Uint8Array.of(0, 255)],
        resultFormats: [1],
      },
      { type: 'describe', target: 'portal', name: text('p') },
      { type: 'execute', portal: text('p'), maxRows: 0 },
      { type: 'close', target: 'portal', name: text('p') },
      { type: 'sync' },
    );
    await script.until('readyForQuery');
    const unnamed = { portal: none, statement: none, parameterFormats: [], parameters: [], resultFormats: [] };
    script.say(
      { type: 'parse', name: none, sql: text('SELECT * FROM generate_series(1, 5)'), parameterTypes: [] },
      { type: 'bind', ...unnamed },
      { type: 'execute', portal: none, maxRows: 2 },
      { type: 'execute', portal: none, maxRows: 2 },
      { type: 'execute', portal: none, maxRows: 2 },
      { type: 'parse', name: text('i'), sql: text('SET lc_time TO DEFAULT'), parameterTypes: [] },
      { type: 'describe', target: 'statement', name: text('i') },
      { type: 'close', target: 'statement', name: text('s') },
      { type: 'parse', name: none, sql: text(''), parameterTypes: [] },
      { type: 'bind', ...unnamed },
      { type: 'execute', portal: none, maxRows: 0 },
      { type: 'bind', ...unnamed, statement: text('missing') },
      { type: 'execute', portal: none, maxRows: 0 },
      { type: 'sync' },
    );
    await script.until('readyForQuery');
    await script.leave();
  },
  'driver-pg': (port) =>
    driven(port, 'scram_user', async (client) => {
      await client.query({ name: 'named', text: 'SELECT $1::int + $2::int AS sum', values: [1, 2] });
      await client.query({ name: 'named', text: 'SELECT $1::int + $2::int AS sum', values: [3, null] });
      await client.query('SELECT $1::text, $2::bytea', ['ü', Buffer.of(0, 1)]);
      await client.query('SELECT $1', [{}]).catch(() => {});
      // `rows` is a row limit for Execute: the portal is suspended and executed again.
      const limited: pg.QueryConfig & { readonly rows: number } = {
        text: 'SELECT * FROM generate_series(1, 3)',
        rows: 2,
      };
      await client.query(limited);
    }),
  copy: async (port) => {
    const { script } = await Script.login(port, v3_0);
    script.query('CREATE TEMP TABLE copied (a int, b text); COPY copied FROM STDIN');
    await script.until('copyInResponse');
    script.say(
      { type: 'copyData', data: text('1\tone\n2\t') },
      { type: 'copyData', data: text('\\N\n') },
      { type: 'copyDone' },
    );
    await script.until('readyForQuery');
    script.query('COPY copied FROM STDIN (FORMAT binary)');
    await script.until('copyInResponse');
    script.say({ type: 'copyData', data: text('PGCOPY') }, { type: 'copyFail', reason: text('changed my mind') });
    await script.until('readyForQuery');
    for (const sql of ['COPY copied TO STDOUT', 'COPY copied TO STDOUT (FORMAT binary)']) {
      script.query(sql);
      await script.until('readyForQuery');
    }
    await script.leave();
  },
  'function-call': async (port) => {
    const { script } = await Script.login(port, v3_0);
    const call = {
      type: 'functionCall',
      functionOid: 1598,
      argumentFormats: [],
      arguments: [],
      resultFormat: 0,
    } as const;
    // random() is volatile and takes nothing; int4pl(1, NULL) is strict; ascii('ABC') takes text.
    script.say(call);
    await script.until('readyForQuery');
    script.say({ ...call, functionOid: 177, argumentFormats: [1, 0], arguments: [Uint8Array.of(0, 0, 0, 1), null] });
    await script.until('readyForQuery');
    script.say({ ...call, functionOid: 1620, argumentFormats: [0], arguments: [text('ABC')], resultFormat: 1 });
    await script.until('readyForQuery');
    script.say({ ...call, functionOid: 1 });
    await script.until('readyForQuery');
    await script.leave();
  },
  notifications: async (port) => {
    const { script } = await Script.login(port, v3_0);
    script.query("LISTEN golden; NOTIFY golden; NOTIFY golden, 'payload'");
    await script.until('readyForQuery');
    await script.leave();
  },
  replication: async (port) => {
    const { script } = await Script.login(port, v3_0, { replication: 'true' });
    script.query('IDENTIFY_SYSTEM');
    const row = await script.until('dataRow');
    await script.until('readyForQuery');
    script.query(`START_REPLICATION PHYSICAL ${Buffer.from(row.values[2] ?? none).toString()}`);
    await script.until('copyBothResponse');
    script.say({ type: 'copyDone' });
    await script.until('readyForQuery');
    await script.leave();
  },
};

/** A session that an ordinary driver leads. */
async function driven(port: number, user: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
  await client.connect();
  await work(client);
  await client.end();
}

async function cancelled(port: number, version: number): Promise<void> {
  const { script, key } = await Script.login(port, version);
  // A notice is sent at once; what else a statement says waits for its end.
  script.query("DO $$ BEGIN RAISE NOTICE 'awake'; PERFORM pg_sleep(600); END $$");
  await script.until('noticeResponse');
  const canceller = await Script.open(port);
  canceller.begin({ type: 'cancelRequest', pid: key.pid, key: key.key });
  await canceller.closed();
  await script.until('readyForQuery');
  await script.leave();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const postgres = await startPostgres({
  hba: [
    'local all all trust',
    'host all trusted all trust',
    'host replication trusted all trust',
    'host all md5_user all md5',
    'host all clear_user all password',
    'host all all all scram-sha-256',
  ],
  settings: { wal_level: 'replica', max_wal_senders: 4, password_encryption: 'scram-sha-256' },
});
try {
  const admin = new pg.Client({ host: postgres.socketDirectory, port: postgres.port, user: 'postgres' });
  await admin.connect();
  await admin.query(
    `CREATE ROLE trusted LOGIN SUPERUSER REPLICATION; CREATE ROLE scram_user LOGIN PASSWORD '${password}';
     CREATE ROLE clear_user LOGIN PASSWORD '${password}';
     SET password_encryption = 'md5'; CREATE ROLE md5_user LOGIN PASSWORD '${password}'`,
  );
  const version = (await admin.query<{ server_version: string }>('SHOW server_version')).rows[0]?.server_version;
  await admin.end();
  mkdirSync(target, { recursive: true });
  for (const [name, session] of Object.entries(sessions)) {
    const tap = new Tap(postgres);
    await session(await tap.listen());
    tap.close();
    const head = `# Written by: node scripts/run.mjs run scripts/capture-golden.ts\n# PostgreSQL ${version}\n`;
    const lines = tap.lines.map((line) => `${line.join(' ')}\n`);
    writeFileSync(join(target, `${name}.txt`), head + lines.join(''));
    console.log(`${name}: ${tap.lines.length} messages`);
  }
} finally {
  await postgres.stop();
}
