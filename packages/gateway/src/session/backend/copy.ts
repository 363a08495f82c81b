import { Reader } from '@onrecord/wire';
import { outOfPlace } from '../backend-framer.ts';
import type { ExpectedReply } from '../expected-replies.ts';
import type { OpenStatement } from '../open-statement.ts';
import type { SessionState } from '../session-state.ts';
import { StreamFlow } from '../stream-flow.ts';
import type { FromServer } from './from-server.ts';

/** CopyInResponse: the server reads data from now on. */
export function takeCopyIn(from: FromServer, head: ExpectedReply): void {
  const { state } = from;
  const open = from.statement(head);
  begin(from, open, 'in');
  if (!state.expected.doubtSyncs()) state.copyIn = open;
}

/** CopyOutResponse. */
export function takeCopyOut(from: FromServer, head: ExpectedReply): void {
  const open = from.statement(head);
  const columns = begin(from, open, 'out');
  const { guard } = from.state.options;
  if (guard?.masks !== true) return;
  const reader = new Reader(columns);
  reader.skip(1);
  open.copyMask = guard.maskCopy(open.judged, reader.uint16());
}

function begin(from: FromServer, open: OpenStatement, direction: 'in' | 'out'): Uint8Array {
  const columns = from.body().slice();
  open.copies = direction;
  open.columns = columns;
  return columns;
}

/** CopyBothResponse: a replication stream begins. */
export function takeCopyBoth(from: FromServer, head: ExpectedReply): void {
  const { state } = from;
  state.stream = new StreamFlow(from.statement(head), state.options.createDigest);
}

/** CopyData, or a piece of one: of COPY TO STDOUT or of a replication stream. */
export function takeCopyData({ state, framer, capture }: FromServer, open: OpenStatement | undefined): void {
  const { bytes, start, end, first } = framer;
  const { stream } = state;
  if (stream !== undefined) return stream.count('to client', bytes.subarray(start, end), first);
  if (open === undefined) throw outOfPlace(framer.tag);
  capture.row(open, bytes, framer);
}

/** CopyDone. A replication command may go on with a result behind it, without a tag in between (BASE_BACKUP). */
export function takeCopyDone(from: FromServer, head: ExpectedReply): void {
  if (from.state.stream !== undefined) return;
  const open = from.statement(head);
  if (open.kind === 'replication') from.outcomes.part(open, undefined);
}

/** The statement's COPY FROM STDIN, if that is what it was, has come to its end. */
export function leaveCopyIn(state: SessionState, open: OpenStatement): void {
  if (state.copyIn === open) state.copyIn = undefined;
}

/** The replication stream, if one was running, has come to its end. */
export function leaveStream({ state, client }: FromServer): void {
  const { stream } = state;
  if (stream === undefined) return;
  stream.record('to client', client.turn.entries);
  state.stream = undefined;
}
