import { startPostgres } from '../../tests/support/postgres.ts';
import type { Target } from '../../tests/support/target.ts';
import { Pgbench, type Workload } from '../pgbench.ts';
import { describeMissing, findTools } from '../tools.ts';
import { costsOf, type Measure } from './measures.ts';

const scale = 10;

/** Measures with a Postgres of their own behind the connector; without pgbench it says so and there are none. */
export async function withPostgres(measure: (measures: readonly Measure[]) => Promise<void>): Promise<void> {
  const tools = findTools();
  if (tools.pgbench === undefined) return console.log(describeMissing(tools).join('\n'));
  const pgbench = new Pgbench(tools.pgbench);
  const postgres = await startPostgres({ hba: ['host all all 127.0.0.1/32 trust'] });
  try {
    await pgbench.initialise(postgres, scale);
    await measure([1, 8, 64].map((clients) => selects(pgbench, postgres, clients)));
  } finally {
    await postgres.stop();
  }
}

/** pgbench -S: its clients, their logins among them, through a gateway that only passes bytes on. */
function selects(pgbench: Pgbench, postgres: Target, clients: number): Measure {
  return {
    name: `pgbench -S, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    serverPort: postgres.port,
    run: async (pair, { echoMs }) => {
      const port = await pair.gateway.ask('forward', undefined);
      const seconds = Math.ceil(echoMs / 1000);
      const workload: Workload = { script: 'select', protocol: 'simple', clients, seconds, logged: 0.1 };
      await pgbench.measure({ ...postgres, port }, { ...workload, seconds: 1 });
      const costs = await costsOf(pair, () => pgbench.measure({ ...postgres, port }, workload));
      return {
        'statements/s': costs.result.transactionsPerSecond,
        'gateway CPU µs/statement': costs.gatewayCpuUs / costs.result.transactions,
        'connector CPU µs/statement': costs.connectorCpuUs / costs.result.transactions,
      };
    },
  };
}
