import type { Database } from '@onrecord/connector';
import type { HostPort } from '@onrecord/connector/config';
import type { Durability } from '@onrecord/record';
import type { MaskingRule } from '../masking/masking-rule.ts';
import type { Controls, Rule } from '../policy/policy.ts';
import type { Issuer } from './issuer.ts';

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
  readonly listen: Listen;
  readonly tls: ClientTls;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly identities: ReadonlyMap<string, Identity>;
  /** Who signs tokens that identities log in with, by name. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  readonly sessions: SessionRules;
  readonly connectors: ConnectorSettings;
  readonly limits: Limits;
  /** Guard rules, in the order of the file. */
  readonly policy: readonly Rule[];
  readonly masking: Masking;
  readonly approvals: ApprovalSettings;
}

export interface Listen {
  readonly postgres: HostPort;
  /** Where connectors dial in; undefined: nowhere. */
  readonly connectors: HostPort | undefined;
}

export interface ConnectorSettings {
  /** Lifetime of a connector's certificate. */
  readonly certificateMs: number;
  /** How long a new session waits for a connector that is away. */
  readonly waitMs: number;
  /** Connections that each connector keeps ready. */
  readonly spares: number;
}

/** TLS towards clients. `auto` makes a self-signed certificate in the data directory on first start. */
export type ClientTls =
  | { readonly mode: 'off' }
  | ({ readonly mode: 'auto'; readonly required: boolean } & ClientAuthorities)
  | ({
      readonly mode: 'files';
      readonly certificate: string;
      readonly key: string;
      readonly required: boolean;
    } & ClientAuthorities);

/** Paths of PEM files: whose certificates clients may log in with. */
export interface ClientAuthorities {
  readonly clientCa?: string;
  /** Lists of revoked certificates, one for each authority. */
  readonly clientCrl?: string;
}

export interface Connection {
  readonly name: string;
  readonly reach: Reach;
  /** Sessions that need not come through the gateway; a blind session that is none of them is reported. */
  readonly expected: readonly ExpectedSession[];
  readonly recording: Recording;
  readonly replication: 'refuse' | 'allow';
  readonly controls: Controls;
  /** Who must approve a session before it opens; undefined: nobody. */
  readonly access: SessionApproval | undefined;
}

/** Just-in-time access: the session is held at connect, or refused with the id to come back with, until people approve it. */
export interface SessionApproval {
  readonly group: string;
  readonly count: number;
  readonly timeoutMs: number;
  /** `hold`: the login waits. `refuse`: it is turned away at once, and may come back when it is approved. */
  readonly meanwhile: 'hold' | 'refuse';
  /** How long the identity may open sessions on the connection once approved; sessions end with it. */
  readonly durationMs: number;
  /** Identities and groups that need no approval. */
  readonly except: { readonly identities: readonly string[]; readonly groups: readonly string[] };
}

export interface Masking {
  /** Reference (`env:`, `file:`) to the key of `hash`; undefined: one made in the data directory. */
  readonly key: string | undefined;
  readonly rules: readonly MaskingRule[];
}

export interface ApprovalSettings {
  /** Questions that may wait at a time, in all and of one identity. */
  readonly waiting: number;
  readonly waitingOfIdentity: number;
  readonly webhooks: readonly Webhook[];
}

export interface Webhook {
  readonly url: string;
  /** A reference (`env:`, `file:`) to the key of the HMAC-SHA-256 over the body. */
  readonly secret: string;
  readonly format: 'json' | 'slack';
}

/** How Postgres is reached. */
export type Reach =
  /** From this process. */
  | { readonly type: 'built-in'; readonly database: Database }
  /** Through a connector, which alone knows where the database is and as whom it is reached. */
  | { readonly type: 'connector'; readonly connector: string };

/** Sessions that are known to go past the gateway: all fields that are given must match. */
export interface ExpectedSession {
  readonly user?: string;
  readonly database?: string;
  readonly application?: string;
  /** An address, a network as in `10.0.0.0/8`, or `local` for Unix sockets. */
  readonly address?: string;
}

export interface Recording {
  readonly durability: Durability;
  /** `max: 0` is `digest`: no rows kept. */
  readonly rows: { readonly max: number; readonly bytes: number };
  /** What detectors find in SQL, parameters and COPY data is replaced in the record. */
  readonly redact: boolean;
}

export interface Identity {
  readonly name: string;
  readonly kind: 'agent' | 'service' | 'person';
  readonly groups: readonly string[];
  /** Names of the connections it may use. */
  readonly connections: readonly string[];
  /** What it may log in with, the preferred first. */
  readonly login: readonly LoginMethod[];
  /** Whose certificate is its own. */
  readonly certificate?: CertificateMapping;
  readonly controls: Controls;
}

/**
 * `token`: one that the gateway issued. `jwt`: a JWT as the password. `oauth`: a JWT by OAUTHBEARER. `certificate`: a
 * client certificate of TLS.
 */
export type LoginMethod = 'token' | 'jwt' | 'oauth' | 'certificate';

/** The whole subject (RFC 4514, in any order), or one of the alternative names. */
export interface CertificateMapping {
  readonly type: 'subject' | 'san';
  readonly name: string;
}

export interface SessionRules {
  /** Whether a session ends when the credential that it was opened with expires. */
  readonly endAtExpiry: boolean;
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
