import type { ExpectedReply } from '../expected-replies.ts';
import { withheld } from '../withheld.ts';
import type { FromServer } from './from-server.ts';

/** Notices kept of one statement, in bytes. */
const maxNoticeBytes = 64 * 1024;

/** NoticeResponse: part of the statement's outcome while one is under way. */
export function takeNotice(from: FromServer, head: ExpectedReply | undefined): void {
  const said = from.body();
  const body = from.guarded?.report(head, said) ?? said;
  const open = head?.current;
  if (open === undefined || open.ended) return from.record('notice', body);
  if (open.noticeBytes + body.length > maxNoticeBytes) {
    open.noticesDropped += 1;
    return;
  }
  open.noticeBytes += body.length;
  open.notices ??= [];
  open.notices.push(open.redacted ? withheld(body) : body.slice());
}
