import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Postgres, startPostgres } from '../../tests/support/postgres.ts';
import type { Target } from '../../tests/support/target.ts';

export interface BillingDatabase {
  readonly postgres: Postgres;
  /** The database as the role that the gateway logs in as: it reads everything, and changes invoices and payments. */
  readonly app: Target;
  /** The role that watches for sessions which did not come through the gateway. */
  readonly watch: { readonly user: string; readonly password: string };
  /** How many rows there are. */
  readonly rows: { readonly customers: number; readonly invoices: number; readonly payments: number };
}

const database = 'billing';
const role = 'billing_app';
const watcher = 'onrecord_watch';

/** Starts an embedded Postgres and fills it with customers, invoices and payments. */
export async function startBillingDatabase(): Promise<BillingDatabase> {
  const postgres = await startPostgres();
  try {
    const [password, watchPassword] = [randomPassword(), randomPassword()];
    await asSuperuser(postgres, postgres.database, async (client) => {
      await client.query(`create role ${role} login password '${password}'`);
      await client.query(`create role ${watcher} login password '${watchPassword}'`);
      await client.query(`grant pg_read_all_stats to ${watcher}`);
      await client.query(`create database ${database}`);
    });
    const rows = await asSuperuser(postgres, database, async (client) => {
      await client.query(readFileSync(join(import.meta.dirname, 'billing.sql'), 'utf8'));
      await client.query(`grant select on customers, invoices, payments to ${role}`);
      await client.query(`grant update, delete on invoices to ${role}`);
      await client.query(`grant update on payments to ${role}`);
      const counted = await client.query<BillingDatabase['rows']>(
        'select (select count(*)::int from customers) as customers, (select count(*)::int from invoices) as invoices, (select count(*)::int from payments) as payments',
      );
      return counted.rows[0] ?? { customers: 0, invoices: 0, payments: 0 };
    });
    const app = { ...postgres, user: role, password, database };
    return { postgres, app, watch: { user: watcher, password: watchPassword }, rows };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

function randomPassword(): string {
  return randomBytes(18).toString('base64url');
}

async function asSuperuser<T>(postgres: Postgres, name: string, act: (client: Client) => Promise<T>): Promise<T> {
  const { host, port, user, password } = postgres;
  const client = new Client({ host, port, user, password, database: name });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}
