/**
 * Opens the player on a session made by hand: `node scripts/run.mjs run tests/player/play.fixture.ts [STATEMENTS]`.
 * With PLAY_FIXTURE_FAILS the first key is an error that nobody catches.
 */
import { play } from '../../packages/gateway/src/cli/player/player.ts';
import { fixtureRecording, longFixture } from '../../packages/gateway/src/cli/player/recording.fixture.ts';
import { systemClock, withTerminal } from '../../packages/gateway/src/cli/player/terminal.ts';
import { wantsColor } from '../../packages/gateway/src/cli/present/color.ts';

const count = Number(process.argv[2] ?? 0);
const recording = count > 0 ? fixtureRecording(longFixture(count)) : fixtureRecording();
const look = { width: 0, color: wantsColor(process.env, true), timeZone: 'Europe/Berlin' };
if (process.env['PLAY_FIXTURE_FAILS']) {
  process.stdin.once('data', () => {
    throw new Error('made to fail');
  });
}
await withTerminal(process.stdin, process.stdout, (terminal) =>
  play(recording, look, { terminal, clock: systemClock }),
);
