import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readYaml } from '@onrecord/connector/settings';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { parseConfig } from '../../packages/gateway/src/config/parse-config.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { connect, refusal } from './connect.ts';
import { entries } from './entries.ts';

const text = readFileSync(join(dirname(dirname(import.meta.dirname)), 'docs', 'identities.md'), 'utf8');
const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block ?? '');
const configurations = blocks.filter((block) => block.includes('identities:'));

it('every configuration in docs/identities.md can be read', () => {
  assert.ok(configurations.length >= 5);
  for (const block of configurations) assert.doesNotThrow(() => parseConfig(block, '/etc/onrecord.yaml'), block);
});

interface Example {
  readonly issuers: { readonly [name: string]: { readonly [setting: string]: unknown } };
  readonly identities: { readonly [name: string]: { readonly [setting: string]: unknown } };
}

function example(mark: string): Example {
  const block = configurations.find((candidate) => candidate.startsWith(`# ${mark}\n`)) ?? assert.fail(mark);
  return readYaml(block).value as Example;
}

describe('a workload that has an identity already', () => {
  const directory = mkdtempSync(join(tmpdir(), 'onrecord-examples-'));
  const nowS = Math.floor(Date.now() / 1000);
  let postgres: Postgres;
  let gateway: Gateway;
  let sign: (claims: object, typ?: string) => Promise<string>;

  before(async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    sign = (claims, typ) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'local', ...(typ === undefined ? {} : { typ }) })
        .sign(privateKey);
    const keys = join(directory, 'keys.json');
    writeFileSync(keys, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'local' }] }));
    postgres = await startPostgres();
    // Their issuers and rules as they are in the text; only the keys are ours, and the connection.
    const both = [example('kubernetes'), example('github')];
    const issuers = both.flatMap(({ issuers: found }) =>
      Object.entries(found).map(([name, { tls_ca, ...issuer }]) => [name, { ...issuer, jwks: `file:${keys}` }]),
    );
    const identities = both.flatMap(({ identities: found }) =>
      Object.entries(found).map(([name, identity]) => [name, { ...identity, connections: ['db'] }]),
    );
    const settings = {
      tls: 'auto',
      issuers: Object.fromEntries(issuers),
      identities: { tester: { connections: ['db'] }, ...Object.fromEntries(identities) },
    };
    gateway = await startGateway({ postgres, settings });
  });

  after(async () => {
    await gateway?.stop();
    await postgres?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The claims of a projected service-account token of Kubernetes 1.32. */
  const kubernetes = (namespace: string, account: string) => ({
    aud: ['onrecord'],
    exp: nowS + 600,
    iat: nowS,
    iss: 'https://kubernetes.default.svc.cluster.local',
    jti: 'd4b7a2a0-0b7e-4c6f-9c0e-5a8b7f4c1e11',
    'kubernetes.io': {
      namespace,
      node: { name: 'node-1', uid: '3f2c6f0a-6f5b-4a6e-8a43-2f6d2d9e4b01' },
      pod: { name: 'agent-5d9c7b6f4-x2x7k', uid: '7a0e5a52-54a8-4b6e-9d38-7a1d3b0e9c02' },
      serviceaccount: { name: account, uid: '0c1d7b1e-21a7-4f0e-b1de-9f2e5c6a7d03' },
    },
    nbf: nowS,
    sub: `system:serviceaccount:${namespace}:${account}`,
  });

  it('logs in from a pod of Kubernetes', async () => {
    const user = 'billing-agent';
    await (await connect(gateway, { user, password: await sign(kubernetes('billing', 'agent')) })).end();
    assert.equal(entries(gateway, 'session_opened').at(-1)?.credential, `cluster/${kubernetes('', '').jti}`);
    for (const [namespace, account] of [
      ['billing', 'other'],
      ['other', 'agent'],
      ['billing', 'agent2'],
    ] as const) {
      assert.match(
        await refusal(connect(gateway, { user, password: await sign(kubernetes(namespace, account)) })),
        /28P01/,
      );
    }
    const forCluster = { ...kubernetes('billing', 'agent'), aud: ['https://kubernetes.default.svc.cluster.local'] };
    assert.match(await refusal(connect(gateway, { user, password: await sign(forCluster) })), /28P01/);
  });

  /** The claims of a token of a GitHub Actions job. */
  const github = (repository: string, ref: string) => ({
    jti: '6f4762ed-0758-4ccb-808d-ee3af5d723a8',
    sub: `repo:${repository}:ref:${ref}`,
    aud: 'onrecord.example.com',
    ref,
    sha: '0f2c6f0a6f5b4a6e8a432f6d2d9e4b0111111111',
    repository,
    repository_owner: 'octo-org',
    repository_owner_id: '65',
    repository_id: '74',
    actor: 'octocat',
    actor_id: '12',
    run_id: '1234567890',
    run_attempt: '1',
    workflow: 'migrate',
    event_name: 'push',
    ref_protected: 'true',
    ref_type: 'branch',
    job_workflow_ref: `${repository}/.github/workflows/migrate.yml@${ref}`,
    runner_environment: 'github-hosted',
    iss: 'https://token.actions.githubusercontent.com',
    nbf: nowS - 300,
    exp: nowS + 600,
    iat: nowS,
  });

  it('logs in from a job of GitHub Actions', async () => {
    const user = 'migrations';
    const password = await sign(github('octo-org/billing', 'refs/heads/main'), 'JWT');
    await (await connect(gateway, { user, password })).end();
    const opened = entries(gateway, 'session_opened').at(-1);
    assert.equal(opened?.onBehalfOf, 'octocat');
    assert.equal(opened.identityKind, 'service');
    const others = [
      github('octo-org/billing', 'refs/heads/feature'),
      github('octo-org/billing-fork', 'refs/heads/main'),
      github('octo-org/billing', 'refs/pull/1/merge'),
      { ...github('octo-org/billing', 'refs/heads/main'), repository_owner_id: '66' },
    ];
    for (const claims of others) {
      assert.match(await refusal(connect(gateway, { user, password: await sign(claims, 'JWT') })), /28P01/, claims.sub);
    }
  });
});
