import { frontendTag, ProtocolError } from '@onrecord/wire';
import { ExpectedReply } from '../expected-replies.ts';
import { glance, glanced } from '../sql-glance.ts';
import { takeBind } from './bind.ts';
import { takeClose, takeDescribe } from './describe.ts';
import { takeExecute } from './execute.ts';
import type { FromClient } from './from-client.ts';
import { takeParse } from './parse.ts';

/** Messages of the extended protocol that cause a reply of their own; the server keeps it until Sync or Flush. */
export type ExtendedTag = (typeof frontendTag)['parse' | 'bind' | 'execute' | 'describe' | 'close'];

interface ExtendedMessage {
  readonly take: (from: FromClient) => void;
  readonly to: 'parse' | 'bind' | 'execute' | 'describe' | 'close';
}

const messages: { readonly [Tag in ExtendedTag]: ExtendedMessage } = {
  [frontendTag.parse]: { take: takeParse, to: 'parse' },
  [frontendTag.bind]: { take: takeBind, to: 'bind' },
  [frontendTag.execute]: { take: takeExecute, to: 'execute' },
  [frontendTag.describe]: { take: takeDescribe, to: 'describe' },
  [frontendTag.close]: { take: takeClose, to: 'close' },
};

/** A message of the extended protocol. The server answers one that it cannot read with an error, and so it gets to see it. */
export function takeExtended(from: FromClient, tag: ExtendedTag): void {
  from.inGroup = true;
  try {
    messages[tag].take(from);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    takeMalformed(from, tag);
  }
}

function takeMalformed(from: FromClient, tag: ExtendedTag): void {
  const { to } = messages[tag];
  from.server.forward();
  if (to === 'describe' || to === 'close') return from.server.expect(new ExpectedReply(to));
  const statement = from.arrived.begin(to === 'parse' ? 'prepare' : to);
  const body = from.reader().rest();
  // It cannot be read, and so it cannot be looked through for what must not be kept.
  const mayHoldSecret = from.state.options.redact !== undefined || (glance(body) & glanced.secret) !== 0;
  if (mayHoldSecret) statement.redacted = true;
  else statement.parameters = body;
  from.server.expect(new ExpectedReply(to, { statement }));
}
