import { z } from 'zod';
import type { Database, DatabaseLogin, WatchSettings } from '../database.ts';
import type { TlsMode } from '../target.ts';
import { duration, path, postgresName, secret } from './fields.ts';
import type { SecretReference } from './secret.ts';

/**
 * How a database is written in a configuration, the gateway's or the connector's: one schema, so that a connection can
 * move from the one file to the other as it is. `description` says what a setting does and `x-cost` what it costs.
 */
export interface DatabaseSettings {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: SecretReference | undefined;
  readonly tls?: TlsMode | undefined;
  readonly tls_ca?: string | undefined;
  readonly tls_certificate?: string | undefined;
  readonly tls_key?: string | undefined;
  readonly roles?: readonly RoleSettings[] | undefined;
}

export interface RoleSettings {
  readonly identities: readonly string[];
  readonly groups: readonly string[];
  readonly user: string;
  readonly password?: SecretReference | undefined;
}

/** Of a watch, what stands next to the credentials. */
export interface WatchLoginSettings {
  readonly user: string;
  readonly password?: SecretReference | undefined;
  readonly every: number;
}

/** A schema for each field, so that one cannot be forgotten. */
export type FieldsOf<Settings> = { readonly [Name in keyof Settings]-?: z.ZodType<Settings[Name], unknown> };

const usualPort = 5432;

const role: z.ZodType<RoleSettings, unknown> = z
  .strictObject({
    identities: z.array(z.string().min(1)).prefault([]).meta({ description: 'Identities whose sessions run as it.' }),
    groups: z.array(z.string().min(1)).prefault([]).meta({ description: 'Groups whose sessions run as it.' }),
    user: postgresName().meta({ description: 'The Postgres role.' }),
    password: secret.optional().meta({ description: "The role's password, by reference only.", 'x-default': 'none' }),
  })
  .refine(({ identities, groups }) => identities.length > 0 || groups.length > 0, {
    error: 'names neither identities nor groups, so it is for nobody',
  });

/** The fields that say where a database is and as whom it is reached. Which of them must be there, `missingSettings` says. */
export const databaseFields: FieldsOf<DatabaseSettings> = {
  host: z
    .string()
    .regex(/^[^\s/:\0]+$|^[0-9a-fA-F:.]+$|^\/[^\0]*$/, {
      error:
        'must be a host name, an IP address or the directory of a Unix socket; port and database are settings of their own',
    })
    .optional()
    .meta({
      'x-default': 'none: it must be set, here or at the connector',
      description:
        'Host name or IP address of the Postgres server, or the absolute path of the directory of its Unix socket.',
    }),
  port: z.int().min(1).max(65_535).optional().meta({
    description: 'TCP port of the Postgres server.',
    'x-default': '`5432`',
  }),
  database: postgresName().optional().meta({
    'x-default': 'none: it must be set, here or at the connector',
    description:
      'The database that `connection` alone reaches. A client that asks for `connection/database` reaches another one of the same server.',
  }),
  user: postgresName().optional().meta({
    description:
      'The Postgres role that sessions run as. Give it the rights that its agents need and no others; clients never learn its password.',
    'x-default': 'none: sessions for which `roles` has none are refused',
  }),
  password: secret.optional().meta({
    description:
      "The role's password, by reference only: `env:NAME` is a variable of the environment of the process that reaches Postgres, `file:PATH` the content of a file without its last line end, `exec:COMMAND` what a command of the shell prints, such as a secrets manager's. It is resolved when a session opens and kept nowhere.",
    examples: ['env:BILLING_PASSWORD', 'file:/run/secrets/billing', 'exec:vault kv get -field=password secret/billing'],
    'x-cost': '`exec` starts a process for each session that opens.',
    'x-default': 'none: the server must let the role in without',
  }),
  tls: z.enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']).optional().meta({
    description:
      'TLS towards Postgres, with the meanings of `sslmode` in libpq. Only `verify-ca` and `verify-full` find out who is answering; use `verify-full` on a network that is not yours alone.',
    'x-cost': 'A handshake when a session opens, and encryption of everything after it.',
    'x-default': '`prefer`',
  }),
  tls_ca: path.optional().meta({
    description: 'PEM file with the authorities to trust, for `verify-ca` and `verify-full`.',
    'x-default': 'the authorities that come with Node',
  }),
  tls_certificate: path.optional().meta({
    description: 'PEM file with a client certificate, for servers that ask for one. Goes with `tls_key`.',
    'x-default': 'none',
  }),
  tls_key: path
    .optional()
    .meta({ description: 'PEM file with the private key of `tls_certificate`.', 'x-default': 'none' }),
  roles: z
    .array(role)
    .optional()
    .meta({
      description:
        'Other roles for some identities or groups: the first entry that names the identity or one of its groups is the role of its sessions; `user` is for all others.',
      'x-default': 'none',
      examples: [[{ groups: ['finance'], user: 'finance_rw', password: 'env:FINANCE_PASSWORD' }]],
    }),
};

/** The fields of `watch` that stand next to the credentials. */
export const watchLoginFields: FieldsOf<WatchLoginSettings> = {
  user: postgresName().meta({
    description: 'The role that watches; docs/blind-sessions.md has the SQL that makes one with the least rights.',
  }),
  password: secret.optional().meta({ description: "The role's password, by reference only.", 'x-default': 'none' }),
  every: duration({ minimum: 100, maximum: 60_000 }).prefault('1s').meta({
    description: 'How often the server is looked at.',
    'x-cost': 'One short query on one connection of its own each time.',
  }),
};

/** What a database lacks or has too much of: path of the setting and what is wrong. */
export function databaseProblems(settings: DatabaseSettings): readonly { path: string; message: string }[] {
  const problems: { path: string; message: string }[] = [];
  if (settings.host === undefined) problems.push({ path: 'host', message: 'is required' });
  if (settings.database === undefined) problems.push({ path: 'database', message: 'is required' });
  const { roles } = settings;
  if (settings.user === undefined && (roles === undefined || roles.length === 0)) {
    problems.push({ path: 'user', message: 'is required, or `roles` that say who runs as what' });
  }
  if (settings.user === undefined && settings.password !== undefined) {
    problems.push({ path: 'password', message: 'stands without a `user`' });
  }
  const { tls_certificate: certificate, tls_key: key } = settings;
  if (certificate === undefined && key !== undefined) {
    problems.push({ path: 'tls_key', message: 'stands without `tls_certificate`: they go together' });
  }
  if (certificate !== undefined && key === undefined) {
    problems.push({ path: 'tls_certificate', message: 'stands without `tls_key`: they go together' });
  }
  return problems;
}

/** The database that checked settings describe; paths as they are written. */
export function databaseOf(name: string, settings: DatabaseSettings, watch: WatchLoginSettings | undefined): Database {
  const { host, database, user, password, tls, tls_ca, tls_certificate, tls_key } = settings;
  return {
    name,
    host: host ?? '',
    port: settings.port ?? usualPort,
    database: database ?? '',
    tls: tls ?? 'prefer',
    tlsCa: tls_ca,
    certificate:
      tls_certificate === undefined || tls_key === undefined
        ? undefined
        : { certificate: tls_certificate, key: tls_key },
    login: user === undefined ? undefined : { user, password },
    roles: (settings.roles ?? []).map((rule) => ({ ...rule, password: rule.password })),
    watch: watch === undefined ? undefined : watchOf(watch),
  };
}

function watchOf({ user, password, every }: WatchLoginSettings): WatchSettings {
  return { user, password, everyMs: every };
}

/** The same database with absolute paths. */
export function withPaths(database: Database, absolute: (written: string) => string): Database {
  const secretPath = (reference: SecretReference | undefined): SecretReference | undefined =>
    reference?.type === 'file' ? { type: 'file', path: absolute(reference.path) } : reference;
  const login = <Login extends DatabaseLogin>(written: Login): Login => ({
    ...written,
    password: secretPath(written.password),
  });
  const { tlsCa, certificate, roles, watch } = database;
  return {
    ...database,
    tlsCa: tlsCa === undefined ? undefined : absolute(tlsCa),
    certificate:
      certificate === undefined
        ? undefined
        : { certificate: absolute(certificate.certificate), key: absolute(certificate.key) },
    login: database.login === undefined ? undefined : login(database.login),
    roles: roles.map(login),
    watch: watch === undefined ? undefined : login(watch),
  };
}
