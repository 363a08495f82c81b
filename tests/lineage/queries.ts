/** Queries over `shop`, one a line; each runs in a transaction that is rolled back. */
export const queries: readonly string[] = `
SELECT * FROM customers
SELECT id, email FROM customers
SELECT c.* FROM customers c
SELECT c.*, o.total FROM customers c, orders o WHERE o.customer_id = c.id
SELECT public.customers.email, customers.name FROM public.customers
SELECT email AS "E Mail", name n FROM customers
SELECT id + 1, -id, email || name, email || 'x' AS y FROM customers
SELECT upper(email), length(email), substr(email, 2, 7), left(name, 5), reverse(city) FROM customers
SELECT email::varchar, email::varchar(12), email::text, name::text, id::text, email::name FROM customers
SELECT CAST(email AS text), email COLLATE "C", (email) FROM customers
SELECT CASE WHEN id = 1 THEN email ELSE name END FROM customers
SELECT CASE WHEN email LIKE 'q%' THEN 1 ELSE 0 END, CASE id WHEN 1 THEN city END FROM customers
SELECT CASE WHEN true THEN 1 ELSE id END, CASE id WHEN 1 THEN 'a'::text ELSE note END FROM orders
SELECT coalesce(email, name), nullif(email, 'x'), greatest(email, city), least(name, city) FROM customers
SELECT ARRAY[email, name], ARRAY(SELECT email FROM customers), (ARRAY[email])[1] FROM customers
SELECT ROW(id, email), ROW(c.*), (id, email) FROM customers c
SELECT c FROM customers c
SELECT customers FROM customers
SELECT c::text, row_to_json(c), to_json(c), to_jsonb(c) FROM customers c
SELECT (c).email, (c).* FROM customers c
SELECT email(c), name(c), c.nick FROM customers c
SELECT (home).street, (home).*, (c.home).zip, ((c).home).street FROM customers c
SELECT profile->>'plan', profile #>> '{n,a}', profile @> '{"a":1}', profile['plan'] FROM customers
SELECT tags[1], tags[1:2], unnest(tags), array_length(tags, 1), cardinality(tags) FROM customers
SELECT count(*), count(email), count(DISTINCT email), max(email), min(name) FROM customers
SELECT string_agg(email, ','), array_agg(name ORDER BY email), json_agg(c), jsonb_object_agg(id, city) FROM customers c
SELECT string_agg(DISTINCT email, ',' ORDER BY email) FILTER (WHERE name > 'a') FROM customers
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY email), mode() WITHIN GROUP (ORDER BY city) FROM customers
SELECT rank() OVER (ORDER BY email), row_number() OVER (PARTITION BY city), lag(email) OVER (ORDER BY id), first_value(name) OVER w FROM customers WINDOW w AS (ORDER BY id)
SELECT sum(id) OVER (ORDER BY email ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), ntile(2) OVER (ORDER BY id) FROM customers
SELECT city, count(*) FROM customers GROUP BY city HAVING max(email) > 'a'
SELECT city, name, grouping(city), count(*) FROM customers GROUP BY GROUPING SETS ((city), (name), ())
SELECT city c, name n, count(*) FROM customers GROUP BY ROLLUP (1, n) ORDER BY 1, n
SELECT DISTINCT city FROM customers
SELECT DISTINCT ON (city) id, email FROM customers ORDER BY city, id
SELECT id FROM customers ORDER BY email LIMIT 1 OFFSET (SELECT count(*) - 2 FROM customers)
SELECT id FROM customers ORDER BY email FETCH FIRST 1 ROW WITH TIES
SELECT email FROM customers UNION SELECT note FROM orders
SELECT id, email FROM customers UNION ALL SELECT id, note FROM orders ORDER BY 1
SELECT email FROM customers INTERSECT SELECT email FROM customer_mail c(a, email, d)
SELECT email FROM customers EXCEPT SELECT note FROM orders
(SELECT email FROM customers ORDER BY id LIMIT 1) UNION ALL (SELECT name FROM customers LIMIT 1) UNION ALL SELECT 'x'
SELECT email FROM customers UNION SELECT NULL
SELECT (SELECT email FROM customers WHERE id = o.customer_id) FROM orders o
SELECT (SELECT max(email) FROM customers), (SELECT c FROM customers c LIMIT 1), (SELECT upper(name) AS loud FROM customers LIMIT 1)::varchar FROM orders
SELECT EXISTS (SELECT FROM customers WHERE email = 'x'), id IN (SELECT customer_id FROM orders), email = ANY (SELECT note FROM orders), email > ALL (ARRAY['a']) FROM customers
SELECT (id, email) IN (SELECT id, note FROM orders), (1, 'x') = (SELECT id, email FROM customers LIMIT 1) FROM customers
SELECT email IS NULL, email IS DISTINCT FROM name, email LIKE 'q%', email ~ 'q', email BETWEEN 'a' AND 'b', NOT (id = 1), id = 1 AND true FROM customers
SELECT s.email FROM (SELECT * FROM customers) s
SELECT s.a, b FROM (SELECT email, name FROM customers) s(a, b)
SELECT * FROM (SELECT email, name AS x FROM customers) s(a)
SELECT * FROM (SELECT email FROM customers)
SELECT s FROM (SELECT id, email FROM customers) s
SELECT s.* , (s).x FROM (SELECT c AS x FROM customers c) s
SELECT ((s).x).email FROM (SELECT c AS x FROM customers c) s
SELECT (x).email, (x).* FROM (SELECT ROW(c.*)::customers AS x FROM customers c) s
SELECT * FROM customers JOIN orders ON customer_id = customers.id
SELECT * FROM customers JOIN orders USING (id)
SELECT id, customers.id, orders.id FROM customers LEFT JOIN orders USING (id)
SELECT id, email, note FROM customers RIGHT JOIN orders USING (id)
SELECT id, email, note FROM customers FULL JOIN orders USING (id)
SELECT * FROM customers NATURAL JOIN orders
SELECT j.* FROM (customers c JOIN orders o USING (id)) AS j
SELECT j.id, c.email FROM customers c JOIN orders o USING (id) AS j
SELECT j.a, j.b FROM (customers c CROSS JOIN orders o) AS j(a, b)
SELECT * FROM customers c JOIN (orders o JOIN payments p ON p.order_id = o.id) ON o.customer_id = c.id
SELECT * FROM (customers c JOIN orders o USING (id)) JOIN payments p USING (id)
SELECT x.* FROM customers c, LATERAL (SELECT c.email, o.note FROM orders o WHERE o.customer_id = c.id) x
SELECT x.e FROM customers c LEFT JOIN LATERAL (SELECT c.email AS e) x ON true
SELECT * FROM customers c CROSS JOIN LATERAL unnest(c.tags) AS t(tag)
SELECT tag, n FROM customers c, unnest(c.tags) WITH ORDINALITY AS t(tag, n)
SELECT * FROM generate_series(1, 3)
SELECT g, g.g FROM generate_series(1, 3) g
SELECT g.n, email FROM generate_series(1, 2) AS g(n) JOIN customers ON id = n
SELECT * FROM customers c, jsonb_each(c.profile)
SELECT k, v FROM customers c, jsonb_each_text(c.profile) AS e(k, v)
SELECT key, value FROM customers, jsonb_each_text(profile)
SELECT value FROM customers, jsonb_array_elements(profile #> '{n,a}')
SELECT * FROM customers c, jsonb_to_record(c.profile) AS r(plan text, n jsonb)
SELECT (jsonb_each(profile)).*, (jsonb_each_text(profile)).value FROM customers
SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a'])) WITH ORDINALITY AS r(a, b)
SELECT * FROM ROWS FROM (jsonb_to_record('{"a":1}') AS (a int), generate_series(1, 2))
SELECT t.* FROM customers c, JSON_TABLE(c.profile, '$' COLUMNS (n FOR ORDINALITY, plan text PATH '$.plan', NESTED '$.n.a[*]' COLUMNS (a int PATH '$'))) t
SELECT x.* FROM customers c, XMLTABLE('/a' PASSING c.doc COLUMNS b text PATH 'b', n FOR ORDINALITY) x
SELECT xpath('/a/b/text()', doc), xmlelement(name e, xmlattributes(email AS m), name), xmlforest(email, city), xmlconcat(doc, doc) FROM customers
SELECT xmlserialize(content doc AS text), doc IS DOCUMENT, xmlparse(content email) FROM customers
SELECT json_object('e': email), json_array(email, name), json_array(SELECT email FROM customers), json_objectagg(id: email) FROM customers GROUP BY email, name, id
SELECT json_arrayagg(email ORDER BY name), json_arrayagg(city) FILTER (WHERE id > 0) FROM customers
SELECT json_value(profile, '$.plan'), json_query(profile, '$'), json_exists(profile, '$.plan'), json_serialize(profile), json(profile::text), json_scalar(email) FROM customers
SELECT json_value(profile, '$.nothing' RETURNING text DEFAULT 'none' ON EMPTY) FROM customers
SELECT extract(year FROM joined), joined + 1, joined AT TIME ZONE 'UTC', date_trunc('day', placed), trim(email), position('x' IN email), overlay(email placing 'x' from 2), substring(email from 2 for 4) FROM customers JOIN orders ON true
SELECT current_user, current_date, current_timestamp(3), localtime, session_user, user, current_schema, now(), current_catalog
SELECT 1, 'a', NULL, true, 1.5, '{}'::int[], interval '1 day', date '2024-01-01'
VALUES (1, 'a'), (2, 'b')
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(id, x) JOIN customers USING (id)
SELECT v.column2 FROM customers c, LATERAL (VALUES (c.id, c.email), (2, c.name)) v
SELECT v.* FROM customers c, LATERAL (VALUES (c.*)) v
WITH x AS (SELECT email FROM customers) SELECT * FROM x
WITH x(a) AS (SELECT email FROM customers), y AS (SELECT a, 1 AS b FROM x) SELECT y.*, x.a FROM x, y
WITH customers AS (SELECT note AS email FROM orders) SELECT email FROM customers
WITH customers AS (SELECT note AS email FROM orders) SELECT email FROM public.customers
WITH x AS MATERIALIZED (SELECT * FROM customers) SELECT x FROM x
WITH RECURSIVE t AS (SELECT id, up, label FROM tree WHERE up IS NULL UNION ALL SELECT c.id, c.up, c.label FROM tree c JOIN t ON c.up = t.id) SELECT * FROM t
WITH RECURSIVE t(n, path) AS (SELECT id, ARRAY[label] FROM tree WHERE up IS NULL UNION SELECT c.id, t.path || c.label FROM tree c JOIN t ON c.up = t.n) SELECT * FROM t
WITH RECURSIVE t(a, b) AS (SELECT email, name::text FROM customers UNION SELECT b, a FROM t) SELECT a, b FROM t
WITH RECURSIVE t(id, up, label) AS (SELECT id, up, label FROM tree WHERE up IS NULL UNION ALL SELECT c.id, c.up, c.label FROM tree c JOIN t ON c.up = t.id) SEARCH DEPTH FIRST BY label SET ord CYCLE id SET looped USING path SELECT * FROM t
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT email FROM customers) SELECT * FROM a
WITH d AS (DELETE FROM orders RETURNING *) SELECT note FROM d
WITH i AS (INSERT INTO audit (msg) SELECT email FROM customers RETURNING msg, who) SELECT * FROM i
WITH u AS (UPDATE orders SET note = c.email FROM customers c WHERE c.id = customer_id RETURNING note, c.name) SELECT * FROM u
SELECT * FROM customer_names
SELECT mail, low, no FROM customer_mail
SELECT * FROM mail_of_mail
SELECT m FROM mail_of_mail m
SELECT * FROM order_lines
SELECT * FROM per_city
SELECT * FROM either
SELECT * FROM whole
SELECT (w.row).email, (w.home).street FROM whole w
SELECT * FROM stored_mail
SELECT * FROM payments
SELECT * FROM payments_eu
SELECT iban FROM ONLY payments
SELECT p.iban, q.iban FROM payments p JOIN payments_eu q USING (id)
SELECT * FROM other.customers
SELECT o.email, c.email FROM other.customers o, customers c
SELECT other.customers.email, public.customers.email FROM other.customers, public.customers
SELECT of_user(1)
SELECT * FROM customers_of('x')
SELECT email FROM customers_of('x') c
SELECT (customers_of(city)).email, (customers_of(city)).* FROM customers
SELECT * FROM twice('a')
SELECT one, t.two FROM customers, twice(email) t
SELECT (twice(email)).*, (twice(email)).one, twice(email) FROM customers
SELECT nick(c), nick(customers_of(city)) FROM customers c
SELECT ctid, tableoid, xmin, id FROM customers
SELECT tableoid::regclass, c.ctid FROM customers c
SELECT md5(email), sha256(email::bytea), encode(email::bytea, 'hex'), convert_to(email, 'UTF8'), quote_literal(email), format('%s!', email) FROM customers
SELECT regexp_replace(email, 'q', 'r'), regexp_matches(email, 'q(x)'), split_part(email, 'x', 1), string_to_array(email, 'z'), regexp_split_to_table(email, 'x'), translate(email, 'q', 'r') FROM customers
SELECT to_tsvector(email), to_char(joined, 'YYYY'), concat(email, name), concat_ws(',', VARIADIC tags), ascii(email), repeat(email, 2), lpad(email, 80, '.') FROM customers
SELECT pg_typeof(email), pg_column_size(email), hashtext(email), octet_length(email), bit_length(email) FROM customers
SELECT email FROM customers TABLESAMPLE BERNOULLI (100) REPEATABLE (1)
SELECT email FROM customers FOR UPDATE
SELECT email FROM customers c FOR UPDATE OF c SKIP LOCKED
TABLE customers
SELECT
SELECT FROM customers
INSERT INTO audit (msg) VALUES ('x') RETURNING *
INSERT INTO audit (msg) SELECT email FROM customers RETURNING id, msg, who AS by
INSERT INTO audit AS a (msg, who) SELECT name, email FROM customers RETURNING a.*, upper(a.who)
INSERT INTO audit DEFAULT VALUES RETURNING id, who
INSERT INTO customers (id, name) SELECT 9, note FROM orders LIMIT 1 RETURNING upper_name, name
INSERT INTO orders (id, note) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = excluded.note || orders.note RETURNING note
INSERT INTO orders (id, note) SELECT id, email FROM customers ON CONFLICT (id) DO UPDATE SET note = excluded.note WHERE orders.total > 0 RETURNING id, note
INSERT INTO orders (id, note) SELECT id, email FROM customers ON CONFLICT DO NOTHING RETURNING *
UPDATE orders SET note = 'x' RETURNING *
UPDATE orders o SET note = c.email, total = length(c.name) FROM customers c WHERE c.id = o.customer_id RETURNING o.note, o.total, c.city
UPDATE orders SET (note, total) = (SELECT email, length(name) FROM customers WHERE id = 1) RETURNING note, total
UPDATE orders SET (note, total) = ROW('x', 1) RETURNING orders
UPDATE customers SET email = upper(email), name = city RETURNING email, name, upper_name
UPDATE customers SET home.street = email RETURNING home, (home).street
UPDATE customers SET tags[1] = email RETURNING tags
UPDATE orders SET note = 'y' RETURNING old.note, new.note, note, old, new.*
UPDATE orders SET note = 'y' RETURNING WITH (OLD AS o, NEW AS n) o.note, n.note AS changed, o.*
UPDATE customer_names SET name = 'x' RETURNING *
UPDATE customers SET name = (SELECT note FROM orders LIMIT 1) WHERE id = 1 RETURNING name, customers
DELETE FROM orders RETURNING note
DELETE FROM orders o USING customers c WHERE c.id = o.customer_id RETURNING o.note, c.email, *
DELETE FROM orders RETURNING old.note, new.note
MERGE INTO orders o USING customers c ON c.id = o.id WHEN MATCHED THEN UPDATE SET note = c.email WHEN NOT MATCHED THEN INSERT (id, note) VALUES (c.id, c.name) RETURNING merge_action(), o.note, c.city
MERGE INTO orders o USING (SELECT id, email AS e FROM customers) c ON c.id = o.id WHEN MATCHED THEN DELETE RETURNING *
MERGE INTO audit a USING customers c ON a.id = c.id WHEN NOT MATCHED THEN INSERT (msg) VALUES (c.email) RETURNING a.msg, c.id, old.msg, new.msg
SELECT relname, nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relname = 'customers'
SELECT attname, format_type(atttypid, atttypmod), pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d ON (a.attrelid, a.attnum) = (d.adrelid, d.adnum) WHERE attrelid = 'customers'::regclass
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'
SELECT * FROM information_schema.tables WHERE table_schema = 'public'
SELECT attname, most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'customers'
SELECT stavalues1, stavalues2 FROM pg_statistic WHERE starelid = 'customers'::regclass
SELECT pid, state, query FROM pg_stat_activity WHERE pid = pg_backend_pid()
SELECT * FROM pg_locks
SELECT name, setting FROM pg_settings WHERE name = 'work_mem'
SELECT * FROM pg_stat_user_tables WHERE relname = 'customers'
SELECT * FROM pg_indexes WHERE tablename = 'customers'
SELECT query_to_xml('SELECT email FROM customers', true, false, ''), table_to_xml('customers', true, false, '')
SELECT definition FROM pg_views WHERE viewname = 'whole'
SELECT set_config('a.b', email, true), current_setting('a.b', true) FROM customers
SELECT nextval('audit_id_seq'), last_value FROM audit_id_seq
SELECT (SELECT (SELECT (SELECT email FROM customers LIMIT 1)))
SELECT max(x.e) FROM (SELECT email AS e FROM customers UNION SELECT city FROM customers) x GROUP BY x.e ORDER BY max(x.e) DESC NULLS LAST
SELECT id AS email FROM customers ORDER BY email
SELECT name AS email FROM customers GROUP BY email, name
SELECT name AS x FROM customers GROUP BY x
SELECT a.email, b.email FROM customers a JOIN customers b ON a.id = b.parent
SELECT c.email FROM customers c WHERE EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id AND o.note > c.name)
SELECT o.id, (SELECT string_agg(c.email, ',') FROM customers c WHERE c.id = o.customer_id) AS mails FROM orders o
SELECT email "?column?", 1 FROM customers
SELECT array_agg(ROW(id, email)), array_agg(c), (array_agg(c))[1] FROM customers c
SELECT ((array_agg(c))[1]).email FROM customers c
SELECT jsonb_populate_record(NULL::customers, profile), (jsonb_populate_record(NULL::customers, jsonb_build_object('email', note))).email FROM customers, orders
SELECT (json_populate_record(NULL::orders, row_to_json(c))).* FROM customers c
SELECT random() < 2, gen_random_uuid(), clock_timestamp() IS NULL, pg_backend_pid() FROM customers
SELECT to_json(s), s.email FROM customers s WHERE s.* IS NOT NULL
SELECT count(c), count(c.*), max(c.id) FROM customers c
SELECT customers.home, customers.* FROM customers
SELECT pg_catalog.lower(email), "lower"(email), pg_catalog."substring"(email, 1, 2) FROM customers
SELECT email OPERATOR(pg_catalog.||) name FROM customers
SELECT p.* FROM customers c LEFT JOIN payments p ON p.id = c.id AND p.iban > c.email
SELECT * FROM customers AS c(a, b), orders AS o(z)
SELECT a, b, c FROM customers AS c(a, b) LIMIT 1
`
  .split('\n')
  .filter((line) => line !== '');
