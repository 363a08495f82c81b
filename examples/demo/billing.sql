-- The billing database of the demo: customers with personal data, their invoices and payments. Every row follows from
-- its number, so that each start makes the same ones. All names and numbers are made up.

create table customers (
  id bigint primary key,
  name text not null,
  email text not null unique,
  phone text not null,
  iban text not null,
  born date not null,
  country char(2) not null
);

create table invoices (
  id bigint primary key,
  customer_id bigint not null references customers,
  issued date not null,
  due date not null,
  amount numeric(10, 2) not null,
  status text not null check (status in ('open', 'paid', 'reminded')),
  reminded_at timestamptz
);

create table payments (
  id bigint primary key,
  invoice_id bigint not null references invoices,
  paid date not null,
  amount numeric(10, 2) not null,
  method text not null
);

insert into customers
select
  n,
  first || ' ' || last,
  lower(first || '.' || last || n) || '@example.com',
  '+49 30 ' || lpad((n * 7919 % 1000000)::text, 6, '0'),
  'DE' || lpad((n * 17 % 97)::text, 2, '0') || lpad((n::numeric * 998244353 % 1000000000000000000)::text, 18, '0'),
  date '1950-01-01' + (n * 6151 % 18000)::int,
  (array['DE', 'FR', 'NL', 'IT', 'PL'])[1 + n % 5]
from generate_series(1, 600) as n,
  lateral (select
    (array['Anna', 'Bilal', 'Chiara', 'Dmitri', 'Elif', 'François', 'Greta', 'Hassan', 'Ines', 'Jürgen', 'Katarzyna'])[1 + n % 11] as first,
    (array['Albrecht', 'Bakker', 'Conti', 'Durand', 'Eriksen', 'Fischer', 'Garcia', 'Horvat', 'Ivanova', 'Jansen', 'Kowalski', 'Lindqvist', 'Moreau'])[1 + n * 5 % 13] as last
  ) as names;

insert into invoices
select
  n,
  1 + n * 7 % 599,
  date '2026-01-01' + (n * 13 % 300)::int,
  date '2026-01-31' + (n * 13 % 300)::int,
  (20 + n * 7919 % 98000)::numeric / 100 + n % 40,
  case when n % 4 = 0 then 'open' else 'paid' end,
  null
from generate_series(1, 3000) as n;

insert into payments
select
  row_number() over (order by id),
  id,
  due - (id * 11 % 30)::int,
  amount,
  (array['transfer', 'card', 'direct debit'])[1 + id % 3]
from invoices
where status = 'paid';

create index on invoices (customer_id);
create index on payments (invoice_id);
analyze;
