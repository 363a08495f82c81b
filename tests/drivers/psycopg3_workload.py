"""What programs do with psycopg 3; prints what it saw as JSON. The connection comes from libpq's environment."""

import datetime
import decimal
import json
import uuid

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

seen = []


def note(*values):
    seen.append([repr(value) for value in values])


def failing(connection, query, parameters=None, **options):
    try:
        connection.execute(query, parameters, **options)
        note("did not fail", query)
    except psycopg.Error as error:
        d = error.diag
        note(error.sqlstate, str(error), d.severity, d.message_detail, d.message_hint, d.constraint_name, d.source_function)
        connection.rollback()


with psycopg.connect() as connection:
    connection.execute("create table t (a int primary key, b text, c numeric, d timestamptz, e jsonb, f uuid, g bytea, h int[])")
    connection.commit()
    rows = [
        (
            n,
            None if n % 3 == 0 else f"text {n} ü",
            decimal.Decimal(n) / 8,
            datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(hours=n),
            Jsonb({"n": n, "list": [None, True]}),
            uuid.UUID(int=n),
            bytes(range(n % 256)),
            [n, None, -n],
        )
        for n in range(200)
    ]
    # Pipelined by psycopg itself.
    with connection.cursor() as cursor:
        cursor.executemany("insert into t values (%s, %s, %s, %s, %s, %s, %s, %s)", rows)
        note(cursor.rowcount)
        cursor.executemany("insert into t (a) values (%s) returning a, b", [(1000,), (1001,)], returning=True)
        while True:
            note(cursor.fetchall())
            if not cursor.nextset():
                break
    connection.commit()

    for binary in (False, True):
        with connection.cursor(binary=binary, row_factory=dict_row) as cursor:
            cursor.execute("select * from t where a < %s or a = any(%s) order by a", (4, [100, 150]))
            note([c.name for c in cursor.description], [c.type_code for c in cursor.description], cursor.fetchall())

    failing(connection, "insert into t (a) values (1)")
    failing(connection, "select 1/%s", (0,))
    failing(connection, "selec")
    failing(connection, "select %s::int", ("no number",), prepare=True)
    for n in range(12):
        note(connection.execute("select %s::int * 2, %s::text", (n, "x")).fetchone())
    note(connection.execute("select count(*) > 0 from pg_prepared_statements").fetchone())
    connection.commit()

    with connection.pipeline() as pipeline:
        cursors = [connection.execute("select %s::int", (n,)) for n in range(20)]
        pipeline.sync()
        note([cursor.fetchone() for cursor in cursors])
    connection.commit()
    try:
        with connection.pipeline():
            first = connection.execute("select 'first'")
            connection.execute("select 1/0")
            connection.execute("select 'third'")
    except psycopg.Error as error:
        note(error.sqlstate, type(error).__name__)
    connection.rollback()

    with connection.transaction():
        connection.execute("update t set b = 'changed' where a = 5")
        try:
            with connection.transaction():
                connection.execute("select 1/0")
        except psycopg.errors.DivisionByZero as error:
            note(error.sqlstate)
    note(connection.execute("select b from t where a = 5").fetchone())

    with connection.cursor(name="on the server", scrollable=True) as cursor:
        cursor.execute("select a from t order by a")
        note(cursor.fetchmany(5))
        cursor.scroll(-2)
        note(cursor.fetchmany(3))
    with connection.cursor() as cursor:
        note(sum(1 for _ in cursor.stream("select generate_series(1, 5000)")))
    connection.commit()

    with connection.cursor() as cursor:
        with cursor.copy("copy t (a, b, c) from stdin") as copy:
            for n in range(2000, 4000):
                copy.write_row((n, f"copied\t{n}", None))
        note(cursor.rowcount)
        with cursor.copy("copy t (a, b) from stdin (format binary)") as copy:
            copy.set_types(["int4", "text"])
            for n in range(4000, 4500):
                copy.write_row((n, "binary"))
        with cursor.copy("copy (select a, b from t order by a) to stdout") as copy:
            note(sum(len(bytes(block)) for block in copy))
        with cursor.copy("copy (select a, b from t where a < 3 order by a) to stdout (format binary)") as copy:
            copy.set_types(["int4", "text"])
            note(list(copy.rows()))
        try:
            with cursor.copy("copy t (a) from stdin") as copy:
                copy.write_row((5000,))
                raise KeyError("changed its mind")
        except psycopg.errors.QueryCanceled as error:
            note(str(error), connection.info.transaction_status)
    connection.rollback()
    try:
        with connection.cursor() as cursor, cursor.copy("copy t (a) from stdin") as copy:
            copy.write("no number\n")
    except psycopg.Error as error:
        note(error.sqlstate)
    connection.rollback()

    heard = []
    connection.add_notice_handler(lambda diagnostic: heard.append(diagnostic.message_primary))
    connection.execute("do $$ begin raise notice 'noticed'; end $$")
    connection.commit()
    note(heard)
    connection.autocommit = True
    connection.add_notify_handler(lambda n: note(n.channel, n.payload, n.pid == connection.info.backend_pid))
    connection.execute("listen c")
    connection.execute("notify c, 'payload'")
    connection.execute("set client_encoding to 'latin1'")
    note(connection.info.encoding, connection.execute("select 'é' || %s", ("ü",)).fetchone())
    note(connection.info.transaction_status, connection.info.parameter_status("client_encoding"))

print(json.dumps(seen, indent=1))
