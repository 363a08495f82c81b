/**
 * What the watch's role can read of who may reach a server, and how. Plain data, to be sent as JSON. Times are
 * microseconds since 1970.
 */
export interface DoctorFacts {
  readonly connection: string;
  readonly server: ServerFacts;
  /** How the watch itself came in; sessions come the same way. */
  readonly via: {
    /** As the server sees it; undefined for a Unix socket. */
    readonly address: string | undefined;
    readonly tls: boolean;
    readonly user: string;
  };
  /** Roles that sessions of the connection run as, and the watch's. */
  readonly uses: readonly string[];
  /** The lines of pg_hba.conf in their order, as the file is now; undefined when they cannot be read. */
  readonly rules: readonly HbaRule[] | undefined;
  readonly roles: readonly RoleFacts[];
  readonly databases: readonly DatabaseFacts[];
  /** Walsenders that are connected now. */
  readonly replicas: readonly { readonly user: string; readonly address: string | undefined }[];
  /** What could not be read, and which grant would change it: a sentence each. */
  readonly limits: readonly string[];
}

export interface ServerFacts {
  /** As in server_version_num. */
  readonly version: number;
  /** When it last read its configuration files. */
  readonly loadedAt: number;
  /** Of those that `doctorSettings` names, the ones that the role may read. */
  readonly settings: { readonly [name: string]: string };
}

/** A row of pg_hba_file_rules. Names and keywords look alike in it: a database called `"all"` is taken for `all`. */
export interface HbaRule {
  /** The file of the line, from Postgres 16 on. */
  readonly file: string | undefined;
  readonly line: number;
  /** `local`, `host`, `hostssl`, `hostnossl`, `hostgssenc`, `hostnogssenc`; empty for a line that has an error. */
  readonly type: string;
  readonly databases: readonly string[];
  readonly users: readonly string[];
  /** An address, or `all`, `samehost`, `samenet` or a host name; undefined for `local`. */
  readonly address: string | undefined;
  readonly netmask: string | undefined;
  readonly method: string;
  readonly options: readonly string[];
  readonly error: string | undefined;
}

export interface RoleFacts {
  readonly name: string;
  readonly canLogin: boolean;
  readonly isSuperuser: boolean;
  /** The one that initdb made. */
  readonly isBootstrap: boolean;
  readonly canReplicate: boolean;
  /** -1 for no limit. */
  readonly connectionLimit: number;
  readonly validUntil: number | undefined;
  /** Undefined when the watch's role may not know, as is usual. */
  readonly hasPassword: boolean | undefined;
  /** Roles that it is a member of, directly or not. */
  readonly memberOf: readonly string[];
}

export interface DatabaseFacts {
  readonly name: string;
  readonly allowsConnections: boolean;
}

export const doctorSettings = [
  'listen_addresses',
  'port',
  'ssl',
  'password_encryption',
  'unix_socket_directories',
  'log_connections',
] as const;

/** Stands in the options of a rule for a secret. */
export const hiddenSecret = '(hidden)';
