import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DoctorFacts, HbaRule } from '@onrecord/connector';
import { ControlServer } from '../../control/control-server.ts';
import { Refusal } from '../../errors.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

const role = {
  ...{ canLogin: true, isSuperuser: false, isBootstrap: false, canReplicate: false, connectionLimit: -1 },
  ...{ validUntil: undefined, hasPassword: undefined, memberOf: [] },
};
const rule: HbaRule = {
  ...{ file: '/etc/pg_hba.conf', line: 7, type: 'host', databases: ['all'], users: ['all'], address: 'all' },
  ...{ netmask: undefined, method: 'trust', options: [], error: undefined },
};
const facts: DoctorFacts = {
  ...{ connection: 'billing', server: { version: 180000, loadedAt: 0, settings: { listen_addresses: '*' } } },
  ...{ via: { address: '10.0.0.5', tls: true, user: 'onrecord_watch' }, uses: ['app'], rules: [rule] },
  ...{
    roles: [
      { ...role, name: 'app' },
      { ...role, name: 'eve\u001b[2J' },
    ],
    databases: [],
    replicas: [],
    limits: [],
  },
};

describe('onrecord doctor', () => {
  let cwd: string;
  let answer: () => Promise<DoctorFacts> = async () => facts;
  let control: ControlServer;

  before(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'onrecord-doctor-'));
    mkdirSync(join(cwd, 'data'));
    writeFileSync(
      join(cwd, 'onrecord.yaml'),
      [
        'connections:',
        '  billing: { host: h, database: billing, user: app, watch: { user: w, allow: [ { user: app } ] } }',
        '  reports: { host: h, database: reports, user: reader }',
        '',
      ].join('\n'),
    );
    control = new ControlServer({ dataDirectory: join(cwd, 'data'), answer: () => answer(), log: () => {} });
    await control.listen();
  });
  after(async () => {
    await control.close();
    rmSync(cwd, { recursive: true });
  });

  const run = (...args: readonly string[]): Promise<Ran> => runCommand(['doctor', ...args], { cwd });

  it('prints what is open and the lines that close it', async () => {
    answer = async () => facts;
    const { stdout, code } = await run('billing');
    assert.equal(code, 1);
    assert.match(stdout, /^1 open route past the gateway to "billing"\n\ncritical\n/);
    assert.match(
      stdout,
      /^note\n {2}the connection "reports" reaches the same server as "reader", which the proposed lines/m,
    );
    assert.match(stdout, /\/etc\/pg_hba\.conf:7: host +all +all +all +trust/);
    assert.match(stdout, /^Nobody else gets in then: an administrator whom they do not name needs a line/m);
    assert.match(
      stdout,
      /host +all +app +10\.0\.0\.5\/32 +trust\nhost +all +app +all +trust\nhost +all +all +all +reject\n$/,
    );
    assert.ok(!stdout.includes('\u001b'), 'names cannot steer the terminal');
  });

  it('prints one object with --json', async () => {
    answer = async () => facts;
    const { stdout, code } = await run('billing', '--json');
    const { connection, open, findings, keep, limits } = JSON.parse(stdout);
    assert.deepEqual([code, connection, open, findings.length, keep.length, limits], [1, 'billing', true, 2, 2, []]);
    assert.deepEqual(
      findings.map(({ severity }: { severity: string }) => severity),
      ['critical', 'note'],
    );
  });

  it('ends with 0 when nothing is open', async () => {
    answer = async () => ({ ...facts, rules: [{ ...rule, method: 'reject' }] });
    const { stdout, code } = await run('billing');
    assert.deepEqual([stdout, code], ['Nobody gets past the gateway to "billing"\n', 0]);
  });

  it('ends with 1 when it could not look', async () => {
    answer = async () => ({ ...facts, rules: undefined, limits: ['the role "w" may not read pg_hba.conf'] });
    const { stdout, code } = await run('billing');
    assert.equal(code, 1);
    assert.match(stdout, /^It could not be found out .*\n {2}not looked at: the role "w" may not read pg_hba\.conf\n/);
  });

  it('says why the gateway could not ask', async () => {
    answer = async () => {
      throw new Refusal('55000', 'nobody watches "billing" now');
    };
    const { stderr, code } = await run('billing');
    assert.deepEqual([stderr, code], ['onrecord: nobody watches "billing" now\n', 1]);
  });

  it('knows the connections of the configuration', async () => {
    const { stderr, code } = await run('biling');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /there is no connection "biling" in .*did you mean "billing"\?\nThere are: billing, reports\./,
    );
  });

  it('says that no gateway runs', async () => {
    await control.close();
    const { stderr, code } = await run('billing');
    assert.equal(code, 1);
    assert.match(stderr, /no gateway runs on this configuration.*\nStart it with `onrecord gateway`\./);
  });
});
