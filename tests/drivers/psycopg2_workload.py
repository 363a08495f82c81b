"""What programs do with psycopg2; prints what it saw as JSON. The connection comes from libpq's environment."""

import io
import json

import psycopg2
import psycopg2.extensions
import psycopg2.extras

seen = []


def note(*values):
    seen.append([repr(value) for value in values])


connection = psycopg2.connect("")
cursor = connection.cursor()
cursor.execute("create table t (a int primary key, b text, c jsonb, d timestamptz default 'epoch')")
psycopg2.extras.execute_values(cursor, "insert into t (a, b) values %s", [(n, f"b{n}") for n in range(300)], page_size=50)
psycopg2.extras.execute_batch(cursor, "update t set c = %s where a = %s", [(psycopg2.extras.Json({"n": n}), n) for n in range(50)])
cursor.execute("select a, b, c, d from t where a %% 40 = %s order by a", (0,))
note([tuple(d)[:2] for d in cursor.description], cursor.fetchall(), cursor.rowcount, cursor.statusmessage)
connection.commit()

for query, parameters in (("insert into t (a) values (%s)", (1,)), ("select 1/0", None), ("selec", None)):
    try:
        cursor.execute(query, parameters)
    except psycopg2.Error as error:
        note(error.pgcode, error.pgerror, error.diag.constraint_name, error.diag.message_detail)
        connection.rollback()

named = connection.cursor(name="on the server")
named.itersize = 37
named.execute("select a from t order by a")
note(sum(row[0] for row in named))
named.close()

cursor.copy_expert("copy t (a, b) from stdin", io.StringIO("".join(f"{n}\tcopied {n}\n" for n in range(1000, 3000))))
note(cursor.rowcount)
out = io.StringIO()
cursor.copy_expert("copy (select a, b from t order by a) to stdout with csv header", out)
note(len(out.getvalue()), out.getvalue()[:40])
connection.commit()
try:
    cursor.copy_expert("copy t (a) from stdin", io.StringIO("no number\n"))
except psycopg2.Error as error:
    note(error.pgcode, error.pgerror)
    connection.rollback()

# Large objects use function calls.
large = connection.lobject(0, "wb")
large.write(b"0123456789" * 5000)
large.seek(20)
large.truncate(30000)
oid = large.oid
large.close()
note(len(connection.lobject(oid, "rb").read()))
connection.lobject(oid).unlink()
connection.commit()

cursor.execute("do $$ begin raise warning 'warned'; end $$")
note(connection.notices)
connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
cursor.execute("listen c")
cursor.execute("notify c, 'payload'")
connection.poll()
note([(n.channel, n.payload, n.pid == connection.info.backend_pid) for n in connection.notifies])
cursor.execute("select 1; select 2 as two; select 3 as three")
note(cursor.fetchall(), cursor.description[0].name)
connection.set_client_encoding("SJIS")
cursor.execute("select %s", ("表;",))
note(cursor.fetchone(), connection.encoding, connection.get_parameter_status("client_encoding"))
connection.close()
print(json.dumps(seen, indent=1))
