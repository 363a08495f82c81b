import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExpectedSession } from '../config/config.ts';
import { isExpected, type Stranger } from './expected-session.ts';

const stranger: Stranger = {
  user: 'replicator',
  database: 'billing',
  application: 'walreceiver',
  address: '10.1.2.3',
};

const matches = (entry: ExpectedSession, changes: Partial<Stranger> = {}): boolean =>
  isExpected({ ...stranger, ...changes }, [entry]);

test('every field that an entry gives must match, and the others may be anything', () => {
  assert.equal(matches({ user: 'replicator' }), true);
  assert.equal(matches({ user: 'replicator', database: 'billing', application: 'walreceiver' }), true);
  assert.equal(matches({ user: 'replicator', database: 'other' }), false);
  assert.equal(matches({ user: 'Replicator' }), false);
  assert.equal(matches({ application: 'walreceiver' }, { application: 'walreceiver2' }), false);
  assert.equal(matches({ database: '' }, { database: '' }), true);
});

test('one entry of several is enough, and none lets nobody past', () => {
  assert.equal(isExpected(stranger, [{ user: 'other' }, { address: '10.0.0.0/8' }]), true);
  assert.equal(isExpected(stranger, []), false);
});

test('an address is itself, in a network, or local', () => {
  assert.equal(matches({ address: '10.1.2.3' }), true);
  assert.equal(matches({ address: '10.1.2.4' }), false);
  assert.equal(matches({ address: '10.1.2.0/30' }), true);
  assert.equal(matches({ address: '10.1.2.4/30' }), false);
  assert.equal(matches({ address: '0.0.0.0/0' }), true);
  assert.equal(matches({ address: 'fd00::/8' }, { address: 'fd12::1' }), true);
  assert.equal(matches({ address: '::/0' }, { address: 'fd12::1' }), true);
  assert.equal(matches({ address: 'fd00::1' }, { address: 'fd00:0:0::1' }), true);
  assert.equal(matches({ address: 'fd00::/8' }), false);
});

test('a local session is in no network, and one whose address nobody knows matches no address', () => {
  assert.equal(matches({ address: 'local' }, { address: 'local' }), true);
  assert.equal(matches({ address: 'local' }), false);
  assert.equal(matches({ address: '0.0.0.0/0' }, { address: 'local' }), false);
  assert.equal(matches({ address: '0.0.0.0/0' }, { address: '' }), false);
  assert.equal(matches({ address: 'local' }, { address: '' }), false);
});
