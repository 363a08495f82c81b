import type { WatchEvent } from '../watch/watch-event.ts';

/**
 * What a connector and a gateway say to each other, before a connection carries a session's bytes: one type per message.
 * Types only; the framing is `link-framer.ts`. A connection is one of three kinds, as its first message says: an
 * enrolment (`enroll`), the control connection of a connector process (`hello`), or a spare (`spare`), which waits for a
 * session and belongs to it from `opened` on. Binary values are base64.
 */

/** Version of this protocol; a gateway refuses others by name. */
export const linkVersion = 1;

/** Application protocol in TLS (ALPN). */
export const linkProtocol = 'onrecord-connector/1';

/** What the gateway's certificate for connectors is for: connectors know the authority, not the gateway's address. */
export const gatewayServerName = 'onrecord-gateway';

/** Label and length of the keying material that a proof of possession signs (RFC 5705). */
export const proofLabel = 'EXPORTER-onrecord-connector-key';
export const proofBytes = 32;

// From a connector

/** First message without a certificate: a public key, and the token that lets it in. */
export interface Enroll {
  readonly type: 'enroll';
  readonly link: number;
  readonly token: string;
  /** SubjectPublicKeyInfo, DER: P-256. */
  readonly publicKey: string;
  /** ECDSA with SHA-256 over the keying material of this TLS connection and the public key, DER. */
  readonly proof: string;
  readonly version: string;
}

/** First message of a control connection. */
export interface Hello {
  readonly type: 'hello';
  readonly link: number;
  /** Of the connector's program. */
  readonly version: string;
  /** Names this life of the connector's process, to this address of a gateway; spares repeat it. */
  readonly instance: string;
  readonly host: string;
  readonly connections: readonly OfferedConnection[];
}

export interface OfferedConnection {
  readonly name: string;
  /** It has a role that watches for blind sessions. */
  readonly watched: boolean;
}

/** First message of a connection that waits for a session. */
export interface Spare {
  readonly type: 'spare';
  readonly link: number;
  readonly instance: string;
}

/** Answers `open` at once: it has arrived. A spare that both ends believe in and nothing passes says nothing. */
export interface Opening {
  readonly type: 'opening';
}

/** Answers `open`, behind `opening`: Postgres is ready, and every byte behind this message is the session's. */
export interface Opened {
  readonly type: 'opened';
  readonly address: string;
  readonly database: string;
  readonly role: string;
  readonly protocol: number;
  readonly backendPid: number;
  /** ParameterStatus and NoticeResponse messages as they came. */
  readonly parameterStatus: readonly string[];
  readonly notices: readonly string[];
  /** TLS between connector and Postgres. */
  readonly tls?: string | undefined;
  /** What Postgres sent behind its ReadyForQuery. */
  readonly rest: string;
}

/** Answers `open`: why there is no session. The connection is closed behind it. */
export interface OpenFailed {
  readonly type: 'failed';
  readonly failure: RemoteFailure;
  /** For the gateway's log. */
  readonly message: string;
}

/** A DialFailure that crosses the link, and what only a link can fail at. */
export type RemoteFailure =
  | { readonly type: 'refused'; readonly response: string; readonly sqlstate: string }
  | { readonly type: 'unreachable' | 'tls'; readonly code: string }
  | { readonly type: 'authentication' | 'credential' | 'protocol' | 'timeout' | 'aborted' | 'no role' }
  /** The connector's configuration has no connection of this name (any more). */
  | { readonly type: 'no connection' };

export interface Renew {
  readonly type: 'renew';
  readonly id: number;
  readonly publicKey: string;
  readonly proof: string;
}

/** The answer to a `request` of the gateway: as JSON, whatever was asked for. */
export interface Result {
  readonly type: 'result';
  readonly id: number;
  readonly value: unknown;
}

export interface Failure {
  readonly type: 'error';
  readonly id: number;
  readonly message: string;
}

/**
 * What the watch has seen. Sent again on the next link until it is acknowledged. After the first `welcome` of each link,
 * and behind what is sent again, `watch started` is reported anew (another `seq`, the time of now, not `afresh`) for every watch that
 * runs: to the gateway its hole lasts from the end of the last link until then, also when the gateway itself was away.
 */
export interface Watched {
  readonly type: 'watch';
  /** Contiguous within the connector's process. */
  readonly seq: number;
  readonly event: WatchEvent;
}

/** A client's cancel request that came to a gateway which does not know its key; passed on to the others. */
export interface CancelElsewhere {
  readonly type: 'cancel elsewhere';
  readonly pid: number;
  readonly key: string;
  readonly client: string;
}

export interface Ping {
  readonly type: 'ping';
}

export interface Pong {
  readonly type: 'pong';
}

export type FromConnector =
  | Enroll
  | Hello
  | Spare
  | Opening
  | Opened
  | OpenFailed
  | Renew
  | Result
  | Failure
  | Watched
  | CancelElsewhere
  | Ping
  | Pong;

// From a gateway

export interface Enrolled {
  readonly type: 'enrolled';
  /** The name that it was enrolled as. */
  readonly connector: string;
  /** PEM. */
  readonly certificate: string;
  readonly authority: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

/** The connection is closed behind it. */
export interface Refused {
  readonly type: 'refused';
  readonly reason: string;
  /** Trying again without somebody's doing is of no use. */
  readonly final: boolean;
}

export interface Welcome {
  readonly type: 'welcome';
  /** Connections to keep ready. */
  readonly spares: number;
  /** Offers that the gateway does not take, and why. */
  readonly refused: readonly { readonly connection: string; readonly reason: string }[];
}

/** On a spare: open a session of Postgres. */
export interface Open {
  readonly type: 'open';
  readonly connection: string;
  readonly database?: string | undefined;
  readonly identity: string;
  readonly groups: readonly string[];
  /** Startup parameters besides user and database: name, and value in base64. */
  readonly parameters: readonly (readonly [string, string])[];
  readonly timeoutMs: number;
}

export interface Renewed {
  readonly type: 'renewed';
  readonly id: number;
  readonly certificate: string;
  readonly notAfter: number;
}

export interface Request {
  readonly type: 'request';
  readonly id: number;
  readonly ask: Ask;
}

/** What a gateway may ask of a connector. */
export type Ask =
  /**
   * Give up what the session with this backend does, if this connector opened it for this gateway. The key of Postgres
   * never leaves the connector.
   */
  | { readonly type: 'cancel'; readonly backendPid: number; readonly connection: string }
  /** What the doctor looks at (`DoctorFacts`). */
  | { readonly type: 'doctor'; readonly connection: string };

export interface WatchAcknowledged {
  readonly type: 'watch ack';
  /** All up to this one are on the record. */
  readonly seq: number;
}

export type FromGateway =
  | Enrolled
  | Refused
  | Welcome
  | Open
  | Renewed
  | Request
  | WatchAcknowledged
  | CancelElsewhere
  | Ping
  | Pong;
