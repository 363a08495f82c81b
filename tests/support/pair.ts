import { Admin } from './admin.ts';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
import { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts';

/** A server and a gateway in front of it. */
export interface Pair {
  readonly postgres: Postgres;
  readonly gateway: Gateway;
  readonly admin: Admin;
  stop(): Promise<void>;
}

/** Starts both; stops the server again when the gateway does not come up. */
export async function startPair(
  options: { readonly postgres?: PostgresOptions; readonly gateway?: Omit<GatewayOptions, 'postgres'> } = {},
): Promise<Pair> {
  const postgres = await startPostgres(options.postgres);
  try {
    const gateway = await startGateway({ postgres, ...options.gateway });
    const admin = await Admin.login(postgres);
    return {
      postgres,
      gateway,
      admin,
      stop: async () => {
        admin.close();
        await gateway.stop();
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}
