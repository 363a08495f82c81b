import { access, constants } from 'node:fs/promises';
import { isIP } from 'node:net';
import { formatAddress } from './address.ts';
import type { Config } from './config.ts';
import { resolveSecret } from './secret.ts';

/**
 * What is not wrong with a configuration but is likely to surprise: secrets and files that are not there now, clients
 * that may come in the clear, names that nobody can use. A line each; never a secret.
 */
export async function configWarnings(
  config: Config,
  env: { readonly [name: string]: string | undefined },
): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const connection of config.connections.values()) {
    const path = `connections.${connection.name}`;
    if (connection.password !== undefined) {
      const failure = await resolveSecret(connection.password, env).then(
        () => undefined,
        (error: Error) => error.message,
      );
      if (failure !== undefined) warnings.push(`${path}.password: ${failure}`);
    }
    if (connection.tlsCa !== undefined) {
      if (connection.tls !== 'verify-ca' && connection.tls !== 'verify-full') {
        warnings.push(
          `${path}.tls_ca: is not used with tls: ${connection.tls}; only verify-ca and verify-full look at it`,
        );
      } else if (!(await isReadable(connection.tlsCa))) {
        warnings.push(`${path}.tls_ca: ${connection.tlsCa} cannot be read`);
      }
    }
    if (![...config.identities.values()].some(({ connections }) => connections.includes(connection.name))) {
      warnings.push(`${path}: no identity may use it`);
    }
  }
  for (const identity of config.identities.values()) {
    if (identity.connections.length === 0) warnings.push(`identities.${identity.name}: may not use any connection`);
  }
  const insists = config.tls.mode !== 'off' && config.tls.required;
  if (!insists && !isLoopback(config.listen.postgres.host)) {
    warnings.push(
      `tls: clients may come to ${formatAddress(config.listen.postgres)} without TLS, and what they ask and get crosses the network in the clear; set tls: { required: true }`,
    );
  }
  return warnings;
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === '::1' || host.toLowerCase() === 'localhost';
}
