import { GatewayError } from '../errors.ts';
import { type OwnSessionOptions, withOwnSession } from './own-session.ts';
import type { UpstreamTarget } from './upstream.ts';

/** What came of trying a connection: `onrecord connections test`. Durations are milliseconds. */
export type ConnectionTest =
  | {
      readonly reachable: true;
      readonly address: string;
      readonly connector?: string;
      readonly database: string;
      readonly role: string;
      /** server_version. */
      readonly version: string;
      readonly readOnly: boolean;
      /** From asking for a session to Postgres being ready for a statement, and of one statement. */
      readonly loginMs: number;
      readonly statementMs: number;
    }
  | { readonly reachable: false; readonly sqlstate: string; readonly problem: string; readonly hint?: string };

export interface TestOptions extends OwnSessionOptions {
  readonly signal: AbortSignal;
}

/** Longer than a login may take by itself. */
const testMs = 20_000;

/** Opens a session of the gateway's own and runs one statement in it. Never rejects for what Postgres or a connector did. */
export async function testConnection(target: UpstreamTarget, options: TestOptions): Promise<ConnectionTest> {
  const { clock } = options;
  const startedUs = clock.monotonicUs();
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(testMs)]);
  try {
    return await withOwnSession(target, { ...options, signal }, async (session) => {
      const readyUs = clock.monotonicUs();
      const rows = await session.query('SELECT pg_catalog.pg_is_in_recovery() /* onrecord: does it answer */');
      const answeredUs = clock.monotonicUs();
      const { address, connector, database, role, parameters } = session.upstream;
      return {
        reachable: true,
        address,
        ...(connector === undefined ? {} : { connector }),
        database,
        role,
        version: parameters.get('server_version') ?? 'unknown',
        readOnly: rows[0]?.[0] === 't',
        loginMs: (readyUs - startedUs) / 1000,
        statementMs: (answeredUs - readyUs) / 1000,
      };
    });
  } catch (error) {
    if (error instanceof GatewayError) {
      const { sqlstate, message, detail, hint } = error;
      const problem = detail === undefined ? message : `${message}: ${detail}`;
      return { reachable: false, sqlstate, problem, ...(hint === undefined ? {} : { hint }) };
    }
    return { reachable: false, sqlstate: '08006', problem: error instanceof Error ? error.message : String(error) };
  }
}
