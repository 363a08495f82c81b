/**
 * The Postgres wire protocol 3.0 and 3.2, both directions. Opens no socket, reads no clock, draws no random numbers.
 *
 * Texts whose encoding only the session knows are bytes (SQL, names, values, error fields). What is decoded refers to
 * the bytes it was decoded from; whoever keeps a part keeps the whole, or copies.
 */
export type { Authentication } from './backend/authentication.ts';
export type { BackendKeyData } from './backend/backend-key-data.ts';
export { type BackendMessage, decodeBackend, encodeBackend } from './backend/backend-message.ts';
export type { BindComplete } from './backend/bind-complete.ts';
export type { CloseComplete } from './backend/close-complete.ts';
export type { CommandComplete } from './backend/command-complete.ts';
export type { CopyBothResponse } from './backend/copy-both-response.ts';
export type { CopyInResponse } from './backend/copy-in-response.ts';
export type { CopyOutResponse } from './backend/copy-out-response.ts';
export type { DataRow } from './backend/data-row.ts';
export type { EmptyQueryResponse } from './backend/empty-query-response.ts';
export {
  type ErrorResponse,
  type ErrorSeverity,
  errorResponse,
  type NoticeSeverity,
  type Report,
} from './backend/error-response.ts';
export type { FunctionCallResponse } from './backend/function-call-response.ts';
export type { NegotiateProtocolVersion } from './backend/negotiate-protocol-version.ts';
export type { NoData } from './backend/no-data.ts';
export { type NoticeResponse, noticeResponse } from './backend/notice-response.ts';
export type { NotificationResponse } from './backend/notification-response.ts';
export type { ParameterDescription } from './backend/parameter-description.ts';
export type { ParameterStatus } from './backend/parameter-status.ts';
export type { ParseComplete } from './backend/parse-complete.ts';
export type { PortalSuspended } from './backend/portal-suspended.ts';
export type { ReadyForQuery, TransactionStatus } from './backend/ready-for-query.ts';
export type { ColumnDescription, RowDescription } from './backend/row-description.ts';
export type { CopyData } from './copy/copy-data.ts';
export type { CopyDone } from './copy/copy-done.ts';
export { type ErrorFieldName, type ErrorFields, errorField, errorFieldText } from './error-field.ts';
export { Framer, type FramerOptions } from './framer.ts';
export type { Bind } from './frontend/bind.ts';
export type { Close } from './frontend/close.ts';
export type { CopyFail } from './frontend/copy-fail.ts';
export type { Describe } from './frontend/describe.ts';
export type { Execute } from './frontend/execute.ts';
export type { Flush } from './frontend/flush.ts';
export {
  decodeFrontend,
  encodeFrontend,
  type FrontendMessage,
  type PasswordKind,
} from './frontend/frontend-message.ts';
export type { FunctionCall } from './frontend/function-call.ts';
export type { GssResponse } from './frontend/gss-response.ts';
export type { Parse } from './frontend/parse.ts';
export type { PasswordMessage } from './frontend/password-message.ts';
export type { Query } from './frontend/query.ts';
export type { SaslInitialResponse } from './frontend/sasl-initial-response.ts';
export type { SaslResponse } from './frontend/sasl-response.ts';
export type { StatementOrPortal } from './frontend/statement-or-portal.ts';
export type { Sync } from './frontend/sync.ts';
export type { Terminate } from './frontend/terminate.ts';
export { frontendMessageBytes, limits } from './limits.ts';
export { md5Password } from './md5-password.ts';
export {
  OAuthBearerServer,
  type OAuthBearerStep,
  type OAuthDiscovery,
  oauthBearer,
} from './oauthbearer/oauth-bearer-server.ts';
export { ImpossibleLength, ProtocolError } from './protocol-error.ts';
export { majorVersion, minorVersion, protocolVersion, requestCode } from './protocol-version.ts';
export { Reader } from './reader.ts';
export { type ScramKeys, saltBytes as scramSaltBytes, scramKeys } from './scram/keys.ts';
export {
  type ChannelBinding,
  type ClientConnection,
  chooseMechanism,
  offeredMechanisms,
  type ScramMechanism,
} from './scram/mechanism.ts';
export { saslprep } from './scram/saslprep.ts';
export { type Salting, ScramClient } from './scram/scram-client.ts';
export type { ScramCrypto } from './scram/scram-crypto.ts';
export {
  doomedCandidates,
  type ScramCandidates,
  ScramServer,
  type ScramServerOptions,
  type ScramStep,
  type ScramVerifier,
} from './scram/scram-server.ts';
export type { CancelRequest } from './startup/cancel-request.ts';
export type { GssEncRequest } from './startup/gss-enc-request.ts';
export type { SslRequest } from './startup/ssl-request.ts';
export { type StartupMessage, type StartupParameter, startupParameter } from './startup/startup-message.ts';
export { decodeStartup, encodeStartup, type StartupPacket, startupPacketBytes } from './startup/startup-packet.ts';
export { type BackendTag, backendTag, type FrontendTag, frontendTag } from './tag.ts';
export { Writer } from './writer.ts';
