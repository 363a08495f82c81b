import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError } from '@onrecord/connector/config';
import type { Config } from './config.ts';

/** The configuration file at `path` (relative to the working directory), checked. Throws a ConfigError. */
export async function loadConfig(path: string): Promise<Config> {
  const file = resolve(path);
  let content: Uint8Array;
  try {
    content = await readFile(file);
  } catch (error) {
    throw new ConfigError(file, [fileProblem(readFailure(error as NodeJS.ErrnoException))]);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new ConfigError(file, [fileProblem('is not UTF-8 text')]);
  }
  // The parsers of YAML and of the schema are only loaded by who needs them: they take longer to load than to run.
  const { parseConfig } = await import('./parse-config.ts');
  return parseConfig(text, file);
}

function fileProblem(message: string): ConfigError['problems'][number] {
  return { path: '', message };
}

function readFailure(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such file; name another one with --config FILE';
  return `cannot be read (${error.code ?? error.message})`;
}
