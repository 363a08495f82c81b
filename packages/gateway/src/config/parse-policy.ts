import { ConfigError } from '@onrecord/connector/config';
import { describeIssue, explainIssues, readYaml } from '@onrecord/connector/settings';
import { z } from 'zod';
import type { Config } from './config.ts';
import { byPlace, parseConfig, rulesOf } from './parse-config.ts';
import { policyProblems } from './policy-problems.ts';
import { policy } from './policy-settings.ts';

const schema = z.strictObject({ policy });

/**
 * The configuration that `text` describes: a whole one; or, where it has nothing but `policy`, that of `base` with these rules.
 * Whether somebody is in the groups of their approvers is only checked in a whole one. Throws a ConfigError.
 */
export function parsePolicy(text: string, file: string, base: Config): Config {
  const source = readYaml(text);
  if (source.problems.length > 0) throw new ConfigError(file, source.problems);
  const { value } = source;
  const isWhole = typeof value !== 'object' || value === null || Object.keys(value).join() !== 'policy';
  if (isWhole) return parseConfig(text, file);
  const checked = schema.safeParse(value, { error: describeIssue });
  const json = (): object => z.toJSONSchema(schema, { io: 'input' });
  const problems = [
    ...(checked.success ? [] : explainIssues(checked.error.issues, { source, schema: json })),
    ...policyProblems(source),
  ];
  if (!checked.success || problems.length > 0) throw new ConfigError(file, [...problems].sort(byPlace));
  return { ...base, policy: rulesOf(checked.data.policy) };
}
