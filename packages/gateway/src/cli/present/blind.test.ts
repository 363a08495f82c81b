import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlindSessionView } from '../../store/views.ts';
import { renderBlind } from './blind.ts';

const session: BlindSessionView = {
  index: 1,
  connection: 'billing',
  backendPid: 4711,
  startedAt: 1_700_000_000_000_000,
  firstSeenAt: 1_700_000_000_500_000,
  user: 'billing_app',
  database: 'billing',
  address: '192.168.100.200',
  application: 'nightly-export',
  kind: 'client backend',
  connector: 'db-eu',
  end: { type: 'there' },
};

test('on a narrow terminal, too, it is said in full who came from where', () => {
  for (const width of [60, 80, 100, 160]) {
    const report = { sessions: [session], unseen: [], watches: [], neverWatched: [], damage: undefined };
    const shown = renderBlind(report, { width, color: false, timeZone: 'UTC' });
    assert.ok(shown.includes('billing_app → billing') && shown.includes('192.168.100.200'), shown);
  }
});
