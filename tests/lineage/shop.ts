/**
 * A database in which every text has a mark of its own, so that a value tells which column it came from. A mark is 3 to 4
 * letters that stand nowhere else; its text is as long as no other.
 */
export const shop = `
CREATE TYPE public.address AS (street text, zip text);
CREATE TABLE public.customers (
  id int PRIMARY KEY, email text, name varchar(200), city text, profile jsonb, tags text[], home public.address,
  joined date, parent int, doc xml, upper_name text GENERATED ALWAYS AS (upper(name)) STORED
);
CREATE TABLE public.orders (
  id int PRIMARY KEY, customer_id int, total numeric(10,2), note text, placed timestamptz DEFAULT now()
);
CREATE TABLE public.payments (id int, region text, iban text, order_id int) PARTITION BY LIST (region);
CREATE TABLE public.payments_eu PARTITION OF public.payments FOR VALUES IN ('eu');
CREATE TABLE public.payments_us PARTITION OF public.payments FOR VALUES IN ('us');
CREATE TABLE public.audit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, msg text, who text DEFAULT 'nobody');
CREATE TABLE public.tree (id int, up int, label text);
CREATE VIEW public.customer_names AS SELECT id, name FROM public.customers;
CREATE VIEW public.customer_mail AS SELECT id AS no, email AS mail, lower(email) AS low FROM public.customers WHERE city IS NOT NULL;
CREATE VIEW public.mail_of_mail AS SELECT m.mail, n.name FROM public.customer_mail m JOIN public.customer_names n ON n.id = m.no;
CREATE VIEW public.order_lines AS SELECT o.*, c.name AS customer FROM public.orders o JOIN public.customers c ON c.id = o.customer_id;
CREATE VIEW public.per_city AS SELECT city, count(*) AS n, max(email) AS some FROM public.customers GROUP BY city;
CREATE VIEW public.either AS SELECT name AS what FROM public.customers UNION ALL SELECT note FROM public.orders;
CREATE VIEW public.whole AS SELECT c AS row, c.home FROM public.customers c;
CREATE MATERIALIZED VIEW public.stored_mail AS SELECT id, email FROM public.customers;
CREATE FUNCTION public.of_user(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM public.customers WHERE id = $1';
CREATE FUNCTION public.customers_of(text) RETURNS SETOF public.customers LANGUAGE sql STABLE AS 'SELECT * FROM public.customers WHERE city = $1';
CREATE FUNCTION public.nick(public.customers) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.email';
CREATE FUNCTION public.twice(IN a text, OUT one text, OUT two text) LANGUAGE sql IMMUTABLE AS 'SELECT a, a';
CREATE SCHEMA other;
CREATE TABLE other.customers (id int, email text, phone text);

INSERT INTO public.customers (id, email, name, city, profile, tags, home, joined, parent, doc) VALUES
  (1, '${text('qxz', 53)}', '${text('wvk', 59)}', '${text('jhq', 61)}', '{"plan": "${text('zzy', 67)}", "n": {"a": [1, 2]}}',
   ARRAY['${text('kkw', 71)}'], ROW('${text('vvq', 73)}', '12345')::public.address, '2024-02-03', NULL, '<a><b>${text('xjq', 79)}</b></a>'),
  (2, '${text('qxz', 53)}', '${text('wvk', 59)}', '${text('jhq', 61)}', '{"plan": "${text('zzy', 67)}"}', NULL, NULL, '2024-02-04', 1, NULL);
INSERT INTO public.orders VALUES (1, 1, 10, '${text('yqj', 83)}', '2024-01-01'), (2, 2, 20, '${text('yqj', 83)}', '2024-01-02');
INSERT INTO public.payments VALUES (1, 'eu', '${text('gqk', 89)}', 1), (2, 'us', '${text('gqk', 89)}', 2);
INSERT INTO public.audit (msg) VALUES ('${text('bqv', 97)}');
INSERT INTO public.tree VALUES (1, NULL, '${text('pqw', 101)}'), (2, 1, '${text('pqw', 101)}');
INSERT INTO other.customers VALUES (1, '${text('mqx', 103)}', '${text('fqz', 107)}');
REFRESH MATERIALIZED VIEW public.stored_mail;
ANALYZE;
`;

/** Where each mark is at home: the columns that hold it, `relation.column`. */
export const marks: { readonly [mark: string]: { readonly columns: readonly string[]; readonly length: number } } = {
  qxz: { columns: ['public.customers.email'], length: 53 },
  wvk: { columns: ['public.customers.name', 'public.customers.upper_name'], length: 59 },
  jhq: { columns: ['public.customers.city'], length: 61 },
  zzy: { columns: ['public.customers.profile'], length: 67 },
  kkw: { columns: ['public.customers.tags'], length: 71 },
  vvq: { columns: ['public.customers.home'], length: 73 },
  xjq: { columns: ['public.customers.doc'], length: 79 },
  yqj: { columns: ['public.orders.note'], length: 83 },
  gqk: {
    columns: ['public.payments.iban', 'public.payments_eu.iban', 'public.payments_us.iban'],
    length: 89,
  },
  bqv: { columns: ['public.audit.msg'], length: 97 },
  pqw: { columns: ['public.tree.label'], length: 101 },
  mqx: { columns: ['other.customers.email'], length: 103 },
  fqz: { columns: ['other.customers.phone'], length: 107 },
};

/** A text of that length that says its mark all along. */
function text(mark: string, length: number): string {
  return mark.repeat(Math.ceil(length / mark.length)).slice(0, length);
}
