import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Issued, TestAuthority } from '../../packages/gateway/src/identity/certificates.fixture.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { connect, described, knock, refusal } from './connect.ts';
import { entries, nextEntry } from './entries.ts';
import { reload } from './reload.ts';

const user = 'billing-agent';
const connections = ['db'];
const spiffe = 'spiffe://example.com/billing';
const failed = (name: string): string => `28P01 password authentication failed for user "${name}"`;
const directory = mkdtempSync(join(tmpdir(), 'onrecord-certificates-'));
let postgres: Postgres;
let gateway: Gateway;
let authority: TestAuthority;
let billing: Issued;
let second: TestAuthority;

function file(name: string, content: string): string {
  writeFileSync(join(directory, name), content);
  return join(directory, name);
}

/** Writes the lists of both authorities. */
async function revoke(...taken: readonly Issued[]): Promise<string> {
  return file('crl.pem', (await authority.revoke(...taken)) + (await second.revoke()));
}

const identities = {
  tester: { connections },
  [user]: { connections, certificate: { san: spiffe }, login: ['certificate'] },
  'subject-agent': { connections, certificate: { subject: 'CN=subject-agent,O=Example' } },
};

before(async () => {
  authority = await TestAuthority.create('CN=Test clients');
  billing = await authority.issue({ subject: 'CN=anything', names: [{ type: 'url', value: spiffe }] });
  second = await TestAuthority.create('CN=Other test clients');
  const tls = { client_ca: file('ca.pem', authority.pem + second.pem), client_crl: await revoke() };
  postgres = await startPostgres();
  gateway = await startGateway({ postgres, settings: { tls, identities } });
});

after(async () => {
  await gateway?.stop();
  await postgres?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const shown = ({ pem: cert, key }: Issued) => ({ cert, key });

describe('a client with a certificate', () => {
  it('is let in without being asked for anything, and the record says by which', async () => {
    const client = await connect(gateway, { user, ...shown(billing) });
    assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }]);
    await client.end();
    const opened = entries(gateway, 'session_opened').at(-1);
    assert.equal(opened?.method, 'certificate');
    assert.match(opened.credential, /^[0-9a-f]{64}$/);
    assert.equal(opened.credentialExpiresAt, billing.certificate.notAfter.getTime() * 1000);
  });

  it('may have it from any of the authorities, and for ever', async () => {
    const issued = await second.issue({
      subject: 'CN=subject-agent,O=Example',
      notAfter: new Date('9999-12-31T23:59:59Z'),
    });
    await (await connect(gateway, { user: 'subject-agent', password: 'x', ...shown(issued) })).end();
    assert.equal(entries(gateway, 'session_opened').at(-1)?.credentialExpiresAt, Number.MAX_SAFE_INTEGER);
  });

  it('is known by its subject where that is what its identity says', async () => {
    const issued = await authority.issue({ subject: 'O=Example,CN=subject-agent' });
    await (await connect(gateway, { user: 'subject-agent', ...shown(issued) })).end();
    const other = await authority.issue({ subject: 'CN=subject-agent' });
    assert.equal(
      await refusal(connect(gateway, { user: 'subject-agent', password: 'x', ...shown(other) })),
      failed('subject-agent'),
    );
  });

  it('is asked for a token when its certificate is that of somebody else', async () => {
    const password = (await gateway.cli('tokens', 'create', 'subject-agent')).trim();
    await (await connect(gateway, { user: 'subject-agent', password, ...shown(billing) })).end();
    assert.equal(entries(gateway, 'session_opened').at(-1)?.method, 'token');
    await (await connect(gateway, { password: gateway.password, ...shown(billing) })).end();
  });

  it('is not let in as anybody else, nor by a certificate that cannot be trusted', async () => {
    const stranger = await TestAuthority.create('CN=Test clients');
    const names = [{ type: 'url', value: spiffe }] as const;
    const wanted = { subject: 'CN=x', names: [...names] };
    const bad: readonly (readonly [Issued, RegExp])[] = [
      [await stranger.issue(wanted), /its certificate is not trusted \(/],
      [await authority.issue({ ...wanted, notAfter: new Date(Date.now() - 1000) }), /not trusted \(CERT_HAS_EXPIRED\)/],
      [await authority.issue({ ...wanted, usage: 'server' }), /not trusted \(INVALID_PURPOSE\)/],
      [await authority.issue({ subject: 'CN=billing-agent' }), /its certificate is not that of this identity/],
    ];
    for (const [issued, why] of bad) {
      const known = entries(gateway, 'login_refused').length;
      assert.equal(await refusal(connect(gateway, { user, password: 'x', ...shown(issued) })), failed(user));
      assert.match((await nextEntry(gateway, 'login_refused', known)).reason, why);
    }
    for (const name of ['tester', 'nobody', 'subject-agent']) {
      assert.equal(await refusal(connect(gateway, { user: name, password: 'x', ...shown(billing) })), failed(name));
    }
  });

  it('must have its key', async () => {
    const other = await authority.issue({ subject: 'CN=other' });
    await assert.rejects(connect(gateway, { user, cert: billing.pem, key: other.key }));
  });
});

describe('a client without one', () => {
  it('is asked as before', async () => {
    await (await connect(gateway, { password: gateway.password })).end();
  });

  it('is asked like a stranger where nothing else is allowed, and refused', async () => {
    for (const name of [user, 'nobody']) {
      const { client, asked } = await knock(gateway, { user: name });
      client.destroy();
      assert.equal(described(asked), 'SCRAM-SHA-256-PLUS SCRAM-SHA-256');
      const known = entries(gateway, 'login_refused').length;
      assert.equal(await refusal(connect(gateway, { user: name, password: gateway.password })), failed(name));
      const { reason } = await nextEntry(gateway, 'login_refused', known);
      assert.equal(reason.includes('it showed no certificate'), name === user, reason);
    }
  });
});

describe('a certificate that was taken back', () => {
  it('ends its sessions at the next reload, and opens no others', async () => {
    const issued = await authority.issue({ subject: 'CN=y', names: [{ type: 'url', value: spiffe }] });
    const client = await connect(gateway, { user, ...shown(issued) });
    const bystander = await connect(gateway, { user, ...shown(billing) });
    const ended = once(client, 'error') as Promise<[Error & { code?: string; detail?: string }]>;
    await revoke(issued);
    await reload(gateway, () => ({}));
    const [error] = await ended;
    assert.equal(error.code, '57P01');
    assert.match(error.detail ?? '', /its certificate was revoked/);
    await bystander.query('select 1');
    await bystander.end();
    const known = entries(gateway, 'login_refused').length;
    assert.equal(await refusal(connect(gateway, { user, password: 'x', ...shown(issued) })), failed(user));
    assert.match((await nextEntry(gateway, 'login_refused', known)).reason, /not trusted \(CERT_REVOKED\)/);
    await (await connect(gateway, { user, ...shown(billing) })).end();
  });

  it('is not needed to end a session whose identity has another one now', async () => {
    const client = await connect(gateway, { user, ...shown(billing) });
    const ended = once(client, 'error') as Promise<[Error & { detail?: string }]>;
    const other = { connections, certificate: { san: 'spiffe://example.com/other' } };
    await reload(gateway, () => ({ identities: { ...identities, [user]: other } }));
    assert.match((await ended)[0].detail ?? '', /\(certificate\) is not a login of "billing-agent" any more/);
    await reload(gateway, () => ({ identities }));
  });
});
