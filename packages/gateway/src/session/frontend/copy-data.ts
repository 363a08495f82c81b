import { frontendTag } from '@onrecord/wire';
import type { CopyInCapture } from '../copy-in-capture.ts';
import { ExpectedReply } from '../expected-replies.ts';
import type { OpenStatement } from '../open-statement.ts';
import type { SessionState } from '../session-state.ts';
import { untilNul } from '../until-nul.ts';
import type { FromClient } from './from-client.ts';

/** CopyData, or a piece of one: data of COPY FROM STDIN, which may come before the server has asked for it. */
export function takeCopyData({ state, framer, server }: FromClient, copies: CopyInCapture): void {
  server.forward();
  state.expected.sentData();
  const { bytes, start, end, first, last } = framer;
  const target = copyTarget(state);
  if (target === undefined) return;
  server.commit();
  copies.data(target, bytes.subarray(start, end), { first, last, entries: server.turn.entries });
}

/** CopyDone or CopyFail. */
export function takeCopyEnd(from: FromClient, copies: CopyInCapture): void {
  const { state, framer, server } = from;
  server.forward();
  state.expected.sentData();
  const target = copyTarget(state);
  const reply = state.expected.newestToCopy;
  if (reply !== undefined) reply.copyEnds += 1;
  if (target !== undefined) {
    server.commit();
    const failure = framer.tag === frontendTag.copyFail ? untilNul(from.reader().rest()) : undefined;
    copies.end(target, failure, server.turn.entries);
  }
  if (state.copyIn === undefined && state.expected.length > 0) state.expected.push(new ExpectedReply('copy end'));
  state.copyIn = undefined;
}

function copyTarget({ copyIn, expected }: SessionState): OpenStatement | undefined {
  return copyIn ?? expected.newestToCopy?.copies;
}
