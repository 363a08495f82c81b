"""What programs do with asyncpg, which speaks the binary protocol; prints what it saw. Reads libpq's environment."""

import asyncio
import datetime
import decimal
import io
import json
import uuid

import asyncpg


def note(*values):
    print(*[repr(value) for value in values])


async def failing(connection, query, *parameters):
    try:
        note(await connection.fetch(query, *parameters))
    except (asyncpg.PostgresError, asyncpg.DataError) as error:
        note(type(error).__name__, str(error), getattr(error, "sqlstate", None), getattr(error, "detail", None))


async def types_and_errors(connection):
    await connection.execute("create type mood as enum ('sad', 'ok'); create type pair as (x int, y text)")
    # The driver asks the catalog what these are.
    note(await connection.fetchrow("select 'ok'::mood m, row(1, 'z')::pair p, array[row(2, 'a')::pair] ps"))
    await connection.execute("create table t (a int primary key, b text, c numeric, d timestamptz, e jsonb, f uuid, g int[])")
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    rows = [
        (n, None if n % 3 == 0 else f"ü{n}", decimal.Decimal(n) / 8, start, {"n": n}, uuid.UUID(int=n), [n, None])
        for n in range(200)
    ]
    await connection.executemany("insert into t values ($1, $2, $3, $4, $5, $6, $7)", rows)
    note([dict(row) for row in await connection.fetch("select * from t where a < $1 order by a", 3)])
    await failing(connection, "insert into t (a) values ($1)", 1)
    await failing(connection, "select 1 / $1::int", 0)
    await failing(connection, "selec")
    await failing(connection, "select $1::int", "no number")
    try:
        await connection.executemany("insert into t (a) values ($1)", [(n,) for n in (*range(7000, 7050), 1)])
    except asyncpg.UniqueViolationError as error:
        note(error.detail)
    note(await connection.fetchval("select count(*) from t"))
    note(await connection.execute("select 1; select 2; insert into t (a) values (9000)"))


async def prepared_and_cursors(connection):
    prepared = await connection.prepare("select a, b from t where a between $1 and $2 order by a")
    note([tuple(row) for row in await prepared.fetch(1, 3)], prepared.get_parameters(), prepared.get_statusmsg())
    async with connection.transaction():
        note(sum([row["a"] async for row in prepared.cursor(0, 150, prefetch=17)]))
        cursor = await connection.cursor("select a from t order by a")
        note([row[0] for row in await cursor.fetch(5)], await cursor.forward(10), (await cursor.fetchrow())[0])
    try:
        async with connection.transaction(isolation="serializable"):
            await connection.execute("update t set b = 'changed' where a = 5")
            try:
                async with connection.transaction():
                    await connection.execute("select 1 / 0")
            except asyncpg.DivisionByZeroError as error:
                note(str(error))
            raise KeyError("changed its mind")
    except KeyError:
        note(await connection.fetchval("select b from t where a = 5"))
    await connection.execute("alter table t add column h int")
    await failing(connection, "select * from t where a = $1", 1)


async def copies(connection):
    note(await connection.copy_records_to_table("t", records=[(n, "copied") for n in range(1000, 3000)], columns=["a", "b"]))
    out = io.BytesIO()
    note(await connection.copy_from_query("select a, b from t where a < $1 order by a", 5, output=out, format="binary"))
    note(out.getvalue(), await connection.copy_to_table("t", source=io.BytesIO(b"5000\tx\n"), columns=["a", "b"]))
    try:
        await connection.copy_to_table("t", source=io.BytesIO(b"no number\tx\n"), columns=["a", "b"])
    except asyncpg.PostgresError as error:
        note(str(error), error.context)

    async def changing_its_mind():
        yield b"6000\tx\n"
        raise KeyError

    try:
        await connection.copy_to_table("t", source=changing_its_mind(), columns=["a", "b"])
    except KeyError:
        note(await connection.fetchval("select count(*) from t"))


async def heard_and_cancelled(connection):
    heard = asyncio.Queue()
    await connection.add_listener("c", lambda on, pid, *rest: heard.put_nowait((pid == on.get_server_pid(), *rest)))
    await connection.execute("notify c, 'payload'")
    note(await heard.get())
    # The timeout sends a cancel request and waits for what comes of it.
    try:
        await connection.fetch("select pg_sleep(60)", timeout=0.3)
    except asyncio.TimeoutError:
        note(await connection.fetchval("select 'works'"))
    await connection.reset()


async def pooled():
    async with asyncpg.create_pool(min_size=2, max_size=4, ssl=False) as pool:
        note(await asyncio.gather(*[pool.fetchval("select $1::int * 2", n) for n in range(40)]))


async def main():
    connection = await asyncpg.connect(ssl=False)
    for work in (types_and_errors, prepared_and_cursors, copies, heard_and_cancelled):
        await work(connection)
    await connection.close()
    await pooled()


asyncio.run(main())
