import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** A NOTIFY on a channel that the session listens to. May come at any time. */
export interface NotificationResponse {
  readonly type: 'notificationResponse';
  /** The backend that notified. */
  readonly pid: number;
  readonly channel: Uint8Array;
  readonly payload: Uint8Array;
}

export function decodeNotificationResponse(body: Reader): NotificationResponse {
  const pid = body.int32();
  const channel = body.cstringBytes();
  const payload = body.cstringBytes();
  body.end();
  return { type: 'notificationResponse', pid, channel, payload };
}

export function encodeNotificationResponse(message: NotificationResponse, writer: Writer): void {
  writer
    .begin(backendTag.notificationResponse)
    .int32(message.pid)
    .cstring(message.channel)
    .cstring(message.payload)
    .end();
}
