import assert from 'node:assert/strict';
import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Admin } from '../../../tests/support/admin.ts';
import { removeDirectory, temporaryDirectory } from '../../../tests/support/leftovers.ts';
import { type Postgres, startPostgres } from '../../../tests/support/postgres.ts';
import { postgresAccount } from '../../../tests/support/postgres-binaries.ts';
import { type Certificates, makeCertificates, type Pair } from './certificates.fixture.ts';
import type { SecretReference } from './config/secret.ts';
import type { Database } from './database.ts';
import { DialError, type DialFailure } from './dial-error.ts';
import { cancelUpstream, type OpenedUpstream, openUpstream, type UpstreamRequest } from './open-upstream.ts';
import { Ours } from './watch/ours.ts';

const secret = 'a password of this test';
let server: Postgres;
let admin: Admin;
let certificates: Certificates;
let directory: string;
const opened: OpenedUpstream[] = [];

before(async () => {
  certificates = await makeCertificates();
  directory = temporaryDirectory('open-upstream');
  const client = await certificates.client('certain');
  const files = { 'server.crt': certificates.server.certificate, 'server.key': certificates.server.key };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text, { mode: 0o600 });
  const account = postgresAccount();
  if (account !== undefined) {
    for (const name of Object.keys(files)) chownSync(join(directory, name), account.uid, account.gid);
  }
  writeFileSync(join(directory, 'ca.crt'), certificates.ca);
  writePair('client', client);
  writePair('stranger', await (await makeCertificates()).client('certain'));
  const path = (name: string): string => join(directory, name);
  server = await startPostgres({
    hba: [
      'local all all trust',
      'hostssl all certain all cert',
      'hostssl all clear all password',
      'host all clear all password',
      'host all md5 all md5',
      'host all all all scram-sha-256',
    ],
    settings: {
      ssl: true,
      ssl_cert_file: path('server.crt'),
      ssl_key_file: path('server.key'),
      ssl_ca_file: path('ca.crt'),
      password_encryption: 'scram-sha-256',
    },
  });
  admin = await Admin.login({ ...server });
  await admin.query(
    `CREATE ROLE app LOGIN PASSWORD '${secret}'; CREATE ROLE finance LOGIN PASSWORD '${secret}';
     CREATE ROLE certain LOGIN; CREATE ROLE clear LOGIN PASSWORD '${secret}';
     SET password_encryption = 'md5'; CREATE ROLE md5 LOGIN PASSWORD '${secret}'`,
  );
});

after(async () => {
  for (const { socket } of opened) socket.on('error', () => {}).destroy();
  admin?.close();
  await server?.stop();
  removeDirectory(directory);
});

function writePair(name: string, { certificate, key }: Pair): void {
  writeFileSync(join(directory, `${name}.crt`), certificate);
  writeFileSync(join(directory, `${name}.key`), key);
}

const env = { SECRET: secret, WRONG: 'something else' };
const fromEnv: SecretReference = { type: 'env', name: 'SECRET' };

function database(more: Partial<Database> = {}): Database {
  return {
    name: 'billing',
    host: 'localhost',
    port: server.port,
    database: 'postgres',
    tls: 'verify-full',
    tlsCa: join(directory, 'ca.crt'),
    certificate: undefined,
    login: { user: 'app', password: fromEnv },
    roles: [],
    watch: undefined,
    ...more,
  };
}

async function open(target: Database, more: Partial<UpstreamRequest> = {}): Promise<OpenedUpstream> {
  const owner = { identity: 'agent', groups: [] };
  const request = { database: undefined, owner, parameters: [], timeoutMs: 20_000, signal: undefined, env };
  const upstream = await openUpstream(target, { ...request, ...more });
  upstream.socket.on('error', () => {});
  opened.push(upstream);
  return upstream;
}

async function fails(target: Database, type: DialFailure['type'], more: Partial<UpstreamRequest> = {}) {
  const error = await open(target, more).then(
    () => assert.fail('it opened'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DialError, String(error));
  assert.equal(error.failure.type, type, error.message);
  assert.ok(
    !`${error.stack} ${(error.cause as Error | undefined)?.stack}`.includes(secret),
    'the error holds a secret',
  );
  return error;
}

describe('the role of a session', () => {
  const roles = [
    { user: 'certain', password: undefined, identities: [], groups: ['nobody'] },
    { user: 'finance', password: fromEnv, identities: ['closer'], groups: ['accounting'] },
  ];

  test('is that of the first rule that names the identity or one of its groups, else the usual one', async () => {
    const owners = [
      [{ identity: 'closer', groups: [] }, 'finance'],
      [{ identity: 'agent', groups: ['x', 'accounting'] }, 'finance'],
      [{ identity: 'accounting', groups: ['closer'] }, 'app'],
    ] as const;
    for (const [owner, role] of owners) {
      const upstream = await open(database({ roles }), { owner });
      assert.equal(upstream.role, role);
      assert.equal(upstream.parameters.get('session_authorization'), role);
    }
  });

  test('is none where there is no usual one, and nothing is dialled', async () => {
    const error = await fails(database({ roles, login: undefined, port: 1 }), 'no role');
    assert.match(error.message, /"billing" has no role for the identity "agent"/);
  });
});

describe('startup parameters', () => {
  const parameter = (name: string, value: string) => ({ name, value: Buffer.from(value) });

  test('do not choose another role, where the server would let anybody in', async () => {
    const trusting = database({ login: { user: 'app', password: undefined }, host: server.socketDirectory });
    const { role, parameters } = await open(trusting, { parameters: [parameter('application_name', 'x')] });
    assert.deepEqual([role, parameters.get('session_authorization')], ['app', 'app']);
    for (const name of ['user', 'database']) {
      const error = await fails(trusting, 'protocol', { parameters: [parameter(name, server.user)] });
      assert.match(error.message, new RegExp(`names the ${name} again`));
    }
  });

  test('that cannot stand in a startup message are refused, and so is such a database', async () => {
    for (const bad of [parameter('', 'x'), parameter('a\0user', 'x'), parameter('application_name', 'x\0user\0y')]) {
      await fails(database({ port: 1 }), 'protocol', { parameters: [bad] });
    }
    await fails(database({ port: 1 }), 'protocol', { database: 'postgres\0' });
  });
});

describe('a password', () => {
  test('is what a command prints, at each session anew', async () => {
    const file = join(directory, 'printed');
    const password: SecretReference = { type: 'exec', command: `cat '${file}' | tr a-z A-Z | tr A-Z a-z` };
    const target = database({ login: { user: 'app', password } });
    writeFileSync(file, `${secret}\n`);
    await open(target);
    writeFileSync(file, 'rotated away\n');
    const error = await fails(target, 'refused');
    assert.equal(error.failure.type === 'refused' && error.failure.sqlstate, '28P01');
  });

  test('that cannot be had is told from a wrong one', async () => {
    const file = join(directory, 'half');
    writeFileSync(file, secret);
    const references: readonly SecretReference[] = [
      { type: 'exec', command: `cat '${file}'; exit 3` },
      { type: 'exec', command: 'true' },
      { type: 'env', name: 'NONE' },
      { type: 'file', path: join(directory, 'none') },
    ];
    for (const password of references) await fails(database({ login: { user: 'app', password } }), 'credential');
    await fails(database({ login: { user: 'app', password: { type: 'env', name: 'WRONG' } } }), 'refused');
  });

  test('goes as MD5 where the server asks for that, and in the clear over TLS only', async () => {
    await open(database({ login: { user: 'md5', password: fromEnv }, tls: 'disable' }));
    await open(database({ login: { user: 'clear', password: fromEnv } }));
    await fails(database({ login: { user: 'clear', password: fromEnv }, tls: 'disable' }), 'authentication');
  });
});

describe('a client certificate', () => {
  const login = { user: 'certain', password: undefined };
  const files = (name: string): Database['certificate'] => ({
    certificate: join(directory, `${name}.crt`),
    key: join(directory, `${name}.key`),
  });

  test('lets a role in without a password', async () => {
    const upstream = await open(database({ login, certificate: files('client') }));
    assert.equal(upstream.parameters.get('session_authorization'), 'certain');
  });

  test('that is missing, or of an authority that the server does not know, does not', async () => {
    await fails(database({ login }), 'refused');
    // In TLS 1.3 the client hears of that behind its handshake.
    const { failure } = await fails(database({ login, certificate: files('stranger') }), 'unreachable');
    assert.match(failure.type === 'unreachable' ? failure.code : '', /ALERT|ECONNRESET|EPIPE/);
  });

  test('that is none, has the key of another one or is not there is a failure of the configuration', async () => {
    writeFileSync(join(directory, 'garbage.crt'), 'no certificate');
    writeFileSync(join(directory, 'garbage.key'), 'no key');
    const mixed = { certificate: join(directory, 'client.crt'), key: join(directory, 'stranger.key') };
    for (const certificate of [files('garbage'), mixed]) {
      const error = await fails(database({ login, certificate }), 'credential');
      assert.match(
        error.message,
        /^the certificate, its key or the authorities for localhost:\d+ cannot be used \(ERR_/,
      );
    }
    const missing = await fails(database({ login, certificate: files('none') }), 'credential');
    assert.match(missing.message, /none\.crt cannot be read \(ENOENT\)/);
  });

  test('is used for cancel requests, too', async () => {
    const target = database({ login, certificate: files('client') });
    const { backendPid: pid, cancelKey: key } = await open(target);
    await cancelUpstream(target, { pid, key });
  });
});

describe('the server', () => {
  test('must have a certificate of the authority that is named, for the name that is dialled', async () => {
    await open(database({ tls: 'verify-ca', host: '127.0.0.1' }));
    await fails(database({ host: '127.0.0.1' }), 'tls');
    writeFileSync(join(directory, 'other.crt'), (await makeCertificates()).ca);
    await fails(database({ tlsCa: join(directory, 'other.crt') }), 'tls');
    writeFileSync(join(directory, 'broken.crt'), '-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n');
    await fails(database({ tlsCa: join(directory, 'broken.crt') }), 'tls');
    rmSync(join(directory, 'broken.crt'));
  });

  test('may be asked for another database than the usual one', async () => {
    assert.equal((await open(database(), { database: 'template1' })).database, 'template1');
  });
});

test('a session is among ours from before its dial until its socket closes, and a dial that failed is not', async () => {
  const ours = new Ours({ monotonicUs: () => Math.round(performance.now() * 1000) });
  const upstream = await open(database(), { ours });
  const [session] = ours.withPid(upstream.backendPid);
  assert.deepEqual([session?.state, session?.user, session?.database], ['open', 'app', 'postgres']);
  upstream.socket.destroy();
  await new Promise((resolve) => upstream.socket.once('close', resolve));
  assert.equal(session?.state, 'closed');
  await fails(database({ port: 1 }), 'unreachable', { ours });
  assert.deepEqual(ours.unsettled(), []);
});
