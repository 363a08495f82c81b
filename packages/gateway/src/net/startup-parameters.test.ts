import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StartupMessage } from '@onrecord/wire';
import { protocolOptions, replicationAsked, upstreamParameters } from './startup-parameters.ts';

const parameters = (named: { readonly [name: string]: string }) =>
  Object.entries(named).map(([name, value]) => ({ name, value: Buffer.from(value) }));
const message = (named: { readonly [name: string]: string }): StartupMessage => ({
  type: 'startupMessage',
  version: 196_608,
  parameters: parameters(named),
});
const readable = (list: readonly { readonly name: string; readonly value: Uint8Array }[]) =>
  Object.fromEntries(list.map(({ name, value }) => [name, Buffer.from(value).toString()]));

describe('startup parameters on their way to Postgres', () => {
  it('stay as they are but for what is the gateway to decide', () => {
    const asked = parameters({
      user: 'agent',
      database: 'billing',
      DateStyle: 'ISO',
      '_pq_.x': '1',
      options: '-c a=b',
    });
    const session = { id: '0123456789abcdef', claimedName: undefined, replication: undefined };
    assert.deepEqual(readable(upstreamParameters(asked, session)), {
      DateStyle: 'ISO',
      options: '-c a=b',
      application_name: 'onrecord 0123456789abcdef',
    });
  });

  it('name the session behind what the client calls itself, within what Postgres keeps', () => {
    const name = (claimedName: string) =>
      readable(upstreamParameters([], { id: '0123456789abcdef', claimedName, replication: undefined }))[
        'application_name'
      ];
    assert.equal(name('psql'), 'psql [onrecord 0123456789abcdef]');
    const long = name('x'.repeat(100)) ?? '';
    assert.equal(long.length, 63);
    assert.match(long, /\[onrecord 0123456789abcdef\]$/);
    assert.equal(name('café\n'), 'caf?? [onrecord 0123456789abcdef]');
  });

  it('ask for replication in the words of Postgres', () => {
    for (const value of ['true', 'on', 'yes', '1', 'T'])
      assert.equal(replicationAsked(message({ replication: value })), 'true');
    for (const value of ['false', 'off', 'no', '0'])
      assert.equal(replicationAsked(message({ replication: value })), undefined);
    assert.equal(replicationAsked(message({ replication: 'database' })), 'database');
    assert.equal(replicationAsked(message({})), undefined);
  });

  it('leave options of the protocol to the gateway', () => {
    assert.deepEqual(protocolOptions(message({ user: 'a', '_pq_.command_tag': '1' })), ['_pq_.command_tag']);
  });
});
