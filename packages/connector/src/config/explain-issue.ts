import type { z } from 'zod';
import { didYouMean, nearMiss } from './near-miss.ts';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;

/** What is read of a JSON Schema. */
export interface JsonSchema {
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** The file, and what is known of what may stand in it. */
export interface Explained {
  readonly source: YamlSource;
  readonly schema: () => JsonSchema;
  /** More than that there is no such setting, for one that looks like a wish that cannot be granted. */
  readonly remark?: ((path: readonly PropertyKey[]) => string | undefined) | undefined;
}

/** What the schema found, as problems at their places: one for each unknown key, and near misses named. */
export function explainIssues(issues: readonly Issue[], about: Explained): readonly Problem[] {
  return issues.flatMap((issue) => explain(issue, issue.path, about));
}

function explain(issue: Issue, path: readonly PropertyKey[], about: Explained): readonly Problem[] {
  const { source } = about;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const at = [...path, key];
        return { ...source.positionOfKey(at), path: dotted(at), message: unknownKey(key, path, about) };
      });
    case 'invalid_union': {
      const branch = meantBranch(issue.errors);
      if (branch === undefined) return [problemAt(path, issue.message, source)];
      return branch.flatMap((inner) => explain(inner, [...path, ...inner.path], about));
    }
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues.map(({ message }) => ({ ...source.positionOfKey(path), path: dotted(path), message }));
    case 'invalid_value': {
      const given = valueAt(source.value, path);
      const candidate = typeof given === 'string' ? nearMiss(given, issue.values.map(String)) : undefined;
      return [
        problemAt(
          path,
          candidate === undefined ? issue.message : `${issue.message}; did you mean "${candidate}"?`,
          source,
        ),
      ];
    }
    default:
      return [problemAt(path, issue.message, source)];
  }
}

function problemAt(path: readonly PropertyKey[], message: string, source: YamlSource): Problem {
  return { ...source.positionOf(path), path: dotted(path), message };
}

/** The branch that takes a value of this kind and only found something wrong inside it; the union's own text is better otherwise. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const meant = branches.filter((issues) =>
    issues.every((issue) => issue.path.length > 0 || (issue.code !== 'invalid_type' && issue.code !== 'invalid_value')),
  );
  return meant.length === 1 ? meant[0] : undefined;
}

function unknownKey(key: string, path: readonly PropertyKey[], { schema, remark }: Explained): string {
  const known = knownKeys(path, schema());
  const meant = didYouMean(key, known);
  const remarked = meant === '' ? remark?.(path) : undefined;
  if (remarked !== undefined) return `there is no such setting: ${remarked}`;
  if (meant !== '') return `there is no such setting${meant}`;
  return `there is no such setting; there are ${known.join(', ')}`;
}

function knownKeys(path: readonly PropertyKey[], whole: JsonSchema): readonly string[] {
  let schema: JsonSchema | undefined = whole;
  for (const step of path) {
    schema = asMap(schema);
    schema = schema?.properties?.[String(step)] ?? (schema?.additionalProperties || undefined) ?? schema?.items;
  }
  return Object.keys(asMap(schema)?.properties ?? {});
}

function asMap(schema: JsonSchema | undefined): JsonSchema | undefined {
  return schema?.anyOf?.find((branch) => branch.properties !== undefined) ?? schema;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  );
}

/** `connections.billing.port`, `identities.agent.connections[0]`. */
export function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}
