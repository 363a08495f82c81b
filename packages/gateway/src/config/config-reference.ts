import { addressPattern, durationPattern, secretPattern } from '@onrecord/connector/config';
import { formatSize } from './size.ts';

/** What of a JSON Schema the reference shows. */
interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly 'x-cost'?: string;
  readonly 'x-default'?: string;
}

/** What stands for the name of a connection or identity. */
const anyName = 'NAME';

/** What docs/config.md says before the settings. */
export const configIntroduction = `# Configuration

<!-- Generated from packages/gateway/src/config/settings.ts: node scripts/run.mjs run scripts/generate-docs.ts -->

Onrecord reads one file, \`onrecord.yaml\` in the working directory or the one that \`--config FILE\` names. This is all that
a first one needs:

\`\`\`yaml
connections:
  billing: { host: 127.0.0.1, database: billing, user: billing_app, password: env:BILLING_PASSWORD }
identities:
  billing-agent: { connections: [billing] }
\`\`\`

\`onrecord config check\` says what was understood, or everything that is wrong with line and column. A setting that does not
exist is an error. \`onrecord config schema\` prints the JSON Schema (\`schema/onrecord.schema.json\`) with which editors complete
and check while you type. Put it next to the file, and the YAML language server takes it from this first line:

\`\`\`yaml
# yaml-language-server: $schema=./onrecord.schema.json
\`\`\`

- **Paths** are relative to the directory of the file.
- **Sizes** are numbers of bytes, or numbers with \`B\`, \`KiB\`, \`MiB\` or \`GiB\`. \`kB\` is refused: it is 1,000 to some and 1,024 to
  Postgres.
- **Durations** have a unit: \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`, \`w\`.
- **Secrets** are references: \`env:NAME\`, \`file:PATH\` or \`exec:COMMAND\`. A secret in the file itself is an error, and the error does not show it.
- **The hash** of a configuration is SHA-256 over what it means: comments, order, spelled-out defaults and the directory
  it lies in do not change it. It is in the record of every session.
- **SIGHUP** makes the gateway read the file again, for sessions that open from then on. \`listen\`, \`data\` and
  \`limits.segment\` only change with a restart. A file with a problem changes nothing.
`;

/** A page of the docs: every setting of a schema, with what it does, its default and its cost. Pure. */
export function configReference(introduction: string, schema: { readonly [key: string]: unknown }): string {
  const told = new Map<string, string>();
  const lines = settingsOf(schema as Schema, '', 2).map((setting) => section(setting, told));
  return `${[introduction, ...lines].join('\n')}`;
}

interface Setting {
  readonly path: string;
  readonly level: number;
  readonly schema: Schema;
  readonly required: boolean;
}

function settingsOf(schema: Schema, parent: string, level: number): readonly Setting[] {
  const map = schema.anyOf?.find((branch) => branch.properties !== undefined) ?? schema;
  if (map.items?.properties !== undefined) return settingsOf(map.items, `${parent}[]`, level);
  const named = map.additionalProperties;
  if (named) return settingsOf(named, `${parent}.${anyName}`, level);
  return Object.entries(map.properties ?? {}).flatMap(([name, inner]) => {
    const path = parent === '' ? name : `${parent}.${name}`;
    const setting = { path, level, schema: inner, required: map.required?.includes(name) ?? false };
    return [setting, ...settingsOf(inner, path, Math.min(level + 1, 3))];
  });
}

function section({ path, level, schema, required }: Setting, told: Map<string, string>): string {
  const heading = `${'#'.repeat(level)} \`${path}\`\n`;
  const facts = [fact('Value', kindOf(schema)), fact('Default', required ? 'none: it must be set' : defaultOf(schema))];
  const before = told.get(schema.description ?? '');
  if (before !== undefined) return [heading, `As [\`${before}\`](#${anchor(before)}).`, '', ...facts, ''].join('\n');
  if (schema.description !== undefined) told.set(schema.description, path);
  return [heading, schema.description ?? '', '', ...facts, fact('Cost', schema['x-cost']), '']
    .filter((line) => line !== undefined)
    .join('\n');
}

/** How GitHub makes an anchor of a heading. */
function anchor(path: string): string {
  return path.toLowerCase().replaceAll(/[.[\]]/g, '');
}

function fact(name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : `- ${name}: ${text}`;
}

function defaultOf(schema: Schema): string | undefined {
  if (schema['x-default'] !== undefined) return schema['x-default'];
  const value = schema.default;
  if (Array.isArray(value) && value.length === 0) return 'none';
  if (value === undefined || (typeof value === 'object' && isEmpty(value))) return undefined;
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function isEmpty(value: object | null): boolean {
  return value !== null && Object.keys(value).length === 0;
}

const byPattern: { readonly [pattern: string]: string } = {
  [durationPattern.source]: 'a duration',
  [addressPattern.source]: '`host:port`, an IPv6 host as `"[::1]:6432"`',
  [secretPattern.source]: '`env:NAME`, `file:PATH` or `exec:COMMAND`',
};

function kindOf(schema: Schema): string {
  if (schema.pattern !== undefined && byPattern[schema.pattern] !== undefined) return String(byPattern[schema.pattern]);
  const bytes = schema.anyOf?.find(({ type }) => type === 'integer');
  if (bytes !== undefined) return `a size, ${sizeOf(bytes.minimum)} to ${sizeOf(bytes.maximum)}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(kindOf).join(', or ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  switch (schema.type) {
    case 'integer':
      return `a whole number, ${number(schema.minimum)} to ${number(schema.maximum)}`;
    case 'boolean':
      return '`true`, `false`';
    case 'array':
      return listOf(schema.items);
    case 'object':
      return schema.additionalProperties ? 'a map, by name' : 'a map of the settings below';
    default:
      return 'text';
  }
}

function listOf(items: Schema | undefined): string {
  if (items?.properties !== undefined) return 'a list of maps of the settings below';
  const written = byPattern[items?.pattern ?? ''];
  return written === undefined ? 'a list of names' : `a list of ${written}`;
}

function sizeOf(bytes: number | undefined): string {
  return bytes === undefined ? '…' : formatSize(bytes);
}

function number(value: number | undefined): string {
  return value === undefined ? '…' : value.toLocaleString('en-US');
}
