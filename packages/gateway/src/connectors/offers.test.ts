import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/parse-config.ts';
import { settleOffers } from './offers.ts';

const config = parseConfig(
  [
    'listen: { connectors: 127.0.0.1:0 }',
    'data: .',
    'connections: { billing: { connector: db-eu }, reports: { connector: db-us } }',
  ].join('\n'),
  '/etc/onrecord.yaml',
);

const offer = (name: string) => ({ name, watched: false });

test('a connector serves what names it, and is told of the others why not', () => {
  const { accepted, refused } = settleOffers('db-eu', ['billing', 'reports', 'biling', 'crm'].map(offer), config);
  assert.deepEqual([...accepted.keys()], ['billing']);
  assert.deepEqual(refused, [
    { connection: 'reports', reason: 'the gateway reaches this connection in another way' },
    { connection: 'biling', reason: 'the gateway has no connection of this name; did you mean "billing"?' },
    { connection: 'crm', reason: 'the gateway has no connection of this name' },
  ]);
});

test('of many strange names, the first few are guessed at', () => {
  const offered = Array.from({ length: 1_000 }, (_, at) => offer(`billing-${String.fromCharCode(0x4e00 + at)}`));
  const { refused } = settleOffers('db-eu', offered, config);
  assert.equal(refused.length, 1_000);
  assert.equal(refused.filter(({ reason }) => /did you mean "billing"/.test(reason)).length, 10);
});
