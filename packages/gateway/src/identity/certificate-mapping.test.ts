import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ConfigError } from '@onrecord/connector/config';
import { isMapped } from './certificate-mapping.ts';
import { TestAuthority, type Wanted } from './certificates.fixture.ts';
import { clientAuthorities } from './client-authorities.ts';

const authority = await TestAuthority.create('CN=Test clients');

async function mapped(wanted: Wanted, type: 'subject' | 'san', name: string): Promise<boolean> {
  return isMapped(new X509Certificate((await authority.issue(wanted)).pem), { type, name });
}

describe('a certificate', () => {
  it('is mapped by its whole subject', async () => {
    const subject = 'CN=billing-agent,O=Example\\, Ltd,C=GB';
    assert.ok(await mapped({ subject }, 'subject', subject));
    assert.ok(await mapped({ subject }, 'subject', 'C=GB, O=Example\\, Ltd, CN=billing-agent'));
    assert.ok(!(await mapped({ subject }, 'subject', 'CN=billing-agent')));
    assert.ok(!(await mapped({ subject: 'CN=billing-agent' }, 'subject', subject)));
    assert.ok(!(await mapped({ subject: 'CN=Billing-agent' }, 'subject', 'CN=billing-agent')));
    assert.ok(!(await mapped({ subject: 'CN=x\\,O=Example' }, 'subject', 'CN=x,O=Example')));
  });

  it('is mapped by one of its names, of the same kind and to the letter', async () => {
    const names = [
      { type: 'url', value: 'spiffe://example.com/billing' },
      { type: 'dns', value: 'agent.example.com' },
      { type: 'email', value: 'agent@example.com' },
    ] as const;
    const wanted = { subject: 'CN=x', names: [...names] };
    for (const { value } of names) assert.ok(await mapped(wanted, 'san', value), value);
    for (const other of ['spiffe://example.com/', 'spiffe://example.com/billing2', 'example.com', 'x', '*', '']) {
      assert.ok(!(await mapped(wanted, 'san', other)), other);
    }
    assert.ok(!(await mapped({ subject: 'CN=agent.example.com' }, 'san', 'agent.example.com')));
  });

  it('cannot smuggle one name in another', async () => {
    const value = 'x.example.com, URI:spiffe://example.com/billing';
    const wanted: Wanted = { subject: 'CN=x', names: [{ type: 'dns', value }] };
    assert.ok(!(await mapped(wanted, 'san', 'spiffe://example.com/billing')));
    const url: Wanted = { subject: 'CN=x', names: [{ type: 'url', value: 'spiffe://a/b, DNS:agent.example.com' }] };
    assert.ok(!(await mapped(url, 'san', 'agent.example.com')));
    assert.ok(!(await mapped(url, 'san', 'spiffe://a/b')));
  });
});

describe('the authorities of clients', () => {
  const directory = mkdtempSync(join(tmpdir(), 'onrecord-authorities-'));
  after(() => rmSync(directory, { recursive: true }));
  const file = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const load = (clientCa: string, clientCrl?: string) =>
    clientAuthorities({
      file: '/etc/onrecord.yaml',
      tls: { mode: 'auto', required: false, clientCa, ...(clientCrl === undefined ? {} : { clientCrl }) },
    });

  it('know which certificates were taken back', async () => {
    const [kept, taken] = [await authority.issue({ subject: 'CN=a' }), await authority.issue({ subject: 'CN=b' })];
    const loaded = await load(file('ca.pem', authority.pem), file('crl.pem', await authority.revoke(taken)));
    assert.equal(loaded?.isRevoked(new X509Certificate(taken.pem)), true);
    assert.equal(loaded?.isRevoked(new X509Certificate(kept.pem)), false);
    assert.equal((await load(file('ca.pem', authority.pem)))?.isRevoked(new X509Certificate(taken.pem)), false);
  });

  it('are refused by the name of the setting when they cannot be read', async () => {
    const ca = file('ca.pem', authority.pem);
    const refused = async (loading: Promise<unknown>, path: string): Promise<void> => {
      await assert.rejects(loading, (error) => error instanceof ConfigError && error.problems[0]?.path === path);
    };
    await refused(load(join(directory, 'none.pem')), 'tls.client_ca');
    await refused(load(file('bad.pem', 'nothing')), 'tls.client_ca');
    await refused(load(ca, ca), 'tls.client_crl');
    const broken = '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n';
    await refused(load(ca, file('broken.pem', broken)), 'tls.client_crl');
    const cut = `${await authority.revoke()}${(await authority.revoke()).slice(0, 100)}`;
    await refused(load(ca, file('cut.pem', cut)), 'tls.client_crl');
  });
});
