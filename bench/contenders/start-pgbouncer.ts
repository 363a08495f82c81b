import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../tests/support/free-port.ts';
import { removeDirectory, temporaryDirectory } from '../../tests/support/leftovers.ts';
import { postgresAccount } from '../../tests/support/postgres-binaries.ts';
import { startChild } from '../../tests/support/start-child.ts';
import type { Target } from '../../tests/support/target.ts';
import type { Started } from './contender.ts';

/**
 * PgBouncer in session mode: one server connection for each client, as the gateway has. Everything that matters to speed
 * is left at its default. It does not run as root, so that root starts it as nobody.
 */
export async function startPgBouncer(program: string, postgres: Target, maximumClients: number): Promise<Started> {
  const directory = temporaryDirectory('pgbouncer');
  const port = await freePort();
  const configuration = join(directory, 'pgbouncer.ini');
  const users = join(directory, 'users.txt');
  writeFileSync(users, `"${postgres.user}" ""\n`);
  writeFileSync(configuration, configurationOf(postgres, { port, users, maximumClients }));
  for (const file of [configuration, users]) chmodSync(file, 0o644);
  const child = await startChild(program, [configuration], {
    awaits: /(process up|listening on 127\.0\.0\.1)/,
    account: postgresAccount(),
  });
  return {
    contenders: [{ ...postgres, name: 'pgbouncer', port, pids: [child.pid], journalBytes: undefined }],
    stop: async () => {
      await child.stop();
      removeDirectory(directory);
    },
  };
}

interface Settings {
  readonly port: number;
  readonly users: string;
  readonly maximumClients: number;
}

function configurationOf(postgres: Target, { port, users, maximumClients }: Settings): string {
  return `[databases]
${postgres.database} = host=${postgres.host} port=${postgres.port} dbname=${postgres.database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = session
default_pool_size = ${maximumClients}
max_client_conn = ${maximumClients}
`;
}
