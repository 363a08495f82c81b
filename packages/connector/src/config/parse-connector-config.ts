import { dirname, resolve } from 'node:path';
import type { ConnectorConfig } from './connector-config.ts';
import { type ConnectorFileSettings, checkConnectorSettings, connectorJsonSchema } from './connector-settings.ts';
import { databaseOf, databaseProblems, withPaths } from './database-settings.ts';
import { dotted, explainIssues } from './explain-issue.ts';
import { ConfigError, type Problem } from './problem.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/**
 * The configuration that `text` describes. Paths in it are relative to the directory of `file`, an absolute path. Opens
 * nothing. Throws a ConfigError with every problem that was found, in the order of the file.
 */
export function parseConnectorConfig(text: string, file: string): ConnectorConfig {
  const source = readYaml(text);
  if (source.problems.length > 0) throw new ConfigError(file, source.problems);
  const checked = checkConnectorSettings(source.value);
  const problems = checked.success
    ? incomplete(checked.data, source)
    : explainIssues(checked.error.issues, { source, schema: connectorJsonSchema });
  if (!checked.success || problems.length > 0) throw new ConfigError(file, [...problems].sort(byPlace));
  return build(checked.data, file);
}

/** Databases that lack what they need. */
function incomplete({ connections }: ConnectorFileSettings, source: YamlSource): readonly Problem[] {
  return Object.entries(connections).flatMap(([name, settings]) =>
    databaseProblems(settings).map(({ path, message }) => {
      const at = ['connections', name, path];
      return { ...source.positionOf(at), path: dotted(at), message };
    }),
  );
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function build({ gateways, state, connections }: ConnectorFileSettings, file: string): ConnectorConfig {
  const absolute = (written: string): string => resolve(dirname(file), written);
  const databases = Object.entries(connections).map(([name, settings]) =>
    withPaths(databaseOf(name, settings, settings.watch), absolute),
  );
  return {
    file,
    gateways,
    state: absolute(state),
    connections: new Map(databases.map((database) => [database.name, database])),
  };
}
