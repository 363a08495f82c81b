import { backendTag } from '@onrecord/wire';
import { outOfPlace } from '../backend-framer.ts';
import type { ExpectedReply } from '../expected-replies.ts';
import type { Named } from '../name-table.ts';
import type { Portal, Prepared } from '../open-statement.ts';
import type { FromServer } from './from-server.ts';

const confirms: { readonly [tag: number]: ExpectedReply['to'] } = {
  [backendTag.parseComplete]: 'parse',
  [backendTag.bindComplete]: 'bind',
  [backendTag.closeComplete]: 'close',
};

/** ParseComplete, BindComplete and CloseComplete: a name means what the message has made of it. */
export function takeConfirmation(from: FromServer, head: ExpectedReply): void {
  const { tag } = from.framer;
  if (head.trial === 'parsing' && tag === backendTag.parseComplete) {
    head.trial = 'parsed';
    return;
  }
  if (head.to !== confirms[tag]) throw outOfPlace(tag);
  const { named } = head;
  if (named !== undefined) {
    const { portals, prepared } = from.state;
    const ofPortal = head.to === 'bind' || (head.to === 'close' && head.closes === 'portal');
    if (ofPortal) portals.confirm(named as Named<Portal>);
    else prepared.confirm(named as Named<Prepared>);
  }
  from.next();
}
