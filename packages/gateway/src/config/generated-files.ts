import { configReference } from './config-reference.ts';
import { settingsJsonSchema } from './settings.ts';

/** Files of the repository that are made from the configuration's schema: content by path from the root. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schema = settingsJsonSchema();
  return new Map([
    ['docs/config.md', configReference(schema)],
    ['schema/onrecord.schema.json', formatJson(schema)],
  ]);
}

/** JSON as the formatter of the project leaves it: lists of plain values on one line. */
export function formatJson(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2);
  const joined = text.replace(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, (_, items: string) => `[${items.replace(/\n\s+/g, ' ')}]`);
  return `${joined}\n`;
}
