import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { naiveSql } from '../session/session.fixture.ts';
import { systemClock } from './clock.ts';
import { ManualRecorder } from './manual-recorder.fixture.ts';
import { TypeLearner } from './type-learner.ts';
import type { UpstreamRequest, UpstreamTarget } from './upstream.ts';

/** A server that never answers: each attempt to reach it is at hand. */
class Silence {
  readonly attempts: { readonly request: UpstreamRequest; readonly refuse: () => void }[] = [];
  readonly log: string[] = [];
  readonly learner: TypeLearner = new TypeLearner({
    recorder: new ManualRecorder(),
    clock: systemClock(),
    sql: naiveSql,
    timeoutMs: 60_000,
    configuration: () => '',
    log: (message) => this.log.push(message),
    dial: (_target, request) =>
      new Promise((_resolve, reject) => {
        this.attempts.push({ request, refuse: () => reject(new Error('nobody is there')) });
      }),
  });
}

const target = { connection: { name: 'db' }, database: 'postgres' } as UpstreamTarget;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('learning types', () => {
  it('asks in one session for all that came up while another was open', async () => {
    const { learner, attempts, log } = new Silence();
    learner.learn(target, [20_000]);
    for (let type = 20_001; type < 20_500; type += 1) learner.learn(target, [type]);
    assert.equal(attempts.length, 1);
    attempts[0]?.refuse();
    await turn();
    assert.equal(attempts.length, 2);
    attempts[1]?.refuse();
    await turn();
    assert.equal(attempts.length, 2);
    assert.equal(log.length, 2);
  });

  it('asks once, and again only when it failed', async () => {
    const { learner, attempts } = new Silence();
    learner.learn(target, [20_000]);
    learner.learn(target, [20_000]);
    attempts[0]?.refuse();
    await turn();
    assert.equal(attempts.length, 1);
    learner.learn(target, [20_000]);
    assert.equal(attempts.length, 2);
  });

  it('does not keep the gateway from ending', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { learner, attempts } = new Silence();
    learner.learn(target, [20_000]);
    const closed = learner.close();
    const { request, refuse } = attempts[0] as (typeof attempts)[0];
    request.signal.addEventListener('abort', refuse);
    assert.equal(request.signal.aborted, false);
    context.mock.timers.tick(5_000);
    assert.equal(request.signal.aborted, true);
    await closed;
  });
});
