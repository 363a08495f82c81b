import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DoctorFacts, HbaRule, RoleFacts } from '@onrecord/connector';
import type { ExpectedSession } from '../config/config.ts';
import { examine } from './examine.ts';
import { closingLines, type Examination, isOpen } from './finding.ts';

function rule(line: number, text: string): HbaRule {
  const [type = '', databases = '', users = '', ...rest] = text.split(/\s+/);
  const address = type === 'local' ? undefined : rest.shift();
  const [method = '', ...options] = rest;
  const [base, bits] = (address ?? '').split('/');
  const netmask = bits === undefined ? undefined : maskOf(Number(bits));
  return {
    ...{ file: '/etc/pg_hba.conf', line, type, databases: databases.split(','), users: users.split(',') },
    ...{ address: address === undefined ? undefined : base, netmask, method, options, error: undefined },
  };
}

/** As pg_hba_file_rules shows the mask of IPv4. */
function maskOf(bits: number): string {
  return [0, 8, 16, 24].map((at) => (0xff00 >> Math.max(0, Math.min(8, bits - at))) & 0xff).join('.');
}

function role(name: string, more: Partial<RoleFacts> = {}): RoleFacts {
  return {
    ...{ name, canLogin: true, isSuperuser: false, isBootstrap: false, canReplicate: false, connectionLimit: -1 },
    ...{ validUntil: undefined, hasPassword: undefined, memberOf: [], ...more },
  };
}

const superuser = { isSuperuser: true, isBootstrap: true };
const roles = [role('app'), role('onrecord_watch'), role('postgres', superuser), role('etl', { memberOf: ['jobs'] })];

function examined(
  lines: readonly string[],
  more: Partial<DoctorFacts> & {
    readonly expected?: readonly ExpectedSession[];
    readonly settings?: { readonly [name: string]: string };
  } = {},
): Examination {
  const {
    expected = [],
    settings = { listen_addresses: '*', ssl: 'on', unix_socket_directories: '/tmp' },
    ...facts
  } = more;
  return examine(
    {
      ...{ connection: 'db', server: { version: 180000, loadedAt: 0, settings } },
      ...{ via: { address: '10.0.0.5', tls: true, user: 'onrecord_watch' }, uses: ['app', 'onrecord_watch'] },
      ...{ rules: lines.map((text, i) => rule(i + 1, text)), roles, databases: [], replicas: [], limits: [], ...facts },
    },
    { expected, at: 1_000 },
  );
}

function severities({ findings }: Examination): readonly string[] {
  return findings.map((finding) => `${finding.rule?.line ?? '-'} ${finding.severity} ${finding.roles.join(',')}`);
}

function squeezed(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/\s+/g, ' '));
}

describe('examine', () => {
  it('finds nothing where only the gateway gets in', () => {
    const examination = examined([
      'hostssl all app,onrecord_watch 10.0.0.5/32 scram-sha-256',
      'host all all all reject',
    ]);
    assert.deepEqual(severities(examination), []);
    assert.equal(isOpen(examination), false);
  });

  it('calls it critical when nothing is asked of other machines, and high on the server itself', () => {
    assert.deepEqual(severities(examined(['host all etl 10.0.0.0/8 trust', 'local all etl trust'])), [
      '1 critical etl',
      '2 high etl',
    ]);
  });

  it('calls superusers and the roles of the gateway high, others medium, accounts of the system low', () => {
    const lines = ['host all app all md5', 'host all postgres all md5', 'host all etl all md5', 'local all etl peer'];
    assert.deepEqual(severities(examined(lines)), ['1 high app', '2 high postgres', '3 medium etl', '4 low etl']);
  });

  it('does not call it open that the account of the server gets in over the socket', () => {
    const examination = examined(['local all postgres peer']);
    assert.deepEqual(severities(examination), ['1 note postgres']);
    assert.equal(isOpen(examination), false);
  });

  it('leaves out lines that an earlier one leaves nothing to', () => {
    assert.deepEqual(severities(examined(['host all all all reject', 'hostssl app etl 10.0.0.0/8 trust'])), []);
    assert.deepEqual(severities(examined(['hostssl all all all reject', 'host all etl 10.0.0.0/8 trust'])).length, 1);
    assert.deepEqual(
      severities(examined(['host all all 10.0.0.0/16 reject', 'host all etl 10.0.0.0/8 md5'])).length,
      1,
    );
  });

  it('leaves out what the server does not listen to', () => {
    const settings = { listen_addresses: '', ssl: 'off', unix_socket_directories: '' };
    assert.deepEqual(severities(examined(['host all all all trust', 'local all all trust'], { settings })), []);
    const withoutTls = { listen_addresses: '*', ssl: 'off' };
    assert.deepEqual(severities(examined(['hostssl all all all trust'], { settings: withoutTls })), []);
  });

  it('leaves out roles that cannot get in', () => {
    const away = [
      role('never', { canLogin: false }),
      role('none', { connectionLimit: 0 }),
      role('empty', { hasPassword: false }),
      role('late', { validUntil: 999 }),
      role('in', { validUntil: 1_001 }),
    ];
    assert.deepEqual(severities(examined(['host all all all md5'], { roles: away })), ['1 medium in']);
  });

  it('knows members of groups, and expressions', () => {
    assert.deepEqual(severities(examined(['host all +jobs all md5'])), ['1 medium etl']);
    assert.deepEqual(severities(examined(['host all /^et all md5'])), ['1 medium etl']);
  });

  it('keeps what the file says of the sessions that must go on, in its order, and rejects the rest', () => {
    const examination = examined([
      'local all postgres peer',
      'host secret all all reject',
      'hostssl all,replication all 10.0.0.0/8 scram-sha-256 clientcert=verify-full',
      'host all all all md5',
    ]);
    assert.deepEqual(squeezed(closingLines(examination)), [
      'host secret app 10.0.0.5/32 reject',
      'hostssl all app 10.0.0.5/32 scram-sha-256 clientcert=verify-full',
      'host all app 10.0.0.5/32 md5',
      'host secret onrecord_watch 10.0.0.5/32 reject',
      'hostssl all onrecord_watch 10.0.0.5/32 scram-sha-256 clientcert=verify-full',
      'host all onrecord_watch 10.0.0.5/32 md5',
      'hostssl all all 10.0.0.0/8 reject',
      'host all all all reject',
    ]);
  });

  it('keeps the account of the server in where it closes the socket to others', () => {
    const debian = ['local all postgres peer', 'local all all peer'];
    assert.deepEqual(squeezed(closingLines(examined(debian, { uses: [] }))), [
      'local all postgres peer',
      'local all all reject',
    ]);
    const one = ['local all all peer map=admins'];
    assert.deepEqual(squeezed(closingLines(examined(one, { uses: [] }))), [
      'local all postgres peer map=admins',
      'local all all reject',
    ]);
    assert.equal(isOpen(examined(closingLines(examined(debian)))), false);
    for (const asked of [['local all all md5', 'local all postgres peer'], ['local all all trust']]) {
      assert.deepEqual(squeezed(closingLines(examined(asked, { uses: [] }))), ['local all all reject']);
    }
  });

  it('keeps what is expected, as far as it gets in now', () => {
    const expected = [
      { user: 'etl', address: '10.7.0.0/16' },
      { database: 'app', address: 'local' },
    ];
    const examination = examined(['host all all 10.0.0.0/8 md5', 'local all all md5'], { expected, uses: [] });
    assert.deepEqual(squeezed(examination.keep), ['host all etl 10.7.0.0/16 md5', 'local app all md5']);
  });

  it('does not call open what is expected', () => {
    const expected = [{ user: 'etl', address: '10.0.0.0/8' }];
    assert.deepEqual(severities(examined(['host all etl 10.7.0.0/16 md5'], { expected })), []);
    assert.deepEqual(severities(examined(['host all etl all md5'], { expected })), ['1 medium etl']);
  });

  it('keeps what only the server can work out as it is', () => {
    const { keep } = examined(['host all all samenet reject', 'host all all all md5']);
    assert.deepEqual(squeezed(keep).slice(0, 2), ['host all app samenet reject', 'host all app 10.0.0.5/32 md5']);
  });

  it('proposes no login for roles that a line names, and spares those that are needed', () => {
    const [finding] = examined(['host all app,etl,postgres all md5']).findings;
    assert.deepEqual(finding?.sql, ['ALTER ROLE "etl" NOLOGIN;']);
  });

  it('quotes names', () => {
    const odd = [role('my "role"')];
    const [finding] = examined(['host all all all md5'], {
      roles: odd,
      rules: [{ ...rule(1, 'host all x all md5'), users: ['my "role"'] }],
    }).findings;
    assert.deepEqual(squeezed(finding?.lines ?? []), ['host all "my ""role""" all reject']);
    assert.deepEqual(finding?.sql, ['ALTER ROLE "my ""role""" NOLOGIN;']);
  });

  it('leaves physical replication open, and says who may', () => {
    const standby = role('standby', { canReplicate: true });
    const examination = examined(['host replication all 10.0.0.0/8 md5'], { roles: [...roles, standby] });
    assert.deepEqual(severities(examination), ['1 note postgres,standby']);
    assert.deepEqual(closingLines(examination), []);
    assert.deepEqual(severities(examined(['host replication all 10.0.0.0/8 trust'])), ['1 high postgres']);
  });

  it('says that a line cannot be read, and that sessions run as a superuser', () => {
    const broken = { ...rule(1, 'host all all all md5'), error: 'invalid' };
    const { findings } = examined([], { rules: [broken], uses: ['postgres'] });
    assert.deepEqual(
      findings.map(({ severity }) => severity),
      ['note', 'note'],
    );
  });

  it('is open when something could not be looked at', () => {
    assert.ok(isOpen(examined([], { rules: undefined, limits: ['may not read pg_hba.conf'] })));
  });
});
