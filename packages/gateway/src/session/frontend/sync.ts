import { ExpectedReply } from '../expected-replies.ts';
import type { FromClient } from './from-client.ts';

/** Sync: the end of a pipeline, and of what was refused or skipped in it. */
export function takeSync(from: FromClient): void {
  const { state, server } = from;
  server.forward();
  from.inGroup = false;
  state.refusing = false;
  state.skipping = false;
  state.syncs += 1;
  server.expect(new ExpectedReply('sync', { doubtful: state.copyIn !== undefined }));
  server.ask({ cutShort: false });
}
