import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { selfSigned } from '../../packages/connector/src/certificates.fixture.ts';
import { Admin } from '../support/admin.ts';
import { FaultyWire } from '../support/faulty-wire.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { memoryHolds } from '../support/process-memory.ts';
import { type Plaintext, tlsPlaintext } from '../support/tls-plaintext.ts';
import { WireClient } from '../support/wire-client.ts';

/** Nobody else in the world has it. */
const canary = `canary-${randomBytes(12).toString('hex')}`;
const asked = `asked-${randomBytes(8).toString('hex')}`;
const sessionsEach = 8;
/** How the server asks for the password of each role; the connection is encrypted. */
const methods = { canary_scram: 'scram-sha-256', canary_md5: 'md5', canary_plain: 'password' } as const;
const roles = Object.keys(methods);
const linux = { skip: process.platform === 'linux' ? false : 'memory is looked into by /proc' };

describe('the password of a database stays with its connector', { timeout: 600_000 }, () => {
  let postgres: Postgres;
  let gateway: Gateway;
  let wire: FaultyWire;
  let directory: string;
  before(async () => {
    directory = temporaryDirectory('key-log');
    postgres = await startServer();
    const keyLog = join(directory, 'keys');
    gateway = await startGateway({
      postgres,
      via: 'connector',
      connection: {
        tls: 'require',
        roles: roles.map((user) => ({ identities: [`uses_${user}`], user, password: 'env:CANARY' })),
      },
      settings: { identities: Object.fromEntries(['tester', ...roles.map((role) => `uses_${role}`)].map(mayUseIt)) },
      link: {
        env: { CANARY: canary, NODE_OPTIONS: `--tls-keylog=${keyLog}` },
        through: async (address) => {
          wire = await FaultyWire.start(address, { listens: true });
          return wire.address;
        },
      },
    });
    for (const role of roles) await work(gateway, role);
  });
  after(async () => {
    await gateway?.stop();
    await wire?.stop();
    await postgres?.stop();
    removeDirectory(directory);
  });

  it("is in the connector's memory, and not in the gateway's", linux, () => {
    const pid = gateway.connector?.pid() ?? 0;
    assert.ok(memoryHolds(pid, formsOf(canary)), 'the search finds nothing');
    assert.ok(
      memoryHolds(gateway.pid(), [Buffer.from(gateway.configFile)]),
      "nothing is found in the gateway's memory",
    );
    assert.equal(memoryHolds(gateway.pid(), formsOf(canary)), false);
  });

  it('does not cross the link, in which what a session says can be read with its keys', () => {
    const keyLog = readFileSync(join(directory, 'keys'), 'latin1');
    const said = wire.overheard.map((connection) => plaintext(connection, keyLog));
    const all = Buffer.concat(said.flatMap(({ fromClient, fromServer }) => [fromClient, fromServer]));
    const fromGateway = Buffer.concat(said.map(({ fromServer }) => fromServer));
    const fromConnector = Buffer.concat(said.map(({ fromClient }) => fromClient));
    assert.ok(fromGateway.includes(`select '${asked}'`), 'what was asked is not found');
    assert.ok(fromConnector.includes(asked), 'what was answered is not found');
    assert.ok(fromConnector.includes('"type":"enroll"'), 'the enrolment is not found');
    for (const form of formsOf(canary)) assert.equal(all.includes(form), false, form.toString());
    const sent = Buffer.concat(wire.overheard.flatMap(({ fromClient, fromServer }) => [...fromClient, ...fromServer]));
    assert.equal(sent.includes(asked), false, 'the link is not encrypted');
  });

  it('is in no file of the gateway and in no log', () => {
    const log = gateway.log() + (gateway.connector?.log() ?? '');
    for (const form of formsOf(canary)) assert.equal(Buffer.from(log).includes(form), false);
    for (const file of readdirSync(gateway.data, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const content = readFileSync(join(file.parentPath, file.name));
      for (const form of formsOf(canary)) assert.equal(content.includes(form), false, file.name);
    }
  });
});

async function startServer(): Promise<Postgres> {
  const { certificate, key } = await selfSigned({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' });
  const postgres = await startPostgres({
    settings: { ssl: true },
    files: { 'server.crt': certificate, 'server.key': key },
    hba: [
      ...Object.entries(methods).map(([role, method]) => `hostssl all ${role} 127.0.0.1/32 ${method}`),
      'host all all 127.0.0.1/32 scram-sha-256',
    ],
  });
  const admin = await Admin.login(postgres);
  for (const role of roles) {
    const encryption = role === 'canary_md5' ? 'md5' : 'scram-sha-256';
    await admin.query(`set password_encryption = '${encryption}'; create role ${role} login password '${canary}'`);
  }
  admin.close();
  return postgres;
}

function mayUseIt(identity: string): [string, object] {
  return [identity, { connections: ['db'] }];
}

async function work(gateway: Gateway, role: string): Promise<void> {
  const user = `uses_${role}`;
  const password = (await gateway.cli('tokens', 'create', user)).trim();
  for (let session = 0; session < sessionsEach; session += 1) {
    const client = await WireClient.login({ ...gateway, user, password });
    await client.query(`select '${asked}', current_user`);
    await client.close();
  }
  assert.ok((await gateway.cli('sessions', '--json')).includes(`"${role}"`), `nobody worked as ${role}`);
}

/** As it may be held or sent: as a string of either kind, in base64, and in what MD5 makes of it. */
function formsOf(secret: string): readonly Buffer[] {
  const md5 = roles.map((role) => createHash('md5').update(`${secret}${role}`).digest('hex'));
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return [
    Buffer.from(secret),
    Buffer.from(secret, 'utf16le'),
    Buffer.from(base64),
    ...md5.map((hex) => Buffer.from(hex)),
  ];
}

function plaintext(connection: FaultyWire['overheard'][number], keyLog: string): Plaintext {
  const { fromClient, fromServer } = connection;
  return tlsPlaintext({ fromClient: Buffer.concat(fromClient), fromServer: Buffer.concat(fromServer), keyLog });
}
