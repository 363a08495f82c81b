import { access, constants } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Database } from '@onrecord/connector';
import { formatAddress, parseSecretReference, resolveSecret, type SecretReference } from '@onrecord/connector/config';
import type { Config, Identity } from './config.ts';

/**
 * What is not wrong with a configuration but is likely to surprise: secrets and files that are not there now, clients
 * that may come in the clear, names that nobody can use. A line each; never a secret.
 */
export async function configWarnings(config: Config, env: Environment): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const connection of config.connections.values()) {
    const path = `connections.${connection.name}`;
    if (connection.reach.type === 'built-in') {
      for (const warning of await databaseWarnings(connection.reach.database, env)) warnings.push(`${path}.${warning}`);
    }
    if (![...config.identities.values()].some(({ connections }) => connections.includes(connection.name))) {
      warnings.push(`${path}: no identity may use it`);
    }
  }
  for (const identity of config.identities.values()) {
    if (identity.connections.length === 0) warnings.push(`identities.${identity.name}: may not use any connection`);
    warnings.push(...loginWarnings(identity, config));
  }
  for (const { name, keys, tlsCa } of config.issuers.values()) {
    if (keys.type === 'file' && !(await isReadable(keys.path))) {
      warnings.push(`issuers.${name}.jwks: ${keys.path} cannot be read`);
    }
    if (tlsCa !== undefined && !(await isReadable(tlsCa))) {
      warnings.push(`issuers.${name}.tls_ca: ${tlsCa} cannot be read`);
    }
  }
  const { key } = config.masking;
  const secrets = [
    ['masking.key', key === undefined ? undefined : parseSecretReference(key)] as const,
    ...config.approvals.webhooks.map(
      ({ secret }, at) => [`approvals.webhooks[${at}].secret`, parseSecretReference(secret)] as const,
    ),
  ];
  warnings.push(...(await missingSecrets(secrets, env)));
  const insists = config.tls.mode !== 'off' && config.tls.required;
  if (!insists && !isLoopback(config.listen.postgres.host)) {
    warnings.push(
      `tls: clients may come to ${formatAddress(config.listen.postgres)} without TLS, and what they ask and get crosses the network in the clear; set tls: { required: true }`,
    );
  }
  return warnings;
}

/** Tokens of issuers that nobody can use: the identity does not take them, or no rule gives it any. */
function loginWarnings({ name, login }: Identity, { issuers }: Config): readonly string[] {
  const takes = login.includes('jwt') || login.includes('oauth');
  const given = [...issuers.values()].some(({ identities }) => identities.some(({ identity }) => identity === name));
  if (takes && !given) return [`identities.${name}.login: no rule of \`issuers\` names this identity`];
  if (!takes && given) {
    return [`identities.${name}.login: \`issuers\` name this identity, but it has neither jwt nor oauth`];
  }
  return [];
}

/** Of one database; each begins with the path of a setting below it. */
async function databaseWarnings(database: Database, env: Environment): Promise<readonly string[]> {
  const { login, roles, watch, tls, tlsCa, certificate } = database;
  const warnings: string[] = [];
  const secrets: readonly NamedSecret[] = [
    ['password', login?.password],
    ...roles.map(({ password }, at) => [`roles[${at}].password`, password] as const),
    ['watch.password', watch?.password],
  ];
  warnings.push(...(await missingSecrets(secrets, env)));
  if (tlsCa !== undefined && tls !== 'verify-ca' && tls !== 'verify-full') {
    warnings.push(`tls_ca: is not used with tls: ${tls}; only verify-ca and verify-full look at it`);
  } else if (tlsCa !== undefined && !(await isReadable(tlsCa))) {
    warnings.push(`tls_ca: ${tlsCa} cannot be read`);
  }
  if (certificate !== undefined) {
    for (const [path, file] of [
      ['tls_certificate', certificate.certificate],
      ['tls_key', certificate.key],
    ] as const) {
      if (!(await isReadable(file))) warnings.push(`${path}: ${file} cannot be read`);
    }
  }
  return warnings;
}

type NamedSecret = readonly [path: string, reference: SecretReference | undefined];

/** Those that cannot be had now. */
async function missingSecrets(secrets: readonly NamedSecret[], env: Environment): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const [path, reference] of secrets) {
    // A command may do anything, so it is not run only to be checked.
    if (reference === undefined || reference.type === 'exec') continue;
    const failure = await resolveSecret(reference, env).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (failure !== undefined) warnings.push(`${path}: ${failure}`);
  }
  return warnings;
}

type Environment = { readonly [name: string]: string | undefined };

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
