/** Why there is no stream. */
export type DialFailure =
  /** The server said so. `response` is its ErrorResponse as it came, to be passed on. */
  | { readonly type: 'refused'; readonly response: Uint8Array; readonly sqlstate: string }
  /** No connection, or one that broke: `ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`, … `EPIPE` also for an early end. */
  | { readonly type: 'unreachable'; readonly code: string }
  /** No TLS, or none that can be trusted: OpenSSL's and Node's codes, `TLS_DECLINED` when the server has none. */
  | { readonly type: 'tls'; readonly code: string }
  /** The server cannot or must not be authenticated to: a method we lack, no password, a server that proved nothing. */
  | { readonly type: 'authentication' }
  /** Whoever was asked for the password failed; the error is the `cause`. */
  | { readonly type: 'credential' }
  /** The connection has no role for whom the session is for. */
  | { readonly type: 'no role' }
  /** What the server sent is not the protocol. */
  | { readonly type: 'protocol' }
  | { readonly type: 'timeout' }
  | { readonly type: 'aborted' };

/** What became of a session that nobody waited for. */
export type SessionFate =
  /** The server had not opened one. */
  | { readonly type: 'none' }
  /** It had, and our side has ended it. */
  | { readonly type: 'ended'; readonly backendPid: number }
  /** Nobody will know. */
  | { readonly type: 'unclear' };

/** Postgres could not be reached, or would not have us. The message never holds a credential. */
export class DialError extends Error {
  readonly failure: DialFailure;
  /** There when the server may have opened a session all the same. */
  readonly session: Promise<SessionFate> | undefined;

  constructor(failure: DialFailure, message: string, cause?: unknown, session?: Promise<SessionFate>) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DialError';
    this.failure = failure;
    this.session = session;
  }
}
