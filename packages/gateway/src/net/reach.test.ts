import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DialError } from '@onrecord/connector';
import { parseConfig } from '../config/parse-config.ts';
import { NoLink, type RemoteRequest } from '../connectors/connector-gate.ts';
import { Termination } from '../errors.ts';
import { reachUpstream } from './reach.ts';
import type { Upstream, UpstreamRequest, UpstreamTarget } from './upstream.ts';

const config = parseConfig(
  `listen: { connectors: 127.0.0.1:0 }
connections:
  far: { connector: db-eu }
  near: { host: h, database: d, user: u }
`,
  '/etc/onrecord.yaml',
);
const request: UpstreamRequest = { parameters: [], timeoutMs: 1_000, signal: AbortSignal.timeout(60_000) };
const owner = { identity: 'agent', groups: ['finance'] };

function target(name: string): UpstreamTarget {
  const connection = config.connections.get(name);
  assert.ok(connection);
  return { connection, database: 'other', owner };
}

const nowhere = async (): Promise<never> => assert.fail('it was not to be asked');

/** The Termination that comes of what a gate rejects with, and what was logged. */
async function failing(error: Error): Promise<{ readonly failed: Termination; readonly logged: string }> {
  const logged: string[] = [];
  const open = async (): Promise<never> => {
    throw error;
  };
  const dial = reachUpstream({ builtIn: nowhere, gate: { open }, log: (message) => logged.push(message) });
  const failed = await dial(target('far'), request).catch((thrown: unknown) => thrown);
  assert.ok(failed instanceof Termination);
  return { failed, logged: logged.join('\n') };
}

test('a connection is reached the way that its configuration says', async () => {
  const asked: (readonly [string, RemoteRequest])[] = [];
  const upstream = { role: 'r' } as Upstream;
  const dial = reachUpstream({
    builtIn: async () => ({ ...upstream, role: 'near' }),
    gate: {
      open: async (connector, remote) => {
        asked.push([connector, remote]);
        return { ...upstream, role: 'far' } as never;
      },
    },
    log: () => {},
  });
  assert.equal((await dial(target('near'), request)).role, 'near');
  assert.equal((await dial(target('far'), request)).role, 'far');
  assert.deepEqual(asked, [['db-eu', { connection: 'far', database: 'other', owner, ...request }]]);
});

test('without a connector the client may try again, and hears why', async () => {
  const { failed, logged } = await failing(new NoLink('db-eu', { type: 'away', since: 1_700_000_000_000_000 }));
  assert.equal(failed.sqlstate, '57P03');
  assert.match(failed.detail ?? '', /"db-eu" has been away since 2023-11-14T22:13:20/);
  assert.match(failed.hint ?? '', /connectors list/);
  assert.match(logged, /connection "far": the connector "db-eu" is not connected/);
  for (const reason of [{ type: 'away', since: undefined }, { type: 'busy' }, { type: 'not offered' }] as const) {
    assert.equal((await failing(new NoLink('db-eu', reason))).failed.sqlstate, '57P03', reason.type);
  }
});

test('what a connector could not do is told as if this process had tried', async () => {
  const cases = [
    [new DialError({ type: 'unreachable', code: 'ECONNREFUSED' }, 'could not connect'), '08006'],
    [new DialError({ type: 'authentication' }, 'a password of postgres'), '08004'],
    [new DialError({ type: 'no role' }, 'no role'), '42501'],
  ] as const;
  for (const [error, sqlstate] of cases) {
    const { failed, logged } = await failing(error);
    assert.equal(failed.sqlstate, sqlstate);
    assert.ok(!`${failed.message} ${failed.detail} ${failed.hint}`.includes('password'));
    assert.match(logged, /connection "far", connector "db-eu": /);
  }
});

test('a mistake is not told to a client as something else', async () => {
  const dial = reachUpstream({
    builtIn: nowhere,
    gate: { open: () => Promise.reject(new TypeError('a mistake')) },
    log: () => {},
  });
  await assert.rejects(dial(target('far'), request), TypeError);
});
