/** Pieces of configuration schemas: YAML with places, and the settings that gateway and connector share. Loads zod. */
export { connectorIntroduction } from './connector-introduction.ts';
export { connectorJsonSchema } from './connector-settings.ts';
export {
  type DatabaseSettings,
  databaseFields,
  databaseOf,
  databaseProblems,
  type WatchLoginSettings,
  watchLoginFields,
  withPaths,
} from './database-settings.ts';
export { dotted, type Explained, explainIssues, type JsonSchema } from './explain-issue.ts';
export { address, connectionName, describeIssue, duration, key, path, postgresName, secret } from './fields.ts';
export { parseConnectorConfig } from './parse-connector-config.ts';
export { readYaml, type YamlSource } from './yaml-source.ts';
