import { decodeErrorFields, type ErrorFields, encodeErrorFields } from '../error-field.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';
import { type NoticeSeverity, type Report, reportFields } from './error-response.ts';

/** Something worth saying. May come at any time. */
export interface NoticeResponse {
  readonly type: 'noticeResponse';
  readonly fields: ErrorFields;
}

export function decodeNoticeResponse(body: Reader): NoticeResponse {
  return { type: 'noticeResponse', fields: decodeErrorFields(body) };
}

export function encodeNoticeResponse(message: NoticeResponse, writer: Writer): void {
  encodeErrorFields(backendTag.noticeResponse, message.fields, writer);
}

/** A NoticeResponse in UTF-8. NULs in the texts, which no field can hold, are left out. */
export function noticeResponse(report: Report<NoticeSeverity>): NoticeResponse {
  return { type: 'noticeResponse', fields: reportFields(report) };
}
