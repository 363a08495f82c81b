import type { CatalogSession } from './catalog/read-catalog.ts';

const maxLocks = 100;

/** The path is empty. Locks on indexes say no more than those on their tables. */
const query = (pid: number): string => `WITH locks AS MATERIALIZED (SELECT * FROM pg_catalog.pg_locks)
SELECT l.mode, l.locktype, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), (
  SELECT pg_catalog.string_agg(DISTINCT w.pid::pg_catalog.text, ', ') FROM locks w
  WHERE NOT w.granted AND w.pid <> l.pid AND w.locktype = l.locktype
    AND w.database IS NOT DISTINCT FROM l.database AND w.relation IS NOT DISTINCT FROM l.relation
    AND w.transactionid IS NOT DISTINCT FROM l.transactionid AND w.virtualxid IS NOT DISTINCT FROM l.virtualxid
    AND w.classid IS NOT DISTINCT FROM l.classid AND w.objid IS NOT DISTINCT FROM l.objid
    AND w.objsubid IS NOT DISTINCT FROM l.objsubid)
FROM locks l
LEFT JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
LEFT JOIN pg_catalog.pg_class c ON d.oid IS NOT NULL AND c.oid = l.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = ${pid} AND l.granted AND l.locktype <> 'virtualxid' AND coalesce(c.relkind NOT IN ('i', 'I'), true)
ORDER BY 4, 3, 1
LIMIT ${maxLocks} /* onrecord: what the session that waits holds */`;

/** The locks that a backend holds, a line each, and who waits for them; those that somebody waits for come first. */
export async function locksOf(session: CatalogSession, pid: number): Promise<readonly string[]> {
  const rows = await session.query(query(Math.trunc(pid)));
  return rows.map(([mode, type, relation, waiting]) => {
    const lock = `${mode} on ${relation ?? (type === 'transactionid' ? 'its transaction' : type)}`;
    return waiting === null || waiting === undefined ? lock : `${lock}; wait for it: ${waiting}`;
  });
}
