import { ExpectedReply } from '../expected-replies.ts';
import type { FromClient } from './from-client.ts';

const portalTarget = 0x50;

/** Describe, of a portal or a prepared statement. */
export function takeDescribe(from: FromClient): void {
  const { state, server } = from;
  const reader = from.reader();
  const ofPortal = reader.uint8() === portalTarget;
  const key = state.nameKey(reader.cstringBytes());
  server.forward();
  const portal = ofPortal ? state.portals.get(key) : undefined;
  const describes = ofPortal ? portal : state.prepared.get(key);
  if (portal !== undefined) portal.described = true;
  server.expect(new ExpectedReply('describe', { describes }));
}

/** Close, of a portal or a prepared statement. */
export function takeClose(from: FromClient): void {
  const { state, server } = from;
  const reader = from.reader();
  const ofPortal = reader.uint8() === portalTarget;
  const key = state.nameKey(reader.cstringBytes());
  server.forward();
  const table = ofPortal ? state.portals : state.prepared;
  state.namings += 1;
  const named = table.put(key, undefined, state.syncs);
  server.expect(new ExpectedReply('close', { named, closes: ofPortal ? 'portal' : 'statement' }));
}
