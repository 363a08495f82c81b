import type { SecretReference } from './config/secret.ts';
import type { TlsMode } from './target.ts';

/**
 * A registered Postgres database: where it is, and as whom it is reached. What stands next to the credentials; secrets
 * are references, which are resolved when a session opens and kept nowhere.
 */
export interface Database {
  /** The connection's name. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The database that the connection alone reaches. */
  readonly database: string;
  readonly tls: TlsMode;
  /** Path of a PEM file with the authorities to trust. */
  readonly tlsCa: string | undefined;
  /** For servers that ask for a client certificate. */
  readonly certificate: ClientCertificate | undefined;
  /** The role of sessions that no rule gives another one; undefined when every session needs a rule. */
  readonly login: DatabaseLogin | undefined;
  /** Other roles; the first that fits counts. */
  readonly roles: readonly RoleRule[];
  readonly watch: WatchSettings | undefined;
}

/** A role of the database and how it proves who it is. */
export interface DatabaseLogin {
  readonly user: string;
  /** Undefined: the server must let it in without, by certificate say. */
  readonly password: SecretReference | undefined;
}

/** Paths of PEM files. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** A role for some: it fits when the identity or one of its groups is named. */
export interface RoleRule extends DatabaseLogin {
  readonly identities: readonly string[];
  readonly groups: readonly string[];
}

/** The role that watches for blind sessions, and how often it looks. */
export interface WatchSettings extends DatabaseLogin {
  readonly everyMs: number;
}

/** For whom a session is opened. */
export interface SessionOwner {
  readonly identity: string;
  readonly groups: readonly string[];
}

/** The role that a session of `owner` runs as; undefined when there is none for it. */
export function roleFor({ login, roles }: Database, { identity, groups }: SessionOwner): DatabaseLogin | undefined {
  const rule = roles.find(
    (candidate) => candidate.identities.includes(identity) || candidate.groups.some((group) => groups.includes(group)),
  );
  return rule ?? login;
}
