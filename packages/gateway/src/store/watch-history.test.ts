import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Body, WatchStarted } from '@onrecord/record';
import { isRunning, WatchHistory, type WatchView } from './watch-history.ts';

const gatewayStarted: Body = { type: 'gateway_started', version: '1', configuration: '', pid: 1, host: '', listen: '' };
const gatewayStopped: Body = { type: 'gateway_stopped', reason: 'SIGTERM' };
const recovered: Body = {
  type: 'recovered',
  segment: '',
  entries: 1,
  discardedBytes: 0,
  openSessions: 0,
  openStatements: 0,
};
const watching = (part: Partial<WatchStarted> = {}): Body => ({
  type: 'watch_started',
  connection: 'billing',
  role: 'onrecord_watch',
  backendPid: 1,
  everyMs: 1000,
  ...part,
});
const gap = (reason: string, part: object = {}): Body => ({ type: 'gap', reason, connection: 'billing', ...part });
/** Entries at 1, 2, 3 …, which are their times too. */
function watchOf(...bodies: readonly Body[]): WatchView {
  const history = new WatchHistory();
  for (const [at, body] of bodies.entries()) history.apply({ index: at + 1, at: at + 1, body });
  const [view] = history.views();
  assert.ok(view);
  return view;
}

const times = ({ holes }: WatchView): (readonly [number | undefined, number | undefined, string])[] =>
  holes.map(({ fromAt, untilAt, reason }) => [fromAt, untilAt, reason]);

describe('WatchHistory', () => {
  it('has nobody watching before the first watch', () => {
    const view = watchOf(gatewayStarted, watching());
    assert.deepEqual(times(view), [[undefined, 2, 'nobody watched yet']]);
    assert.ok(isRunning(view));
  });

  it('knows a connection that was to be watched and never was, and why', () => {
    const view = watchOf(gatewayStarted, gap('wrong password'), gap('no route'));
    assert.deepEqual(times(view), [[undefined, undefined, 'no route']]);
    assert.ok(!isRunning(view));
  });

  it('has a hole from a gap to the next start, from when the gap says, for its latest reason', () => {
    const view = watchOf(gatewayStarted, watching(), gap('lost', { fromAt: 2 }), gap('refused'), watching());
    assert.deepEqual(times(view).slice(1), [[2, 5, 'refused']]);
  });

  it('has a hole with both ends without the watch having ended', () => {
    const view = watchOf(gatewayStarted, watching(), gap('overflow', { fromAt: 2, untilAt: 3 }));
    assert.deepEqual(times(view).slice(1), [[2, 3, 'overflow']]);
    assert.ok(isRunning(view));
  });

  it('has a hole of one look where only its end is known', () => {
    const view = watchOf(gatewayStarted, watching({ everyMs: 2 }), gap('counters were reset', { untilAt: 9000 }));
    assert.deepEqual(times(view).slice(1), [[7000, 9000, 'counters were reset']]);
  });

  it('lets a hole that has ended say nothing about one that goes on', () => {
    const view = watchOf(gatewayStarted, watching(), gap('lost'), gap('overflow', { fromAt: 1, untilAt: 2 }));
    assert.deepEqual(times(view).slice(1), [[3, undefined, 'lost']]);
  });

  it('takes no gap of the gateway or of another connection for one of the watch', () => {
    const view = watchOf(gatewayStarted, watching(), { type: 'gap', reason: 'clock' }, gap('x', { connection: 'z' }));
    assert.equal(view.holes.length, 1);
  });

  it('ends each watch with the run of the gateway, however that ended', () => {
    for (const [bodies, reason] of [
      [[gatewayStopped, gatewayStarted], 'the gateway was not running'],
      [[recovered, gatewayStarted], 'the gateway had died'],
      [[gatewayStarted], 'the gateway was not running'],
      [[recovered], 'the gateway had died'],
    ] as const) {
      const view = watchOf(gatewayStarted, watching(), ...bodies);
      assert.deepEqual(times(view).slice(1), [[3, undefined, reason]], reason);
    }
  });

  it('knows no end of what was there before a watch that begins afresh, unless it joins one that watches', () => {
    const handovers = (...bodies: readonly Body[]): (readonly (number | undefined)[])[] =>
      watchOf(...bodies).handovers.map(({ from, hole }) => [from, hole.fromAt, hole.untilAt]);
    const afresh = watching({ afresh: true });
    const first = [gatewayStarted, afresh] as const;
    assert.deepEqual(handovers(...first), [[2, undefined, 2]]);
    assert.deepEqual(handovers(...first, gap('lost'), watching()), [[2, undefined, 2]]);
    assert.deepEqual(handovers(...first, gap('lost'), afresh).slice(1), [[4, 3, 4]]);
    assert.deepEqual(handovers(...first, gatewayStopped, gatewayStarted, afresh).slice(1), [[5, 3, 5]]);
    assert.deepEqual(handovers(...first, afresh), [[2, undefined, 2]]);
  });

  it('keeps the limits of the watch that ran last', () => {
    assert.deepEqual(watchOf(watching({ limits: ['It sees no names.'] })).limits, ['It sees no names.']);
    assert.deepEqual(watchOf(watching({ limits: ['It sees no names.'] }), gap('x'), watching()).limits, []);
  });
});
