import { customers } from './canaries.ts';

const { 0: first, 1: second, 2: third, 3: archived } = customers;

function values(list: readonly (typeof first)[]): string {
  return list
    .flatMap((customer) => customer ?? [])
    .map(
      ({ id, email, phone, card, note, credit }) =>
        `(${id}, 'Customer ${id}', '${email}', '${phone}', '${card}', '${note}', ${credit}, 'DE')`,
    )
    .join(', ');
}

/**
 * The database that the corpora run on, made by its owner: customers with masked columns, invoices, payments in
 * partitions, and what stands over and behind them (views, functions, triggers, rules). What is in it was there before
 * any session; the rest is made by those who try.
 */
export const shopSchema = `
create table customers (
  id int primary key check (id < 1000),
  name text not null,
  email text unique,
  phone text,
  card text,
  note text,
  credit numeric(14, 2),
  country text not null default 'DE'
);
alter table customers alter note set storage external;
create table customers_archive (archived date) inherits (customers);
insert into customers values ${values([first, second, third])};
insert into customers_archive values ${values([archived])};

create table invoices (
  id int primary key,
  customer_id int,
  amount numeric(10, 2) not null,
  status text not null default 'open'
);
insert into invoices select n, 1 + n % 3, n * 10, 'open' from generate_series(1, 20) n;

create table payments (
  id int not null,
  invoice_id int references invoices on delete cascade on update cascade,
  amount numeric(10, 2) not null,
  paid date not null default '2026-03-01'
) partition by range (paid);
create table payments_2025 partition of payments for values from ('2025-01-01') to ('2026-01-01');
create table payments_2026 partition of payments for values from ('2026-01-01') to ('2027-01-01');
insert into payments select n, n, n * 10, '2026-02-01' from generate_series(1, 5) n;

create view customer_list as select id, name, email, phone, card, note, credit, country from customers;
create view customer_emails as select id as customer, lower(email) as address from customer_list;
create view customer_rows as select c as whole from customers c;
create materialized view customer_cache as select id, email, phone || '' as phone from customers;
create view payment_list as select id, invoice_id, amount, paid from payments;
create view recent_payments as select * from payment_list where paid >= '2026-01-01';
create view invoice_list as select id, customer_id, status from invoices;
create view payment_orders as select 0 as invoice, 0::numeric as amount;
create rule place as on insert to payment_orders do instead
  insert into payments (id, invoice_id, amount) values (100, new.invoice, new.amount);
create view payment_requests as select 0 as invoice, 0::numeric as amount;

create table wishes (id int primary key, text text);
create table payment_wishes (invoice int, amount numeric);
create table cleanups (id int);
create table notices (text text);

create function customer_email(wanted int) returns text stable language sql
  as 'select email from public.customers where id = wanted';
create function customer_emails() returns setof text volatile language plpgsql
  as $$ begin return query execute 'select email from public.customers'; end $$;
create function tell_email(wanted int) returns int volatile language plpgsql
  as $$ begin raise notice 'it is %', (select email from public.customers where id = wanted); return 1; end $$;
create function fail_with_email(wanted int) returns int volatile language plpgsql
  as $$ begin raise exception 'no' using detail = (select email from public.customers where id = wanted); end $$;
create function peek() returns text immutable language plpgsql
  as $$ begin return (select email from public.customers where id = 1); end $$;
create function peek_aloud() returns text immutable language plpgsql
  as $$ begin raise notice '%', (select email from public.customers where id = 1); return 'nothing'; end $$;
create function open_cursor() returns refcursor volatile language plpgsql
  as $$ declare c refcursor := 'emails'; begin open c for select lower(email) from public.customers; return c; end $$;
create function pay(invoice int, sum numeric) returns void volatile security definer language plpgsql
  as $$ begin insert into public.payments (id, invoice_id, amount) values (100, invoice, sum); end $$;
create function pay_dynamically(invoice int, sum numeric) returns void volatile language plpgsql
  as $$ begin execute format('insert into public.%I (id, invoice_id, amount) values (100, $1, $2)', 'pay' || 'ments') using invoice, sum; end $$;
create function pay_quietly() returns int immutable language plpgsql
  as $$ begin perform public.pay_behind(); return 1; end $$;
create function pay_behind() returns void volatile language sql
  as 'insert into public.payments (id, invoice_id, amount) values (100, 1, 666)';
create procedure pay_now(invoice int, sum numeric) language sql
  as 'insert into public.payments (id, invoice_id, amount) values (100, invoice, sum)';
create function wipe() returns bigint volatile language sql
  as 'with d as (delete from public.invoices returning 1) select count(*) from d';
create function wipe_in_plpgsql() returns void volatile language plpgsql
  as $$ begin /* tidy */ delete from public.invoices; end $$;
create procedure wipe_now() language plpgsql as $$ begin delete from public.invoices; end $$;
create function make_table() returns void volatile language plpgsql
  as $$ begin create table public.made (id int); end $$;

create function pay_by_trigger() returns trigger language plpgsql
  as $$ begin insert into public.payments (id, invoice_id, amount) values (100, new.invoice, new.amount); return new; end $$;
create trigger pay_it after insert on payment_wishes for each row execute function pay_by_trigger();
create trigger pay_it instead of insert on payment_requests for each row execute function pay_by_trigger();
create function wipe_by_trigger() returns trigger language plpgsql
  as $$ begin delete from public.invoices; return null; end $$;
create trigger clean after insert on cleanups for each statement execute function wipe_by_trigger();
create function tell_by_trigger() returns trigger language plpgsql
  as $$ begin raise notice '%', (select string_agg(email, ',') from public.customers); return new; end $$;
create trigger tell before insert on notices for each row execute function tell_by_trigger();

create table archive_requests (id int);
create rule archive as on insert to archive_requests do instead delete from invoices;

create table tickets (id int primary key, text text, data jsonb, words text[]);

create schema reporting;
create table reporting.totals (month date primary key, total numeric);
insert into reporting.totals values ('2026-01-01', 100), ('2026-02-01', 200);
create view reporting.customer_names as select id, name, email from public.customers;
create view reporting.invoice_count as select count(*) from public.invoices;
create schema decoy;
create table decoy.customers (id int, email text);
insert into decoy.customers values (1, 'nothing to hide');

create statistics customer_statistics (mcv) on (lower(email)), (phone || '') from customers;
create index on customers (reverse(email));
analyze;
`;

/** What the sessions run as: it owns everything, but is no superuser. */
export const ownerRole = 'shop_owner';
