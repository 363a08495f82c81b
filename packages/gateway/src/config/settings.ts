import { isIP } from 'node:net';
import type { HostPort } from '@onrecord/connector/config';
import {
  address,
  connectionName,
  type DatabaseSettings,
  databaseFields,
  databaseProblems,
  describeIssue,
  duration,
  key,
  path,
  type WatchLoginSettings,
  watchLoginFields,
} from '@onrecord/connector/settings';
import type { Durability } from '@onrecord/record';
import { z } from 'zod';
import { type ApprovalsSettings, approvals } from './approvals-settings.ts';
import type { Connection, Identity, LoginMethod } from './config.ts';
import { type AccessSettings, access, type ControlSettings, controlFields } from './controls-settings.ts';
import { parseDistinguishedName } from './distinguished-name.ts';
import { type IssuerSettings, issuer, issuerName } from './issuer-settings.ts';
import { type MaskingSettings, masking } from './masking-settings.ts';
import { policy, type RuleSettings } from './policy-settings.ts';
import { formatSize, parseSize, sizePattern } from './size.ts';

/**
 * `onrecord.yaml`: the one schema. It checks the file, and the JSON Schema for editors and docs/config.md are made from
 * it; `description` says what a setting does and `x-cost` what it costs. What it cannot say (names that refer to other
 * names, paths) is in `parse-config.ts`.
 */

/** The file's content, checked, with defaults filled in; paths and overrides are as they were written. */
export interface Settings {
  readonly listen: { readonly postgres: HostPort; readonly connectors?: HostPort | undefined };
  readonly data: string;
  readonly tls: TlsSettings;
  readonly recording: RecordingSettings;
  readonly connections: { readonly [name: string]: ConnectionSettings };
  readonly identities: { readonly [name: string]: IdentitySettings };
  readonly issuers: { readonly [name: string]: IssuerSettings };
  readonly sessions: { readonly end_at_expiry: boolean };
  readonly connectors: ConnectorsSettings;
  readonly limits: LimitSettings;
  readonly policy: readonly RuleSettings[];
  readonly masking: MaskingSettings;
  readonly approvals: ApprovalsSettings;
}

export type TlsSettings =
  | 'off'
  | 'auto'
  | {
      readonly certificate?: string | undefined;
      readonly key?: string | undefined;
      readonly required: boolean;
      readonly client_ca?: string | undefined;
      readonly client_crl?: string | undefined;
    };

export interface RecordingSettings {
  readonly durability?: Durability | undefined;
  readonly rows?: 'digest' | { readonly max?: number | undefined; readonly bytes?: number | undefined } | undefined;
  readonly redact?: boolean | undefined;
}

/** Either `connector`, or what a database needs (`connectionProblems`). */
export interface ConnectionSettings extends DatabaseSettings, ControlSettings {
  readonly connector?: string | undefined;
  readonly watch?: WatchSettings | undefined;
  readonly recording: RecordingSettings;
  readonly replication: Connection['replication'];
  readonly access?: AccessSettings | undefined;
}

export interface WatchSettings extends Omit<WatchLoginSettings, 'user'> {
  readonly user?: string | undefined;
  readonly allow: readonly ExpectedSessionSettings[];
}

export interface ExpectedSessionSettings {
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  readonly application?: string | undefined;
  readonly address?: string | undefined;
}

export interface ConnectorsSettings {
  readonly certificate: number;
  readonly wait: number;
  readonly spares: number;
}

export interface IdentitySettings extends ControlSettings {
  readonly kind: Identity['kind'];
  readonly groups: readonly string[];
  readonly connections: readonly string[];
  readonly login?: LoginMethod | readonly LoginMethod[] | undefined;
  readonly certificate?: { readonly subject?: string | undefined; readonly san?: string | undefined } | undefined;
}

export interface LimitSettings {
  readonly clients: number;
  readonly unauthenticated: number;
  readonly startup: number;
  readonly message: number;
  readonly pipeline: number;
  readonly segment: number;
}

/** The file as it is, checked against the schema: its settings, or zod's issues with messages fit for people. */
export function checkSettings(value: unknown): z.ZodSafeParseResult<Settings> {
  return schema.safeParse(value, { error: describeIssue });
}

/** The schema as JSON Schema (draft 2020-12), for what a person writes. */
export function settingsJsonSchema(): { readonly [key: string]: unknown } {
  return z.toJSONSchema(schema, { io: 'input' });
}

function size({ minimum, maximum }: { minimum: number; maximum: number }): z.ZodType<number, number | string> {
  const shape = 'must be a size such as 256KiB or 1MiB: a number of bytes, or one with B, KiB, MiB or GiB';
  const range = `must be between ${formatSize(minimum)} and ${formatSize(maximum)}`;
  return z
    .union(
      [
        z.int({ error: shape }).min(minimum, { error: range }).max(maximum, { error: range }),
        z.string().regex(sizePattern, { error: shape }),
      ],
      { error: shape },
    )
    .transform((value, context) => {
      const bytes = typeof value === 'number' ? value : parseSize(value);
      if (bytes !== undefined && bytes >= minimum && bytes <= maximum) return bytes;
      context.addIssue(range);
      return z.NEVER;
    });
}

/** "onrecord" is left to the gateway's own sessions (net/type-learner.ts). */
const identityName = key(
  /^(?!onrecord$)[\p{L}\p{N}][\p{L}\p{M}\p{N}_.@+:-]*$/u,
  'a letter or digit, then letters, digits and any of _ . @ + : - ("onrecord" is the gateway itself)',
);
const rows = z.union(
  [
    z.literal('digest'),
    z.strictObject({
      max: z
        .int()
        .min(0)
        .max(1_000_000_000)
        .optional()
        .meta({
          description: 'Rows kept of one statement; 0 is `digest`.',
          examples: [1000],
          'x-default': '`1000`',
        }),
      bytes: size({ minimum: 0, maximum: 2 ** 30 })
        .optional()
        .meta({
          description: 'Bytes of rows, or of COPY data, kept of one statement.',
          examples: ['256KiB'],
          'x-default': '`256KiB`',
        }),
    }),
  ],
  { error: 'must be "digest" or a map with max and bytes' },
);

/** How much is kept and how soon it is on disk. That it is recorded cannot be set. */
function recording({ inherited }: { inherited: boolean }): z.ZodType<RecordingSettings, unknown> {
  const from = inherited ? 'that of the top level' : undefined;
  return z
    .strictObject(
      {
        durability: z
          .enum(['before-forward', 'before-reveal', 'relaxed'])
          .optional()
          .meta({
            description:
              'When an entry counts as recorded. `before-forward`: a statement is on disk before it goes to Postgres, its outcome before the client sees it; a power cut loses nothing that Postgres ran. `before-reveal`: the statement is with the operating system before it goes out, and on disk with its outcome before the client sees that; a power cut loses nothing that the client saw. `relaxed`: with the operating system, and on disk within a second; a power cut can lose the last second. In every mode the death of the gateway alone loses nothing that was forwarded.',
            'x-cost':
              '`before-forward` adds two waits for the disk to a statement, `before-reveal` one, `relaxed` none. Sessions that wait at the same time share one wait.',
            'x-default': from ?? '`before-forward`',
          }),
        rows: rows.optional().meta({
          description:
            'How much of a result is kept, COPY data included. `digest` keeps none of it. Beyond the caps, and with `digest`, the record still has the columns, the number of rows and bytes, and a SHA-256 over every row that the client saw, and says that it was truncated.',
          'x-cost':
            'Disk: every row that is kept is written once to the journal. The digest is always computed: a SHA-256 over every row.',
          'x-default': from ?? '`{ max: 1000, bytes: 256KiB }`',
        }),
        redact: z
          .boolean()
          .optional()
          .meta({
            description:
              'Whether recorded SQL, parameters and COPY data pass through all detectors of masking: card numbers, e-mail and the like are replaced before they are written, and errors about such a statement are withheld from the record. What goes to Postgres is not changed. Parameters of more than 1MiB together are not kept then. Rows are recorded as the client saw them: masking is for them.',
            'x-cost':
              'A look at every text, and a record that no longer says what was searched for. Detectors find what looks like itself: not what is encoded, compressed or split.',
            'x-default': from ?? '`false`',
          }),
      },
      { error: (issue) => (issue.code === 'invalid_type' ? noOffSwitch : undefined) },
    )
    .prefault({});
}

/** What must stand in a connection, and what must not: path below the connection and what is wrong. */
export function connectionProblems(settings: ConnectionSettings): readonly { path: string; message: string }[] {
  const { connector, watch: watched } = settings;
  if (connector === undefined) {
    return watched !== undefined && watched.user === undefined
      ? [...databaseProblems(settings), { path: 'watch.user', message: 'is required: the role that watches' }]
      : databaseProblems(settings);
  }
  const elsewhere = `stands in the configuration of the connector "${connector}", which alone knows it`;
  const named = Object.keys(databaseFields) as (keyof DatabaseSettings)[];
  const problems = named
    .filter((name) => settings[name] !== undefined)
    .map((name) => ({ path: name as string, message: elsewhere }));
  if (watched?.user !== undefined) problems.push({ path: 'watch.user', message: elsewhere });
  if (watched?.password !== undefined) problems.push({ path: 'watch.password', message: elsewhere });
  return problems;
}

/** Why `recording: off`, `enabled: false` and the like are not settings (law 3 in ARCHITECTURE.md). */
export const noOffSwitch: string =
  'recording cannot be switched off: every statement is recorded. To keep less of a result, set `rows` to "digest" or to smaller caps; to wait less for the disk, set `durability`';

const expectedSession = z
  .strictObject({
    user: z
      .string()
      .min(1)
      .optional()
      .meta({ 'x-default': 'any', description: 'The Postgres role that it logged in as.' }),
    database: z
      .string()
      .min(1)
      .optional()
      .meta({ 'x-default': 'any', description: 'The database that it is connected to.' }),
    application: z.string().min(1).optional().meta({
      'x-default': 'any',
      description: 'Its `application_name`, which it chooses itself: never the only field of an entry that matters.',
    }),
    address: z
      .string()
      .refine(isAddressRange, {
        error: 'must be an IP address, a network such as 10.0.0.0/8, or "local" for Unix sockets',
      })
      .optional()
      .meta({
        'x-default': 'any',
        description: 'Where it comes from: an IP address, a network, or `local` for Unix sockets.',
      }),
  })
  .refine((fields) => Object.values(fields).some((value) => value !== undefined), {
    error: 'names nothing, so it would be everybody',
  });

function isAddressRange(text: string): boolean {
  if (text === 'local') return true;
  const slash = text.indexOf('/');
  const family = isIP(slash === -1 ? text : text.slice(0, slash));
  if (family === 0 || slash === -1) return family !== 0;
  const bits = text.slice(slash + 1);
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

const watch = z.strictObject({
  user: watchLoginFields.user.optional().meta({
    'x-default': 'none',
    description:
      'The role that watches; without one nobody does. docs/blind-sessions.md has the SQL that makes one with the least rights. Of a connection with a `connector` it stands in connector.yaml.',
  }),
  password: watchLoginFields.password,
  every: watchLoginFields.every,
  allow: z
    .array(expectedSession)
    .prefault([])
    .meta({
      description:
        "Sessions that are known to go past the gateway, such as replicas, monitoring or the application's own pool: all fields that an entry gives must match. Everybody else is a blind session.",
      examples: [[{ user: 'replicator', address: '10.0.0.0/8' }]],
    }),
});

const connection = z.strictObject({
  connector: connectionName.optional().meta({
    description:
      'Name of the connector that reaches the database. Host, port, database, user, password and TLS then stand in its own configuration (docs/connector.md), and the gateway never learns them.',
    'x-default': 'the gateway reaches the database by itself',
  }),
  ...databaseFields,
  watch: watch.optional().meta({
    description: 'Watching for blind sessions: those that reach the database by another way than the gateway.',
    'x-default': 'nobody watches',
  }),
  recording: recording({ inherited: true }).meta({
    description: 'What this connection does differently from the top-level `recording`.',
  }),
  replication: z.enum(['refuse', 'allow']).prefault('refuse').meta({
    description:
      'Whether a client may open a replication connection. `allow` passes it on and records its commands, and counts and digests of what it streams; the role needs the REPLICATION attribute. pg_basebackup and pg_receivewal always ask for a database `replication`: give the connection that name for them.',
    'x-cost':
      'The content of a replication stream is not kept, so `allow` is a way to read everything that the role may replicate with only digests on the record.',
  }),
  ...controlFields,
  access: access.optional().meta({
    description:
      'Just-in-time access: an identity opens sessions on the connection only when people have approved it, for a time.',
    'x-default': 'nobody needs to approve',
  }),
});

const loginMethod = z.enum(['token', 'jwt', 'oauth', 'certificate']);

const identity = z.strictObject({
  kind: z
    .enum(['agent', 'service', 'person'])
    .prefault('agent')
    .meta({ description: 'What it is. It is written to the record of each session; it grants nothing.' }),
  groups: z.array(z.string().min(1)).prefault([]).meta({
    description: 'Groups it belongs to, written to the record of each session. Roles of a connection can go by them.',
  }),
  connections: z.array(z.string()).prefault([]).meta({ description: 'Connections it may use. It can reach no other.' }),
  login: z
    .union([loginMethod, z.array(loginMethod).min(1)], {
      error: 'must be "token", "jwt", "oauth" or "certificate", or a list of them',
    })
    .optional()
    .meta({
      description:
        'What it logs in with, one or several. `token`: a token of the gateway, by SCRAM. `jwt`: a token of one of `issuers`, as the password. `oauth`: such a token by OAUTHBEARER, as libpq 18 speaks it. `certificate`: a client certificate. All but `token` need TLS. With `jwt`, the client is asked for its password, which may be a token of the gateway then if `token` is in the list as well. Of `oauth` and `token`, the first in the list is what clients that know both take.',
      'x-cost': 'With `jwt`, the password crosses the network as it is, inside TLS: let clients check the certificate.',
      'x-default': '`token`, and `certificate` if there is one',
      examples: ['jwt', ['oauth', 'token']],
    }),
  certificate: z
    .strictObject({
      subject: z
        .string()
        .refine((text) => parseDistinguishedName(text) !== undefined, {
          error: 'must be a name such as "CN=billing-agent,O=Example" (RFC 4514)',
        })
        .optional()
        .meta({
          description: 'Its whole subject, as in RFC 4514; the order of the attributes does not matter.',
          examples: ['CN=billing-agent,O=Example'],
          'x-default': 'none: `san` says which',
        }),
      san: z
        .string()
        .min(1)
        .optional()
        .meta({
          description: 'One of its alternative names: a URI, a host name or an address of mail.',
          examples: ['spiffe://example.com/billing'],
          'x-default': 'none: `subject` says which',
        }),
    })
    .refine(({ subject, san }) => (subject === undefined) !== (san === undefined), {
      error: 'must have either subject or san',
    })
    .optional()
    .meta({
      description:
        'The client certificate of this identity. It must be signed by an authority in `tls.client_ca`. A client that shows it is asked for nothing else.',
      'x-default': 'none',
    }),
  ...controlFields,
});

const connectors = z.strictObject({
  certificate: duration({ minimum: 60_000, maximum: 365 * 86_400_000 })
    .prefault('7d')
    .meta({
      description:
        'Lifetime of the certificate of a connector. It gets a new one, for a new key, after two thirds of that; one that was away for longer must be enrolled again.',
    }),
  wait: duration({ minimum: 1, maximum: 60_000 }).prefault('5s').meta({
    description:
      'How long a new session waits for a connector that is not connected, before it is refused with 57P03. The whole startup is bounded by `limits.startup`.',
  }),
  spares: z.int().min(1).max(1000).prefault(4).meta({
    description:
      'Connections that each connector keeps open and ready, so that a new session does not wait for a TLS handshake. More are opened while sessions come fast.',
    'x-cost': 'Memory for a TLS connection on both sides each.',
  }),
}) satisfies z.ZodType<{ readonly [Name in keyof ConnectorsSettings]: number }>;

const limits = z.strictObject({
  clients: z.int().min(1).max(1_000_000).prefault(2000).meta({
    description: 'Client connections open at a time, authenticated or not. More are refused with 53300.',
    'x-cost': 'Two sockets each, and their buffers: raise the limit of open files (`ulimit -n`) with it.',
  }),
  unauthenticated: z.int().min(1).max(1_000_000).prefault(1000).meta({
    description:
      'Of these, how many may be unauthenticated at a time. When more knock, the one that has waited longest is turned away.',
    'x-cost':
      'A higher limit lets strangers hold more sockets; with a lower one, many that knock at once push out clients with slow networks.',
  }),
  startup: duration({ minimum: 100, maximum: 600_000 }).prefault('10s').meta({
    description:
      'Time from accepting a connection until its session is ready, the login to Postgres included (`authentication_timeout` of Postgres is the same for its part).',
  }),
  message: size({ minimum: 2 ** 16, maximum: 2 ** 30 })
    .prefault('256MiB')
    .meta({
      description:
        'The largest SQL text, or other message that must be held whole before it is forwarded. Rows, COPY data and bind parameters are not among them: they stream through at any size. Postgres itself refuses messages of 1 GiB.',
      'x-cost': 'A session can hold this much memory for as long as such a message is under way.',
    }),
  pipeline: z.int().min(2048).max(1_000_000).prefault(10_000).meta({
    description:
      'Statements of one session forwarded and not yet answered, before the gateway stops reading from its client. It is not lower than 2,048 because Postgres keeps up to 8 KiB of answers back until a Sync.',
    'x-cost': 'Memory for each statement under way.',
  }),
  segment: size({ minimum: 2 ** 20, maximum: 2 ** 30 })
    .prefault('64MiB')
    .meta({
      description: 'Size of a journal file. The space for the next one is allocated ahead.',
      'x-cost':
        'This much disk is taken in advance, and a start after a crash copies up to this much before it accepts clients.',
    }),
}) satisfies z.ZodType<{ readonly [Name in keyof LimitSettings]: number }>;

const schema: z.ZodType<Settings, unknown> = z
  .strictObject({
    listen: z
      .strictObject({
        postgres: address.prefault('127.0.0.1:6432').meta({
          description:
            'Address and port for Postgres clients. Port 0 lets the system choose. On another address than loopback, set `tls` to `required: true`.',
        }),
        connectors: address.optional().meta({
          description: 'Address and port for connectors, which dial in over mutual TLS. Port 0 lets the system choose.',
          'x-default': 'none: no connector can dial in',
        }),
      })
      .prefault({})
      .meta({ description: 'Where the gateway listens.' }),
    data: path.prefault('./data').meta({
      description:
        'Directory of the journal, the index, the tokens and the self-signed certificate. It is created with mode 0700. One gateway at a time.',
      'x-cost': 'Disk grows with what is recorded; put it on a disk whose `fdatasync` is fast and honest.',
    }),
    tls: z
      .union(
        [
          z.enum(['auto', 'off']),
          z
            .strictObject({
              certificate: path.optional().meta({
                description: 'PEM file with the certificate, and the chain behind it.',
                'x-default': 'a self-signed one',
              }),
              key: path.optional().meta({
                description: 'PEM file with its private key, without a passphrase.',
                'x-default': 'that of the self-signed one',
              }),
              required: z.boolean().prefault(false).meta({
                description: 'Refuse clients that do not use TLS.',
                'x-cost': 'Clients with `sslmode=disable`, and drivers that do not try TLS, are not let in.',
              }),
              client_ca: path.optional().meta({
                description:
                  'PEM file with the authorities whose certificates clients may log in with (`identities.NAME.certificate`). Clients without one are asked for their password as before.',
                'x-default': 'none: no client is asked for a certificate',
              }),
              client_crl: path.optional().meta({
                description:
                  'PEM file with the lists of revoked certificates, one of each authority in `client_ca`. SIGHUP reads it again, and ends open sessions whose certificate is on it.',
                'x-default': 'none',
              }),
            })
            .superRefine((tls, context) => {
              if ((tls.certificate === undefined) === (tls.key === undefined)) return;
              const missing = tls.key === undefined ? 'key' : 'certificate';
              context.addIssue(`has no \`${missing}\`: certificate and key go together`);
            }),
        ],
        { error: 'must be "auto", "off", or a map with certificate, key and required' },
      )
      .prefault('auto')
      .meta({
        description:
          'TLS towards clients, TLS 1.2 and later. `auto` makes a self-signed certificate in the data directory on the first start. A map without a certificate is `auto` as well, so `tls: { required: true }` is enough to insist on TLS.',
        'x-cost': 'A handshake when a session opens, and encryption of everything after it.',
      }),
    recording: recording({ inherited: false }).meta({
      description:
        'How much is kept, and how soon it is on disk, for every connection that does not say otherwise. There is no way to switch recording off.',
    }),
    connections: z.record(connectionName, connection, {}).prefault({}).meta({
      description:
        'The Postgres servers that can be reached, by name. A client asks for one as its database: `postgres://identity:token@gateway/connection`.',
    }),
    identities: z.record(identityName, identity).prefault({}).meta({
      description:
        'Who may log in, by name. A client gives the name as its user, and a token from `onrecord tokens create NAME` as its password, or what `login` says (docs/identities.md).',
    }),
    issuers: z.record(issuerName, issuer).prefault({}).meta({
      description:
        'Who signs tokens (JWT) that identities with `login: jwt` or `oauth` log in with, by name (docs/identities.md has examples).',
      'x-default': 'none',
    }),
    sessions: z
      .strictObject({
        end_at_expiry: z.boolean().prefault(false).meta({
          description:
            'End a session when the credential that it was opened with expires: a token with an expiry, a JWT, a certificate. Otherwise that only keeps new sessions out. A revoked token ends its sessions in any case.',
          'x-cost':
            'JWTs often live for minutes; their sessions then do too, in the middle of a transaction if need be.',
        }),
      })
      .prefault({})
      .meta({ description: 'What holds for open sessions.' }),
    connectors: connectors.prefault({}).meta({
      description: 'Connectors: small processes next to a Postgres server that dial in to the gateway.',
    }),
    limits: limits.prefault({}).meta({
      description: 'Bounds on what clients can make the gateway hold. Each is a safe default; none needs to be set.',
    }),
    policy: policy.prefault([]).meta({
      description:
        'Guard rules: what is refused, and what waits until people approve it (docs/policy.md has examples). `onrecord policy test` tries them on example statements, `onrecord policy explain` on one, `onrecord policy backtest` on those that were recorded.',
      'x-cost':
        'Where a rule can apply to a session, each statement is parsed and its names are looked up in a snapshot of the catalog, once for each text; a statement that cannot be is refused.',
    }),
    masking: masking.prefault({}).meta({
      description: 'What is hidden in results, from whom (docs/masking.md).',
      'x-cost':
        'For the sessions that a rule concerns: rows of masked columns are written anew, and what cannot be traced is masked or refused.',
    }),
    approvals: approvals.prefault({}).meta({
      description: 'Questions that wait for people (docs/approvals.md).',
    }),
  })
  .meta({ title: 'onrecord.yaml', description: 'Configuration of the Onrecord gateway.' }) satisfies z.ZodType<
  Settings,
  unknown
>;
