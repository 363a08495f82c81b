import type { Durability } from '@onrecord/record';

/** The whole configuration, parsed once and frozen. Nothing below `config/` reads `process.env`. */
export interface Config {
  /**
   * SHA-256 (hex) of the canonical form: the meaning as JSON with sorted keys, defaults filled in, secrets as their
   * references, paths as they were written.
   */
  readonly hash: string;
  /** Absolute path of the file it came from. */
  readonly file: string;
  /** Absolute path of the data directory. */
  readonly data: string;
  readonly listen: { readonly postgres: HostPort };
  readonly tls: ClientTls;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly identities: ReadonlyMap<string, Identity>;
  readonly limits: Limits;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** TLS towards clients. `auto` makes a self-signed certificate in the data directory on first start. */
export type ClientTls =
  | { readonly mode: 'off' }
  | { readonly mode: 'auto'; readonly required: boolean }
  | { readonly mode: 'files'; readonly certificate: string; readonly key: string; readonly required: boolean };

export interface Connection {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Resolved when a session is opened, never kept in the configuration. */
  readonly password: SecretReference | undefined;
  readonly tls: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** Path of a PEM file with the authorities to trust, for the verify modes. */
  readonly tlsCa: string | undefined;
  readonly recording: Recording;
  readonly replication: 'refuse' | 'allow';
}

export interface Recording {
  readonly durability: Durability;
  /** `max: 0` is `digest`: no rows kept. */
  readonly rows: { readonly max: number; readonly bytes: number };
}

export type SecretReference =
  | { readonly type: 'env'; readonly name: string }
  | { readonly type: 'file'; readonly path: string };

export interface Identity {
  readonly name: string;
  readonly kind: 'agent' | 'service' | 'person';
  readonly groups: readonly string[];
  /** Names of the connections it may use. */
  readonly connections: readonly string[];
}

export interface Limits {
  /** Open client connections, authenticated or not. */
  readonly clients: number;
  /** Of these, how many may be unauthenticated at a time; when more knock, the longest waiting is turned away. */
  readonly unauthenticated: number;
  /** From accept to ReadyForQuery. */
  readonly startupMs: number;
  /** The largest SQL text or other message that must be held whole. */
  readonly messageBytes: number;
  /** Statements forwarded and not yet answered, per session, before the client is slowed down. */
  readonly pipeline: number;
  /** Size of a journal file. */
  readonly segmentBytes: number;
}
