/**
 * Message type bytes, per direction: `E` is Execute from the frontend and ErrorResponse from the backend.
 * Source: Postgres manual, "Message Formats"; src/include/libpq/protocol.h.
 */
export const frontendTag = {
  bind: 0x42,
  close: 0x43,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  describe: 0x44,
  execute: 0x45,
  flush: 0x48,
  functionCall: 0x46,
  parse: 0x50,
  /** PasswordMessage, SASLInitialResponse, SASLResponse and GSSResponse share `p`; the state tells which. */
  password: 0x70,
  query: 0x51,
  sync: 0x53,
  terminate: 0x58,
} as const;

export const backendTag = {
  authentication: 0x52,
  backendKeyData: 0x4b,
  bindComplete: 0x32,
  closeComplete: 0x33,
  commandComplete: 0x43,
  copyBothResponse: 0x57,
  copyData: 0x64,
  copyDone: 0x63,
  copyInResponse: 0x47,
  copyOutResponse: 0x48,
  dataRow: 0x44,
  emptyQueryResponse: 0x49,
  errorResponse: 0x45,
  functionCallResponse: 0x56,
  negotiateProtocolVersion: 0x76,
  noData: 0x6e,
  noticeResponse: 0x4e,
  notificationResponse: 0x41,
  parameterDescription: 0x74,
  parameterStatus: 0x53,
  parseComplete: 0x31,
  portalSuspended: 0x73,
  readyForQuery: 0x5a,
  rowDescription: 0x54,
} as const;

export type FrontendTag = (typeof frontendTag)[keyof typeof frontendTag];
export type BackendTag = (typeof backendTag)[keyof typeof backendTag];
