// A billing agent: it looks for overdue invoices and marks those it will send reminders for, tidies up, and corrects a
// payment. It knows one thing of where it runs, DATABASE_URL, and is nothing but an ordinary client of Postgres: nothing
// in here knows of Onrecord, nor that some of what it does is hidden from it, denied, or waits for somebody.
import { Client, type DatabaseError } from 'pg';

interface OverdueInvoice {
  readonly id: string;
  readonly customer_id: string;
  readonly amount: string;
}

const today = '2026-11-17';
const reminders = 5;

const client = new Client({
  connectionString: process.env.DATABASE_URL,
  application_name: 'billing-agent',
  pipeline: true,
});
await client.connect();
try {
  await survey();
  const overdue = await findOverdue();
  await readUp(overdue);
  await remind(overdue);
  await tidy();
  await correct();
} finally {
  await client.end();
}

/** A plain look around. */
async function survey(): Promise<void> {
  const { rows } = await client.query(
    'select status, count(*), sum(amount) from invoices group by status order by status',
  );
  console.log(`invoices: ${rows.map((row) => `${row.count} ${row.status}`).join(', ')}`);
}

/** Takes a column for granted, is told better, and asks again. */
async function findOverdue(): Promise<readonly OverdueInvoice[]> {
  const select = (dueColumn: string): string =>
    `select id, customer_id, amount from invoices where status = 'open' and ${dueColumn} < $1 order by amount desc limit $2`;
  try {
    return (await client.query<OverdueInvoice>(select('due_date'), [today, reminders])).rows;
  } catch (error) {
    console.log(`that went wrong: ${(error as Error).message}`);
    const { rows } = await client.query<OverdueInvoice>(select('due'), [today, reminders]);
    console.log(`overdue: ${rows.map(({ id, amount }) => `${id} (${amount})`).join(', ')}`);
    return rows;
  }
}

/** One prepared statement for each customer, and their last payments: sent one behind the other, without waiting. */
async function readUp(overdue: readonly OverdueInvoice[]): Promise<void> {
  const customers = overdue.map(({ customer_id }) =>
    client.query({
      name: 'customer',
      text: 'select name, email, phone from customers where id = $1',
      values: [customer_id],
    }),
  );
  const payments = overdue.map(({ customer_id }) =>
    client.query({
      name: 'last-payment',
      text: `select p.paid, p.amount, p.method from payments p join invoices i on i.id = p.invoice_id
             where i.customer_id = $1 order by p.paid desc limit 1`,
      values: [customer_id],
    }),
  );
  const [people, paid] = [await Promise.all(customers), await Promise.all(payments)];
  console.log(`customers: ${people.map(({ rows: [who] }) => `${who?.name} <${who?.email}>`).join(', ')}`);
  console.log(`of these, ${paid.filter(({ rowCount }) => rowCount === 1).length} have paid before`);
}

async function remind(overdue: readonly OverdueInvoice[]): Promise<void> {
  await client.query('begin');
  const { rowCount } = await client.query(
    "update invoices set status = 'reminded', reminded_at = now() where id = any($1) and status = 'open'",
    [overdue.map(({ id }) => id)],
  );
  await client.query('commit');
  console.log(`reminded: ${rowCount}`);
}

/** Wants to be rid of invoices over nothing, and forgets to say so. */
async function tidy(): Promise<void> {
  try {
    await client.query('delete from invoices');
    console.log('all invoices are gone');
  } catch (error) {
    const { message, hint } = error as DatabaseError;
    console.log(`that was not allowed: ${message}${hint === undefined ? '' : ` (${hint})`}`);
    const { rowCount } = await client.query('delete from invoices where amount = 0');
    console.log(`invoices over nothing: ${rowCount}`);
  }
}

/** A payment was booked twice as high as it was. */
async function correct(): Promise<void> {
  console.log('correcting payment 42 …');
  try {
    const { rows } = await client.query('update payments set amount = amount / 2 where id = $1 returning amount', [42]);
    console.log(`payment 42 is ${rows[0]?.amount} now`);
  } catch (error) {
    const { message, detail } = error as DatabaseError;
    console.log(`payment 42 stays as it is: ${message}${detail === undefined ? '' : ` (${detail})`}`);
  }
}
