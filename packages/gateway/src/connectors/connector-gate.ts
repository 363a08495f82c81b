import type { TLSSocket } from 'node:tls';
import type { OpenedUpstream, SessionOwner } from '@onrecord/connector';
import type { HostPort } from '@onrecord/connector/config';
import type { Ask, Watched } from '@onrecord/connector/link';
import type { StartupParameter } from '@onrecord/wire';
import type { Config } from '../config/config.ts';

/** What the rest of the gateway sees of connectors: `Connectors` is the one implementation. */
export interface ConnectorGate {
  /** Takes connectors from here on. Resolves with the address; undefined when the configuration has none. */
  listen(): Promise<HostPort | undefined>;
  /** Links are told what they may serve now. Sessions that are open stay. The address changes with the next start only. */
  reload(config: Config): void;
  /**
   * Opens a session of Postgres through a connector. Rejects with a DialError, as when this process dials; with a NoLink
   * when no connector could be asked.
   */
  open(connector: string, request: RemoteRequest): Promise<RemoteUpstream>;
  /** Asks a connector that serves `ask.connection`. Rejects with a NoLink, or with what the connector says. */
  request(connector: string, ask: Ask): Promise<unknown>;
  /** Passes on a cancel request whose key is not ours: another gateway of a connector may know it. */
  cancelElsewhere(cancel: ForeignCancel): void;
  /** Ends the links of a connector, and their sessions, because its certificates were revoked. */
  endRevoked(connector: string): void;
  /** The links that are up, oldest first. */
  list(): readonly LiveLink[];
  /** Ends every link, and takes no more. Resolves when all of that is on the record. */
  close(): Promise<void>;
}

/** What a session behind a connector is opened with. */
export interface RemoteRequest {
  readonly connection: string;
  /** Another database than the connection's own. */
  readonly database: string | undefined;
  readonly owner: SessionOwner;
  /** Besides user and database. */
  readonly parameters: readonly StartupParameter[];
  /** From the call until Postgres is ready; waiting for a connector is part of it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** An authenticated session of Postgres that a connector has opened: its bytes travel over `socket`. */
export interface RemoteUpstream
  extends Pick<
    OpenedUpstream,
    'parameters' | 'parameterStatus' | 'notices' | 'backendPid' | 'rest' | 'address' | 'database' | 'role' | 'protocol'
  > {
  /** Paused: whoever takes it must listen for `error` in the same turn of the event loop. */
  readonly socket: TLSSocket;
  readonly connector: string;
  /** The process of the connector. */
  readonly instance: string;
  /** Asks Postgres, by way of the connector, to give up what the session is doing. */
  cancel(): Promise<void>;
  /** Why the socket closed, when it was because the link to the connector ended; undefined otherwise. */
  lostBecause(): string | undefined;
}

/** A client's cancel request that came to a gateway which does not know its key. `client` is where it came from. */
export interface ForeignCancel {
  readonly pid: number;
  readonly key: Uint8Array;
  readonly client: string;
}

export type NoLinkReason =
  /** No process of the connector is connected: since when, in microseconds, if one ever was in this run of the gateway. */
  | { readonly type: 'away'; readonly since: number | undefined }
  /** It is connected and does not serve this connection, by its own configuration. */
  | { readonly type: 'not offered' }
  /** It is connected and had no connection to spare in time. */
  | { readonly type: 'busy' };

/** No connector could be asked for a session. */
export class NoLink extends Error {
  readonly connector: string;
  readonly reason: NoLinkReason;

  constructor(connector: string, reason: NoLinkReason) {
    super(`the connector "${connector}" ${inWords[reason.type]}`);
    this.name = 'NoLink';
    this.connector = connector;
    this.reason = reason;
  }
}

const inWords: { readonly [Type in NoLinkReason['type']]: string } = {
  away: 'is not connected',
  'not offered': 'does not serve this connection',
  busy: 'has no connection to spare',
};

/** A connector's process that is connected. As JSON, what `onrecord connectors list` learns from a running gateway. */
export interface LiveLink {
  readonly connector: string;
  readonly instance: string;
  readonly host: string;
  readonly version: string;
  /** Where it dials from. */
  readonly client: string;
  /** Microseconds since 1970. */
  readonly since: number;
  /** SHA-256 of the certificate that it showed, hex, and its end in microseconds. */
  readonly certificate: string;
  readonly notAfter: number;
  /** What it serves. */
  readonly connections: readonly string[];
  readonly sessions: number;
  readonly spares: number;
}

export type WatchEvent = Watched['event'];

/** Whose watch it is: a connector's, or the gateway's own when there is no connector. */
export interface WatchSource {
  readonly connector: string | undefined;
}

/** Hears what the watches for blind sessions say: `BlindSessions` is the one implementation. */
export interface WatchSink {
  /** Resolves when what is to be said of the events is on the record, in their order. */
  record(events: readonly WatchEvent[], source: WatchSource): Promise<void>;
  /** The watch of a connection cannot be heard any more, `from` that time (microseconds) on. */
  lost(connection: string, hole: WatchHole, source: WatchSource): Promise<void>;
}

export interface WatchHole {
  readonly from: number;
  readonly reason: string;
}
