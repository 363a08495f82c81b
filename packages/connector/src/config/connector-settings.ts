import { z } from 'zod';
import type { HostPort } from './address.ts';
import {
  type DatabaseSettings,
  databaseFields,
  type WatchLoginSettings,
  watchLoginFields,
} from './database-settings.ts';
import { address, connectionName, describeIssue, path } from './fields.ts';

/**
 * `connector.yaml`: the one schema, from which its JSON Schema and docs/connector-config.md are made, too. What a
 * database must have, `databaseProblems` says.
 */
export interface ConnectorFileSettings {
  readonly gateways: readonly HostPort[];
  readonly state: string;
  readonly connections: { readonly [name: string]: ConnectorDatabaseSettings };
}

export interface ConnectorDatabaseSettings extends DatabaseSettings {
  readonly watch?: WatchLoginSettings | undefined;
}

const mustBeSet = { 'x-default': 'none: it must be set' };

const database = z.strictObject({
  ...databaseFields,
  host: databaseFields.host.meta(mustBeSet),
  database: databaseFields.database.meta(mustBeSet),
  watch: z.strictObject(watchLoginFields).optional().meta({
    description:
      'Watching for blind sessions: those that reach the database by another way than the gateway. Which ones are expected, `watch.allow` of the connection says in the configuration of the gateway.',
    'x-default': 'nobody watches',
  }),
});

const schema: z.ZodType<ConnectorFileSettings, unknown> = z
  .strictObject({
    gateways: z
      .array(address)
      .prefault([])
      .meta({
        description:
          'The gateways that this connector dials, at the address that they have in `listen.connectors`. `--gateway HOST:PORT` adds one.',
        examples: [['gateway.example.com:7432']],
      }),
    state: path.prefault('./connector-state').meta({
      description:
        'Directory for the key and the certificate of this connector, one folder a gateway, for nobody else to read. Whoever has it can pose as this connector.',
    }),
    connections: z
      .record(connectionName, database)
      .prefault({})
      .meta({ description: 'The databases, by the names of their connections in the configuration of the gateway.' }),
  })
  .meta({ title: 'Onrecord connector', description: 'Configuration of a connector (connector.yaml).' });

/** Checks the plain value of a file. */
export function checkConnectorSettings(value: unknown): z.ZodSafeParseResult<ConnectorFileSettings> {
  return schema.safeParse(value ?? {}, { error: describeIssue });
}

/** The schema as JSON Schema (draft 2020-12), for what a person writes. */
export function connectorJsonSchema(): { readonly [key: string]: unknown } {
  return z.toJSONSchema(schema, { io: 'input' });
}
