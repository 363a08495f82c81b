import assert from 'node:assert/strict';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import {
  backendTag,
  decodeBackend,
  encodeFrontend,
  errorFieldText,
  protocolVersion,
  Reader,
  type StartupParameter,
} from '@onrecord/wire';
import { type Postgres, startPostgres } from '../../../tests/support/postgres.ts';
import { postgresAccount } from '../../../tests/support/postgres-binaries.ts';
import { type Certificates, makeCertificates } from './certificates.fixture.ts';
import { DialError } from './dial-error.ts';
import { type DialOptions, dialPostgres, type UpstreamStream } from './dial-postgres.ts';
import { Incoming } from './incoming.ts';
import { sendCancel } from './send-cancel.ts';
import type { Target } from './target.ts';

const timeoutMs = 20_000;
const password = 'correct horse';
/** Typed with a ligature and full-width letters: SASLprep makes `fiABC` of it. */
const typed = '\ufb01\uff21\uff22\uff23';

let server: Postgres;
let withoutTls: Postgres;
let certificates: Certificates;
let directory: string;
const streams: UpstreamStream[] = [];

before(async () => {
  certificates = await makeCertificates();
  directory = mkdtempSync(join(tmpdir(), 'onrecord-connector-'));
  const certificate = join(directory, 'server.crt');
  const key = join(directory, 'server.key');
  writeFileSync(certificate, certificates.server.certificate);
  writeFileSync(key, certificates.server.key, { mode: 0o600 });
  const account = postgresAccount();
  if (account !== undefined)
    for (const path of [directory, certificate, key]) chownSync(path, account.uid, account.gid);
  const hba = [
    'local all all trust',
    'host all trusted all trust',
    'host all md5_user all md5',
    'host all clear_user all password',
    'host all rejected all reject',
    'hostnossl all tls_only all reject',
    'host all all all scram-sha-256',
  ];
  server = await startPostgres({ hba, settings: { ssl: true, ssl_cert_file: certificate, ssl_key_file: key } });
  withoutTls = await startPostgres({ hba });
  for (const postgres of [server, withoutTls]) await prepare(postgres);
});

after(async () => {
  for (const stream of streams) stream.socket.on('error', () => {}).destroy();
  await Promise.all([server?.stop(), withoutTls?.stop()]);
  rmSync(directory, { recursive: true, force: true });
});

/** Roles for each way to log in, and a notice for whoever does. */
async function prepare(postgres: Postgres): Promise<void> {
  const admin = await dial({ ...unixSocket(postgres) }, 'postgres');
  await query(
    admin,
    `SET password_encryption = 'md5'; CREATE ROLE md5_user LOGIN PASSWORD '${password}';
     SET password_encryption = 'scram-sha-256';
     CREATE ROLE trusted LOGIN; CREATE ROLE rejected LOGIN;
     CREATE ROLE clear_user LOGIN PASSWORD '${password}'; CREATE ROLE tls_only LOGIN PASSWORD '${password}';
     CREATE ROLE scram_user LOGIN PASSWORD '${password}'; CREATE ROLE unicode_user LOGIN PASSWORD '${typed}';
     CREATE FUNCTION greet() RETURNS event_trigger LANGUAGE plpgsql AS
       $$ BEGIN IF session_user = 'trusted' THEN RAISE NOTICE 'good morning'; END IF; END $$;
     CREATE EVENT TRIGGER greeting ON login EXECUTE FUNCTION greet()`,
  );
}

function tcp(postgres: Postgres, tls: Target['tls'], more: Partial<Target> = {}): Target {
  return { host: 'localhost', port: postgres.port, tls, ...more };
}

function unixSocket(postgres: Postgres): Target {
  return { host: postgres.socketDirectory, port: postgres.port, tls: 'verify-full' };
}

async function dial(target: Target, user: string, options: Partial<DialOptions> & { version?: number } = {}) {
  const { version = protocolVersion.v3_2, ...rest } = options;
  const parameters = [parameter('user', user), parameter('database', 'postgres')];
  const stream = await dialPostgres(target, { version, parameters }, { timeoutMs, ...rest });
  streams.push(stream);
  return stream;
}

function parameter(name: string, value: string): StartupParameter {
  return { name, value: Buffer.from(value) };
}

/** First column of the first row, as text. */
async function query(stream: UpstreamStream, sql: string): Promise<string | undefined> {
  const { socket } = stream;
  const incoming = new Incoming(socket);
  socket.write(encodeFrontend({ type: 'query', sql: Buffer.from(sql) }).finish());
  let value: string | undefined;
  for (;;) {
    const { tag, body } = await incoming.message();
    const message = decodeBackend(tag, body);
    if (message.type === 'errorResponse') throw new Error(errorFieldText(message.fields, 'message'));
    if (message.type === 'dataRow') value ??= Buffer.from(message.values[0] ?? []).toString();
    if (message.type !== 'readyForQuery') continue;
    assert.equal(incoming.release().length, 0);
    return value;
  }
}

async function failure(attempt: Promise<unknown>): Promise<DialError> {
  try {
    await attempt;
  } catch (error) {
    assert.ok(error instanceof DialError, String(error));
    assert.ok(!`${error.message} ${error.stack}`.includes(password), 'an error holds the password');
    return error;
  }
  return assert.fail('the attempt should have failed');
}

const right = { password: async () => password };

describe('a session', () => {
  test('is handed over paused, without listeners and ready for its first query', async () => {
    const stream = await dial(tcp(server, 'disable'), 'scram_user', right);
    const { socket } = stream;
    assert.equal(socket.isPaused(), true);
    for (const event of ['data', 'end', 'error', 'close', 'readable']) {
      const own = event === 'end' ? 1 : 0; // net.Socket listens for its own end.
      assert.equal(socket.listenerCount(event), own, event);
    }
    assert.equal(stream.rest.length, 0);
    assert.equal(await query(stream, 'SELECT session_user'), 'scram_user');
  });

  test('tells what the server told, in its order and as it came', async () => {
    const stream = await dial(tcp(server, 'disable'), 'trusted');
    assert.match(stream.parameters.get('server_version') ?? '', /^18/);
    assert.equal(stream.parameters.get('session_authorization'), 'trusted');
    const names = stream.parameterStatus.map((bytes) => {
      const message = decodeBackend(backendTag.parameterStatus, new Reader(bytes, 5));
      return message.type === 'parameterStatus' ? message.name : assert.fail();
    });
    assert.deepEqual([...stream.parameters.keys()], names);
    assert.equal(stream.notices.length, 1);
    const notice = decodeBackend(backendTag.noticeResponse, new Reader(stream.notices[0] ?? new Uint8Array(0), 5));
    assert.equal(notice.type === 'noticeResponse' && errorFieldText(notice.fields, 'message'), 'good morning');
    assert.equal(await query(stream, 'SELECT pg_backend_pid()'), String(stream.backendPid));
  });

  test('has a cancel key of four bytes in 3.0 and a longer one in 3.2', async () => {
    const old = await dial(tcp(server, 'disable'), 'trusted', { version: protocolVersion.v3_0 });
    const current = await dial(tcp(server, 'disable'), 'trusted');
    assert.deepEqual([old.protocol, old.cancelKey.length], [protocolVersion.v3_0, 4]);
    assert.deepEqual([current.protocol, current.cancelKey.length], [protocolVersion.v3_2, 32]);
  });

  test('speaks an older version when the server does not know the one that was asked for', async () => {
    const parameters = [parameter('user', 'trusted'), parameter('database', 'postgres'), parameter('_pq_.x', 'y')];
    const version = protocolVersion.v3_2 + 7;
    const stream = await dialPostgres(tcp(server, 'disable'), { version, parameters }, { timeoutMs });
    streams.push(stream);
    assert.equal(stream.protocol, protocolVersion.v3_2);
    assert.deepEqual(stream.unrecognized, ['_pq_.x']);
  });

  test('comes about over a Unix socket, whatever the target says of TLS', async () => {
    const stream = await dial(unixSocket(server), 'scram_user');
    assert.equal(stream.tls, undefined);
    assert.equal(await query(stream, 'SELECT inet_server_addr() IS NULL'), 't');
  });
});

describe('authentication', () => {
  test('does not ask for the password when the server does not', async () => {
    await dial(tcp(server, 'disable'), 'trusted', { password: () => assert.fail('asked') });
  });

  test('by SCRAM, with and without channel binding', async () => {
    const plain = await dial(tcp(server, 'disable'), 'scram_user', right);
    assert.equal(plain.tls, undefined);
    const bound = await dial(tcp(server, 'require'), 'scram_user', right);
    assert.equal(bound.tls, 'TLSv1.3');
    const unoffered = await dial(tcp(withoutTls, 'prefer'), 'scram_user', right);
    assert.equal(unoffered.tls, undefined);
  });

  test('by SCRAM with a password that SASLprep changes, however it is typed', async () => {
    for (const secret of [typed, 'fiABC']) {
      await dial(tcp(server, 'disable'), 'unicode_user', { password: async () => secret });
    }
    const error = await failure(dial(tcp(server, 'disable'), 'unicode_user', { password: async () => 'fiabc' }));
    assert.equal(error.failure.type === 'refused' && error.failure.sqlstate, '28P01');
  });

  test('by MD5', async () => {
    await dial(tcp(server, 'disable'), 'md5_user', right);
  });

  test('in the clear over TLS, over a Unix socket or where the target allows it, and nowhere else', async () => {
    await dial(tcp(server, 'require'), 'clear_user', right);
    await dial(tcp(server, 'disable', { allowCleartext: true }), 'clear_user', right);
    const asked = { password: () => assert.fail('asked') };
    const error = await failure(dial(tcp(server, 'disable'), 'clear_user', asked));
    assert.equal(error.failure.type, 'authentication');
  });

  test("that fails hands over the server's ErrorResponse as it came", async () => {
    const wrong = { password: async () => 'not it' };
    for (const [target, user] of [
      [tcp(server, 'require'), 'scram_user'],
      [tcp(server, 'disable'), 'md5_user'],
      [tcp(server, 'disable'), 'scram_user'],
    ] as const) {
      const error = await failure(dial(target, user, wrong));
      assert.equal(error.failure.type, 'refused');
      if (error.failure.type !== 'refused') continue;
      assert.equal(error.failure.sqlstate, '28P01');
      assert.equal(error.failure.response[0], backendTag.errorResponse);
      const message = decodeBackend(backendTag.errorResponse, new Reader(error.failure.response, 5));
      const text = message.type === 'errorResponse' ? errorFieldText(message.fields, 'message') : undefined;
      assert.equal(text, `password authentication failed for user "${user}"`);
    }
  });

  test('without a password, with an empty one or when it cannot be obtained says which', async () => {
    const target = tcp(server, 'disable');
    assert.equal((await failure(dial(target, 'scram_user'))).failure.type, 'authentication');
    const empty = await failure(dial(target, 'scram_user', { password: async () => '' }));
    assert.equal(empty.failure.type, 'authentication');
    const cause = new Error('no such file');
    const broken = await failure(dial(target, 'scram_user', { password: () => Promise.reject(cause) }));
    assert.equal(broken.failure.type, 'credential');
    assert.equal(broken.cause, cause);
  });
});

describe('TLS', () => {
  test('is used when the server has it, and checked as the mode says', async () => {
    const { ca } = certificates;
    const ok: readonly Target[] = [
      tcp(server, 'prefer'),
      tcp(server, 'require'),
      tcp(server, 'require', { ca, host: '127.0.0.1' }),
      tcp(server, 'verify-ca', { ca, host: '127.0.0.1' }),
      tcp(server, 'verify-full', { ca }),
    ];
    for (const target of ok) {
      const stream = await dial(target, 'scram_user', right);
      assert.ok(stream.socket instanceof TLSSocket);
      assert.equal(await query(stream, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'), 't');
    }
  });

  test('that cannot be trusted ends the attempt before anything is said', async () => {
    const other = (await makeCertificates()).ca;
    const bad: readonly (readonly [Target, string])[] = [
      [tcp(server, 'verify-ca'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [tcp(server, 'verify-ca', { ca: other }), 'CERT_SIGNATURE_FAILURE'],
      [tcp(server, 'require', { ca: other }), 'CERT_SIGNATURE_FAILURE'],
      [tcp(server, 'verify-full', { ca: certificates.ca, host: '127.0.0.1' }), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ];
    for (const [target, code] of bad) {
      const error = await failure(dial(target, 'scram_user', { password: () => assert.fail('asked') }));
      assert.deepEqual(error.failure, { type: 'tls', code }, JSON.stringify(target.tls));
    }
  });

  test('that the server declines is gone without when preferred, and missed when required', async () => {
    const stream = await dial(tcp(withoutTls, 'prefer'), 'scram_user', right);
    assert.equal(stream.tls, undefined);
    for (const mode of ['require', 'verify-ca', 'verify-full'] as const) {
      const error = await failure(dial(tcp(withoutTls, mode), 'scram_user', right));
      assert.deepEqual(error.failure, { type: 'tls', code: 'TLS_DECLINED' });
    }
  });
});

describe('a server that will not have us', () => {
  test('is quoted', async () => {
    const error = await failure(dial(tcp(server, 'disable'), 'rejected'));
    assert.equal(error.failure.type === 'refused' && error.failure.sqlstate, '28000');
  });

  test('is told from one that is not there', async () => {
    const error = await failure(dial({ host: '127.0.0.1', port: 1, tls: 'prefer' }, 'trusted'));
    assert.deepEqual(error.failure, { type: 'unreachable', code: 'ECONNREFUSED' });
    const missing = await failure(dial({ host: '/nowhere', port: 1, tls: 'disable' }, 'trusted'));
    assert.deepEqual(missing.failure, { type: 'unreachable', code: 'ENOENT' });
  });
});

describe('a cancel request', () => {
  for (const [name, target] of [
    ['over TCP', () => tcp(server, 'disable')],
    ['over TLS', () => tcp(server, 'verify-full', { ca: certificates.ca })],
    ['over a Unix socket', () => unixSocket(server)],
  ] as const) {
    test(`${name} ends what the session is doing`, async () => {
      const stream = await dial(target(), 'scram_user', right);
      const cancelled = assert.rejects(
        query(stream, 'SELECT pg_sleep(600)'),
        /canceling statement due to user request/,
      );
      const watcher = await dial(unixSocket(server), 'postgres');
      const active = `SELECT count(*) FROM pg_stat_activity WHERE pid = ${stream.backendPid} AND wait_event = 'PgSleep'`;
      while ((await query(watcher, active)) !== '1');
      await sendCancel(target(), { pid: stream.backendPid, key: stream.cancelKey }, { timeoutMs });
      await cancelled;
    });
  }

  test('with a wrong key resolves all the same, and changes nothing', async () => {
    const stream = await dial(tcp(server, 'disable'), 'trusted');
    const key = stream.cancelKey.map((byte) => byte ^ 1);
    await sendCancel(tcp(server, 'disable'), { pid: stream.backendPid, key }, { timeoutMs });
    assert.equal(await query(stream, 'SELECT 1'), '1');
  });

  test('to a server that is not there fails', async () => {
    const target: Target = { host: '127.0.0.1', port: 1, tls: 'disable' };
    const error = await failure(sendCancel(target, { pid: 1, key: new Uint8Array(4) }, { timeoutMs }));
    assert.deepEqual(error.failure, { type: 'unreachable', code: 'ECONNREFUSED' });
  });
});
