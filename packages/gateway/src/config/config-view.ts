import type { Config, Connection, Identity } from './config.ts';
import { formatSecretReference } from './secret.ts';

/** What a configuration means, as plain JSON: maps as objects, secrets as their references. */
export interface ConfigView extends Pick<Config, 'data' | 'listen' | 'tls' | 'limits'> {
  readonly connections: {
    readonly [name: string]: Omit<Connection, 'name' | 'password'> & { readonly password?: string };
  };
  readonly identities: { readonly [name: string]: Omit<Identity, 'name'> };
}

/** The view of a configuration; also of one whose paths are still as they were written. */
export function configView(
  config: Pick<Config, 'data' | 'listen' | 'tls' | 'limits'> & {
    readonly connections: Pick<Config['connections'], 'values'>;
    readonly identities: Pick<Config['identities'], 'values'>;
  },
): ConfigView {
  const { data, listen, tls, limits } = config;
  return {
    listen,
    data,
    tls,
    connections: Object.fromEntries(
      [...config.connections.values()].map(({ name, password, ...connection }) => [
        name,
        { ...connection, ...(password === undefined ? {} : { password: formatSecretReference(password) }) },
      ]),
    ),
    identities: Object.fromEntries([...config.identities.values()].map(({ name, ...identity }) => [name, identity])),
    limits,
  };
}
