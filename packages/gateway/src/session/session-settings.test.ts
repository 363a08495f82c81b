import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Effect } from '../sql/analysis.ts';
import { SessionSettings } from './session-settings.ts';
import type { SessionStart } from './session-start.ts';

const start: SessionStart = {
  user: 'agent',
  role: 'agent',
  searchPath: 'app',
  standardConformingStrings: true,
  temporarySchema: 'pg_temp_3',
  settings: { work_mem: '64' },
};

function opened(about: { parameters?: [string, string][]; salt?: string; start?: Partial<SessionStart> } = {}): Told {
  const { parameters = [], salt = 'one' } = about;
  return new Told({ start: { ...start, ...about.start }, parameters: new Map(parameters), salt });
}

/** Is told of statements in short. */
class Told extends SessionSettings {
  does(...effects: Effect[]): this {
    for (const effect of effects) this.apply(effect);
    return this;
  }

  /** The effects of one Query outside of a transaction block. */
  query(...effects: Effect[]): this {
    this.does(...effects).ready('I');
    return this;
  }

  /** The path without what is implied; undefined when it is not known. */
  get path(): string | undefined {
    return this.searchPath?.slice(2).join();
  }
}

const path = (value: string | undefined, local = false): Effect => ({ type: 'set', name: 'search_path', value, local });
const set = (name: string, value: string | undefined): Effect => ({ type: 'set', name, value, local: false });
const local = (value: string): Effect => path(value, true);
const does = (what: Extract<Effect, { type: 'transaction' }>['does']): Effect => ({ type: 'transaction', does: what });
const [begin, commit, rollback] = [does('begin'), does('commit'), does('rollback')];
const [savepoint, rollbackTo] = [does('savepoint'), does('rollback to')];
const anything: Effect = { type: 'anything' };

describe('the search path of a session', () => {
  it('is what it began with, until it is set', () => {
    assert.equal(opened().path, 'app');
    assert.equal(opened().query(path('a, b')).path, 'a,b');
    assert.deepEqual(opened().searchPath, ['pg_temp_3', 'pg_catalog', 'app']);
  });

  it('comes back when its transaction is rolled back, and stays when it commits', () => {
    assert.equal(opened().query(begin).does(path('b')).path, 'b');
    assert.equal(opened().query(begin).does(path('b'), rollback).path, 'app');
    assert.equal(opened().query(begin).does(path('b'), commit).path, 'b');
    assert.equal(opened().query(begin).does(path('b'), does('prepare')).path, 'b');
  });

  it('set locally lasts as long as the transaction, with a block or without', () => {
    assert.equal(opened().query(begin).does(local('b')).path, 'b');
    assert.equal(opened().query(begin).does(local('b'), commit).path, 'app');
    assert.equal(opened().query(begin).does(local('b'), path('c'), commit).path, 'c');
    assert.equal(opened().query(begin).does(path('c'), local('b'), commit).path, 'c');
    assert.equal(opened().does(local('b')).path, 'b');
    assert.equal(opened().query(local('b')).path, 'app');
  });

  it('comes back when a COMMIT finds a failed transaction', () => {
    const settings = opened().query(begin).does(path('b'));
    settings.failed();
    settings.ready('E');
    assert.equal(settings.query(commit).path, 'app');
    const told = opened().query(begin).does(path('b'));
    told.ready('E');
    assert.equal(told.query(commit).path, 'app');
  });

  it('comes back when a later statement of the same Query fails', () => {
    const settings = opened().does(path('b'));
    settings.failed();
    settings.ready('I');
    assert.equal(settings.path, 'app');
    assert.equal(settings.query(path('c')).path, 'c');
  });

  it('comes back when a Query that began without BEGIN rolls back', () => {
    assert.equal(opened().query(path('b'), begin, path('c'), rollback).path, 'app');
  });

  it('goes back to a savepoint, where all that there have been agree', () => {
    assert.equal(opened().query(begin).does(savepoint, path('b'), rollbackTo).path, 'app');
    assert.equal(opened().query(begin).does(path('b'), savepoint, local('c'), rollbackTo).path, 'b');
    assert.equal(opened().query(begin).does(savepoint, savepoint, path('b'), rollbackTo).path, 'app');
    assert.equal(opened().query(begin).does(savepoint, path('b'), savepoint, path('c'), rollbackTo).path, undefined);
    const others = [savepoint, set('timezone', 'UTC'), savepoint, path('c'), rollbackTo];
    assert.equal(
      opened()
        .query(begin)
        .does(...others).path,
      'app',
    );
  });

  it('goes on behind a savepoint of a failed transaction', () => {
    const settings = opened().query(begin).does(path('b'), savepoint);
    settings.failed();
    settings.ready('E');
    settings.does(rollbackTo).ready('T');
    assert.equal(settings.query(commit).path, 'b');
  });

  it('is not known after code that may have set it, until it is set again', () => {
    assert.equal(opened().query(anything).path, undefined);
    assert.equal(opened().query(path(undefined)).path, undefined);
    assert.equal(opened().query(anything).query(path('b')).path, 'b');
    assert.equal(opened().query(begin).does(anything, rollback).path, 'app');
    assert.equal(opened().query(begin).does(anything, commit).path, undefined);
  });

  it('is not known after code that may have committed before it failed', () => {
    const settings = opened();
    settings.failed([anything]);
    settings.ready('I');
    assert.equal(settings.path, undefined);
    const block = opened().query();
    block.does(begin).ready('T');
    block.failed([anything]);
    block.ready('E');
    assert.equal(block.query(rollback).path, 'app');
  });

  it('is as it began after RESET ALL', () => {
    assert.equal(opened().query(path('b'), anything, { type: 'reset all' }).path, 'app');
  });

  it('follows the role where it names the user', () => {
    const settings = opened({ start: { searchPath: '"$user", public' } });
    assert.equal(settings.path, 'agent,public');
    assert.equal(settings.query(set('role', 'other')).path, 'other,public');
    assert.equal(settings.role, 'other');
    assert.equal(settings.query(set('role', 'none')).path, 'agent,public');
    assert.equal(settings.query({ type: 'reset all' }).path, 'agent,public');
    assert.equal(settings.query(set('role', 'x'), set('session_authorization', 'boss')).path, 'boss,public');
    assert.equal(settings.query({ type: 'reset all' }).path, undefined);
    assert.equal(settings.role, undefined);
  });

  it('is what the server reports, where it does', () => {
    const settings = opened({ parameters: [['search_path', 'app']] });
    assert.equal(settings.query(anything).path, 'app');
    settings.reported('search_path', 'b');
    assert.equal(settings.query(anything).path, 'b');
    settings.query(begin).does(local('c'));
    settings.reported('search_path', 'c');
    settings.ready('T');
    assert.equal(settings.path, 'c');
    settings.does(commit);
    settings.reported('search_path', 'b');
    settings.ready('I');
    assert.equal(settings.path, 'b');
  });
});

describe('the fingerprint of settings', () => {
  it('is the same for sessions that began alike and have set the same', () => {
    const one = opened().query(set('datestyle', 'German'), set('timezone', 'UTC'));
    const other = opened({ salt: 'two' }).query(set('timezone', 'UTC'), set('datestyle', 'German'));
    assert.equal(one.fingerprint(), other.fingerprint());
    assert.notEqual(one.fingerprint(), opened().fingerprint());
    assert.notEqual(opened().fingerprint(), opened({ start: { settings: {} } }).fingerprint());
    assert.notEqual(opened().fingerprint(), opened({ start: { role: 'boss' } }).fingerprint());
  });

  it('does not care for how long a statement may take or what the client is called', () => {
    const settings = opened().query(set('statement_timeout', '5'), set('application_name', 'x'));
    assert.equal(settings.fingerprint(), opened().fingerprint());
  });

  it('is one that nothing else has when something is not known', () => {
    const seen = new Set<string>();
    const note = (settings: SessionSettings): unknown => seen.add(settings.fingerprint());
    const settings = opened();
    note(settings);
    note(settings.query(anything));
    note(settings.query(anything));
    note(settings.query(path(undefined)));
    note(settings.query(path(undefined)));
    note(opened({ salt: 'two' }).query(anything));
    assert.equal(seen.size, 6);
    assert.equal(settings.fingerprint(), settings.fingerprint());
  });

  it('is the same again when what was set is set back', () => {
    const settings = opened();
    const before = settings.fingerprint();
    settings.query(begin).does(set('datestyle', 'German'), rollback);
    assert.equal(settings.fingerprint(), before);
    const told = opened({ parameters: [['DateStyle', 'ISO, MDY']] });
    told.query(set('datestyle', 'German'));
    told.reported('DateStyle', 'German, DMY');
    assert.notEqual(told.query().fingerprint(), before);
    told.reported('DateStyle', 'ISO, MDY');
    assert.equal(told.query().fingerprint(), before);
  });

  it('of a fork changes by itself', () => {
    const settings = opened();
    const before = settings.fingerprint();
    const fork = settings.fork();
    fork.apply(path('b'));
    assert.notEqual(fork.fingerprint(), before);
    assert.equal(settings.fingerprint(), before);
    fork.apply(anything);
    settings.apply(anything);
    assert.notEqual(fork.fingerprint(), settings.fingerprint());
  });
});

describe('standard_conforming_strings', () => {
  it('is followed, and else what the server said last', () => {
    const name = 'standard_conforming_strings';
    const settings = opened({ parameters: [[name, 'on']] });
    assert.equal(settings.standardConformingStrings, true);
    settings.apply(set(name, 'off'));
    assert.equal(settings.standardConformingStrings, false);
    settings.reported(name, 'off');
    settings.ready('I');
    settings.apply(anything);
    assert.equal(settings.standardConformingStrings, false);
  });
});

describe('settings that the server reports', () => {
  it('are as reported until a statement sets them, and again when the server has said so', () => {
    const name = 'client_encoding';
    const settings = opened({ parameters: [[name, 'UTF8']] });
    assert.equal(settings.isAsReported(name), true);
    settings.apply(set(name, 'utf-8'));
    assert.equal(settings.isAsReported(name), true, 'in another spelling');
    settings.apply(set(name, 'SJIS'));
    assert.equal(settings.isAsReported(name), false);
    settings.reported(name, 'SJIS');
    settings.ready('I');
    assert.equal(settings.isAsReported(name), true);
    settings.apply(anything);
    assert.equal(settings.isAsReported(name), false);
  });
});

describe('the identity of settings', () => {
  it('is the same as long as none changes, and nothing while the server may have more to say', () => {
    const settings = opened({ parameters: [['DateStyle', 'ISO']] });
    assert.equal(settings.identity, undefined);
    const { identity } = settings.query(begin);
    assert.notEqual(identity, undefined);
    assert.equal(settings.query(commit).identity, identity);
    settings.apply(path('b'));
    assert.equal(settings.identity, undefined);
    const changed = settings.query().identity;
    assert.notEqual(changed, identity);
    settings.reported('DateStyle', 'German');
    assert.equal(settings.identity, undefined);
    assert.notEqual(settings.query().identity, changed);
  });
});
