import { type CopyData, decodeCopyData, encodeCopyData } from '../copy/copy-data.ts';
import { type CopyDone, decodeCopyDone, encodeCopyDone } from '../copy/copy-done.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import { Writer } from '../writer.ts';
import { type Authentication, decodeAuthentication, encodeAuthentication } from './authentication.ts';
import { type BackendKeyData, decodeBackendKeyData, encodeBackendKeyData } from './backend-key-data.ts';
import { type BindComplete, decodeBindComplete, encodeBindComplete } from './bind-complete.ts';
import { type CloseComplete, decodeCloseComplete, encodeCloseComplete } from './close-complete.ts';
import { type CommandComplete, decodeCommandComplete, encodeCommandComplete } from './command-complete.ts';
import { type CopyBothResponse, decodeCopyBothResponse, encodeCopyBothResponse } from './copy-both-response.ts';
import { type CopyInResponse, decodeCopyInResponse, encodeCopyInResponse } from './copy-in-response.ts';
import { type CopyOutResponse, decodeCopyOutResponse, encodeCopyOutResponse } from './copy-out-response.ts';
import { type DataRow, decodeDataRow, encodeDataRow } from './data-row.ts';
import { decodeEmptyQueryResponse, type EmptyQueryResponse, encodeEmptyQueryResponse } from './empty-query-response.ts';
import { decodeErrorResponse, type ErrorResponse, encodeErrorResponse } from './error-response.ts';
import {
  decodeFunctionCallResponse,
  encodeFunctionCallResponse,
  type FunctionCallResponse,
} from './function-call-response.ts';
import {
  decodeNegotiateProtocolVersion,
  encodeNegotiateProtocolVersion,
  type NegotiateProtocolVersion,
} from './negotiate-protocol-version.ts';
import { decodeNoData, encodeNoData, type NoData } from './no-data.ts';
import { decodeNoticeResponse, encodeNoticeResponse, type NoticeResponse } from './notice-response.ts';
import {
  decodeNotificationResponse,
  encodeNotificationResponse,
  type NotificationResponse,
} from './notification-response.ts';
import {
  decodeParameterDescription,
  encodeParameterDescription,
  type ParameterDescription,
} from './parameter-description.ts';
import { decodeParameterStatus, encodeParameterStatus, type ParameterStatus } from './parameter-status.ts';
import { decodeParseComplete, encodeParseComplete, type ParseComplete } from './parse-complete.ts';
import { decodePortalSuspended, encodePortalSuspended, type PortalSuspended } from './portal-suspended.ts';
import { decodeReadyForQuery, encodeReadyForQuery, type ReadyForQuery } from './ready-for-query.ts';
import { decodeRowDescription, encodeRowDescription, type RowDescription } from './row-description.ts';

/** Every message that a backend sends. */
export type BackendMessage =
  | Authentication
  | BackendKeyData
  | BindComplete
  | CloseComplete
  | CommandComplete
  | CopyBothResponse
  | CopyData
  | CopyDone
  | CopyInResponse
  | CopyOutResponse
  | DataRow
  | EmptyQueryResponse
  | ErrorResponse
  | FunctionCallResponse
  | NegotiateProtocolVersion
  | NoData
  | NoticeResponse
  | NotificationResponse
  | ParameterDescription
  | ParameterStatus
  | ParseComplete
  | PortalSuspended
  | ReadyForQuery
  | RowDescription;

type Decode = (body: Reader) => BackendMessage;

const decoders: { readonly [Name in keyof typeof backendTag]: Decode } = {
  authentication: decodeAuthentication,
  backendKeyData: decodeBackendKeyData,
  bindComplete: decodeBindComplete,
  closeComplete: decodeCloseComplete,
  commandComplete: decodeCommandComplete,
  copyBothResponse: decodeCopyBothResponse,
  copyData: decodeCopyData,
  copyDone: decodeCopyDone,
  copyInResponse: decodeCopyInResponse,
  copyOutResponse: decodeCopyOutResponse,
  dataRow: decodeDataRow,
  emptyQueryResponse: decodeEmptyQueryResponse,
  errorResponse: decodeErrorResponse,
  functionCallResponse: decodeFunctionCallResponse,
  negotiateProtocolVersion: decodeNegotiateProtocolVersion,
  noData: decodeNoData,
  noticeResponse: decodeNoticeResponse,
  notificationResponse: decodeNotificationResponse,
  parameterDescription: decodeParameterDescription,
  parameterStatus: decodeParameterStatus,
  parseComplete: decodeParseComplete,
  portalSuspended: decodePortalSuspended,
  readyForQuery: decodeReadyForQuery,
  rowDescription: decodeRowDescription,
};

const encoders: {
  readonly [Type in BackendMessage['type']]: (message: Extract<BackendMessage, { type: Type }>, writer: Writer) => void;
} = {
  authentication: encodeAuthentication,
  backendKeyData: encodeBackendKeyData,
  bindComplete: encodeBindComplete,
  closeComplete: encodeCloseComplete,
  commandComplete: encodeCommandComplete,
  copyBothResponse: encodeCopyBothResponse,
  copyData: encodeCopyData,
  copyDone: encodeCopyDone,
  copyInResponse: encodeCopyInResponse,
  copyOutResponse: encodeCopyOutResponse,
  dataRow: encodeDataRow,
  emptyQueryResponse: encodeEmptyQueryResponse,
  errorResponse: encodeErrorResponse,
  functionCallResponse: encodeFunctionCallResponse,
  negotiateProtocolVersion: encodeNegotiateProtocolVersion,
  noData: encodeNoData,
  noticeResponse: encodeNoticeResponse,
  notificationResponse: encodeNotificationResponse,
  parameterDescription: encodeParameterDescription,
  parameterStatus: encodeParameterStatus,
  parseComplete: encodeParseComplete,
  portalSuspended: encodePortalSuspended,
  readyForQuery: encodeReadyForQuery,
  rowDescription: encodeRowDescription,
};

const byTag: readonly (Decode | undefined)[] = Array.from({ length: 256 }, (_, tag) => {
  const names = Object.keys(decoders) as (keyof typeof decoders)[];
  const name = names.find((key) => backendTag[key] === tag);
  return name === undefined ? undefined : decoders[name];
});

/**
 * Decodes the body of one message. Byte ranges of the result are views of the Reader's bytes. Throws a ProtocolError
 * for an unknown tag and for a body whose fields do not fill it exactly, as libpq does (pqParseInput3).
 */
export function decodeBackend(tag: number, body: Reader): BackendMessage {
  const decode = byTag[tag];
  if (decode === undefined) throw new ProtocolError(`invalid backend message type ${tag}`);
  return decode(body);
}

/** Appends one message to `writer`, a new one by default, and returns it. */
export function encodeBackend(message: BackendMessage, writer: Writer = new Writer()): Writer {
  const encode = encoders[message.type] as (message: BackendMessage, writer: Writer) => void;
  encode(message, writer);
  return writer;
}
