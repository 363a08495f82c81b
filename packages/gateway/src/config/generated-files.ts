import { connectorIntroduction, connectorJsonSchema } from '@onrecord/connector/settings';
import { configIntroduction, configReference } from './config-reference.ts';
import { settingsJsonSchema } from './settings.ts';

/** Files of the repository that are made from the schemas of the configurations: content by path from the root. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schema = settingsJsonSchema();
  const connector = connectorJsonSchema();
  return new Map([
    ['docs/config.md', configReference(configIntroduction, schema)],
    ['schema/onrecord.schema.json', formatJson(schema)],
    ['docs/connector-config.md', configReference(connectorIntroduction, connector)],
    ['schema/connector.schema.json', formatJson(connector)],
  ]);
}

/** JSON for people to read and for tools to compare. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
