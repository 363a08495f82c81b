import { ConfigError, didYouMean, type Problem } from '@onrecord/connector/config';
import { describeIssue, dotted, explainIssues, readYaml, type YamlSource } from '@onrecord/connector/settings';
import { z } from 'zod';
import type { Config } from '../../config/config.ts';
import type { InlineCatalog } from './inline-catalog.ts';

/** A file of examples: what a policy is to say of statements. */
export interface Examples {
  /** Undefined: nothing is known of the database. */
  readonly catalog: InlineCatalog | undefined;
  readonly examples: readonly Example[];
}

export interface Example {
  readonly name: string | undefined;
  /** One statement, or several of which the most restrictive verdict counts. */
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
  readonly identity: string;
  readonly connection: string;
  /** Wall-clock microseconds; undefined: now. */
  readonly at: number | undefined;
  readonly expect: 'allow' | 'approve' | 'deny';
  /** The rules that must match, no others; undefined: any. */
  readonly rules: readonly string[] | undefined;
  /** Line of the file, from 1. */
  readonly line: number;
}

const qualified = z.string().regex(/^[^.]+\.[^.]+$/, { error: 'must be schema.name' });
const columns = z.array(z.string().min(1));
const parameter = z.union([z.string(), z.number(), z.boolean(), z.null()], { error: 'must be a value or null' });

const example = z.strictObject({
  name: z.string().min(1).optional(),
  sql: z.string().min(1),
  parameters: z.array(parameter).prefault([]),
  identity: z.string(),
  connection: z.string(),
  at: z.iso.datetime({ offset: true, error: 'must be a time such as 2026-11-29T20:45:00Z' }).optional(),
  expect: z.enum(['allow', 'approve', 'deny']),
  rules: z.array(z.string()).optional(),
});

const schema = z.strictObject({
  tables: z.record(qualified, columns).optional(),
  views: z.record(qualified, z.string().min(1)).prefault({}),
  functions: z
    .record(
      qualified,
      z.strictObject({
        body: z.string().min(1).optional(),
        volatility: z.enum(['immutable', 'stable', 'volatile']).prefault('volatile'),
      }),
    )
    .prefault({}),
  examples: z.array(example).min(1),
});

/** Reads a file of examples for a configuration. Throws a ConfigError with all that is wrong with it. */
export function parseExamples(content: string, file: string, config: Config): Examples {
  const source = readYaml(content);
  if (source.problems.length > 0) throw new ConfigError(file, source.problems);
  const checked = schema.safeParse(source.value, { error: describeIssue });
  if (!checked.success) {
    const json = (): object => z.toJSONSchema(schema, { io: 'input' });
    throw new ConfigError(file, explainIssues(checked.error.issues, { source, schema: json }));
  }
  const { tables, views, functions, examples } = checked.data;
  const problems = examples.flatMap((given, index) => unknownNames(given, index, { source, config }));
  if (problems.length > 0) throw new ConfigError(file, problems);
  return {
    catalog: tables === undefined ? undefined : { tables, views, functions },
    examples: examples.map(({ name, parameters, at, rules, ...given }, index) => ({
      ...given,
      name,
      parameters: parameters.map((value) => (value === null ? null : String(value))),
      at: at === undefined ? undefined : Date.parse(at) * 1000,
      rules,
      line: source.positionOf(['examples', index]).line,
    })),
  };
}

interface About {
  readonly source: YamlSource;
  readonly config: Config;
}

function unknownNames(given: z.output<typeof example>, index: number, { source, config }: About): readonly Problem[] {
  const at = ['examples', index];
  const problem = (path: readonly PropertyKey[], what: string, name: string, known: Iterable<string>): Problem => ({
    ...source.positionOf([...at, ...path]),
    path: dotted([...at, ...path]),
    message: `there is no ${what} "${name}"${didYouMean(name, known)}`,
  });
  const { identity, connection, rules = [] } = given;
  const settings = ['read_only', 'tables', 'unreadable', 'masking'];
  const names = [...config.policy.map(({ name }) => name), ...settings];
  return [
    ...(config.identities.has(identity) ? [] : [problem(['identity'], 'identity', identity, config.identities.keys())]),
    ...(config.connections.has(connection)
      ? []
      : [problem(['connection'], 'connection', connection, config.connections.keys())]),
    ...rules.flatMap((rule, place) => (names.includes(rule) ? [] : [problem(['rules', place], 'rule', rule, names)])),
  ];
}
