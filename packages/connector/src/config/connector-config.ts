import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Database } from '../database.ts';
import type { HostPort } from './address.ts';
import { parseConnectorConfig } from './parse-connector-config.ts';
import { ConfigError } from './problem.ts';

/** `connector.yaml`, checked; paths are absolute. */
export interface ConnectorConfig {
  readonly file: string;
  readonly gateways: readonly HostPort[];
  /** Directory of what the connector keeps: a key and a certificate for each gateway. */
  readonly state: string;
  /** By name. */
  readonly connections: ReadonlyMap<string, Database>;
}

/** The configuration at `path` (relative to the working directory). Throws a ConfigError. */
export async function loadConnectorConfig(path: string): Promise<ConnectorConfig> {
  const file = resolve(path);
  return parseConnectorConfig(asText(await content(file), file), file);
}

async function content(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = 'there is no such file; name another one with --config FILE';
    throw fileProblem(file, code === 'ENOENT' ? missing : `cannot be read (${code ?? message})`);
  }
}

function asText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fileProblem(file, 'is not UTF-8 text');
  }
}

function fileProblem(file: string, message: string): ConfigError {
  return new ConfigError(file, [{ path: '', message }]);
}
