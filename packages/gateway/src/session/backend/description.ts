import { Reader } from '@onrecord/wire';
import { outOfPlace } from '../backend-framer.ts';
import type { ExpectedReply } from '../expected-replies.ts';
import type { Portal, Prepared } from '../open-statement.ts';
import type { SessionState } from '../session-state.ts';
import type { FromServer } from './from-server.ts';

/** Of a column in RowDescription, behind its name: table and attribute; size, modifier and format behind the type. */
const beforeTypeBytes = 6;
const behindTypeBytes = 8;

/** ParameterDescription: the first answer to Describe of a prepared statement. */
export function takeParameterDescription(from: FromServer, head: ExpectedReply): void {
  if (head.to !== 'describe') throw outOfPlace(from.framer.tag);
  const prepared = head.describes;
  if (prepared === undefined || !('parameterTypes' in prepared)) return;
  const reader = new Reader(from.body());
  const types: number[] = [];
  for (let left = reader.uint16(); left > 0; left -= 1) types.push(reader.uint32());
  for (const type of types) from.state.sight(type);
  prepared.parameterTypes = types;
}

/** RowDescription: an answer to Describe, or the beginning of a result. */
export function takeRowDescription(from: FromServer, head: ExpectedReply): void {
  const columns = from.body();
  sightColumns(from.state, columns);
  if (head.to === 'describe') {
    if (head.describes !== undefined) describe(head.describes, columns);
    return from.next();
  }
  const open = from.statement(head);
  // Rules add queries to a statement, and their rows to its answer, with one tag for all of them.
  if (open.columns !== undefined) from.outcomes.part(open, undefined);
  // A view: it is needed until the statement has ended.
  open.columns = columns;
}

/** NoData: an answer to Describe. */
export function takeNoData(from: FromServer, head: ExpectedReply): void {
  if (head.to !== 'describe') throw outOfPlace(from.framer.tag);
  from.next();
}

function sightColumns(state: SessionState, columns: Uint8Array): void {
  const reader = new Reader(columns);
  for (let left = reader.uint16(); left > 0; left -= 1) {
    reader.skipCstring();
    reader.skip(beforeTypeBytes);
    state.sight(reader.uint32());
    reader.skip(behindTypeBytes);
  }
}

/** What may live long gets a copy: a view would keep the whole chunk with it. Most portals end with their transaction. */
function describe(described: Prepared | Portal, columns: Uint8Array): void {
  described.columns = 'parameterTypes' in described || described.held ? columns.slice() : columns;
}
