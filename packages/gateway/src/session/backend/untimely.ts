import { backendTag } from '@onrecord/wire';

/** True for messages that come at any time and answer nothing. */
export function isUntimely(tag: number): boolean {
  return (
    tag === backendTag.noticeResponse || tag === backendTag.notificationResponse || tag === backendTag.parameterStatus
  );
}
