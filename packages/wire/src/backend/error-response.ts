import {
  decodeErrorFields,
  type ErrorFieldName,
  type ErrorFields,
  encodeErrorFields,
  errorField,
} from '../error-field.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import { utf8 } from '../utf8.ts';
import type { Writer } from '../writer.ts';

/** Something went wrong. ERROR: the session lives; FATAL and PANIC: it ends. */
export interface ErrorResponse {
  readonly type: 'errorResponse';
  readonly fields: ErrorFields;
}

export type ErrorSeverity = 'ERROR' | 'FATAL' | 'PANIC';
export type NoticeSeverity = 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG';

/** The words of an error or a notice, field by field. */
export type Report<Severity extends string> = {
  readonly [Name in Exclude<ErrorFieldName, 'severity' | 'severityNonLocalized' | 'sqlstate' | 'message'>]?:
    | string
    | undefined;
} & { readonly severity: Severity; readonly sqlstate: string; readonly message: string };

export function decodeErrorResponse(body: Reader): ErrorResponse {
  return { type: 'errorResponse', fields: decodeErrorFields(body) };
}

export function encodeErrorResponse(message: ErrorResponse, writer: Writer): void {
  encodeErrorFields(backendTag.errorResponse, message.fields, writer);
}

/** An ErrorResponse in UTF-8. NULs in the texts, which no field can hold, are left out. */
export function errorResponse(report: Report<ErrorSeverity>): ErrorResponse {
  return { type: 'errorResponse', fields: reportFields(report) };
}

const names = Object.keys(errorField) as ErrorFieldName[];

/** Fields in the order in which Postgres sends them (send_message_to_frontend, backend/utils/error/elog.c). */
export function reportFields(report: Report<string>): ErrorFields {
  const fields = new Map<string, Uint8Array>();
  for (const name of names) {
    const text = name === 'severityNonLocalized' ? report.severity : report[name];
    if (text !== undefined) fields.set(errorField[name], utf8(text.replaceAll('\0', '')));
  }
  return fields;
}
