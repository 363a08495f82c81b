import { firstNormalObjectId } from '../../sql/catalog.ts';

/**
 * What is asked of a catalog, for Postgres 13 to 18 and with the rights of any role: pg_catalog shows everything to
 * everybody. Every name is qualified and `search_path` is empty, so that nothing of somebody's stands in for what is
 * meant; an empty path also makes Postgres qualify every name in what it gives back, except those of pg_catalog.
 */

/** First of all, and without an operator: until then the role's own search_path is in force. */
export const emptyPathQuery: string = `SELECT pg_catalog.set_config('search_path', '', false) /* onrecord: the catalog */`;

/** A role's or database's own settings must not cut the reading short or change how texts come out. Unknown ones are left out. */
export const settingsQuery: string = `SELECT pg_catalog.current_setting('server_version_num'),
  pg_catalog.set_config(s.name, v.value, false)
FROM (VALUES
  ('client_encoding', 'UTF8'), ('statement_timeout', '30000'), ('lock_timeout', '5000'), ('quote_all_identifiers', 'off'),
  ('default_transaction_read_only', 'on'), ('default_transaction_deferrable', 'off'),
  ('jit', 'off'), ('idle_session_timeout', '0'), ('idle_in_transaction_session_timeout', '60000'), ('transaction_timeout', '0')
) AS v (name, value)
JOIN pg_catalog.pg_settings s ON s.name = v.name`;

/**
 * Which server's data the catalog is of, which of its histories, since when it runs in which version, and which database:
 * what was read of one tells nothing of another.
 */
export const placeQuery = `SELECT pg_catalog.concat_ws(' ', s.system_identifier, c.timeline_id,
  pg_catalog.pg_postmaster_start_time(), pg_catalog.current_setting('server_version_num'), d.oid)
FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database()`;

/** `pg_namespace.oid` of pg_catalog (PG_CATALOG_NAMESPACE). */
export const pgCatalog = 11;

/**
 * What is read in two parts. `system` is what initdb made: many rows, the same ones nearly always. `own` is everything
 * else, and all that somebody can have attached to the former.
 */
export type CatalogPartName = 'system' | 'own';

function isOf(part: CatalogPartName, oid: string): string {
  return `${oid} ${part === 'system' ? '<' : '>='} ${firstNormalObjectId}`;
}

/** One state of the catalog for all of the reading; what pg_get_viewdef and its like look up is the newest all the same. */
export const beginQuery = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** Every schema, and whether everybody may look into it. */
export const schemasQuery = `SELECT nspname, pg_catalog.has_schema_privilege('public', oid, 'USAGE')
FROM pg_catalog.pg_namespace`;

/** OID, schema, name, kind, type of its rows. */
export function relationsQuery(part: CatalogPartName): string {
  return `SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltype
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE ${isOf(part, 'c.oid')}`;
}

/**
 * Of every relation but indexes and TOAST tables its columns, in no order: numbers, names and types. A row for each column
 * would cost the gateway three times as much.
 */
export function columnsQuery(part: CatalogPartName): string {
  const lists = ['a.attnum', 'a.attname', 'a.atttypid::pg_catalog.int8'].map(
    (column) => `pg_catalog.array_to_json(pg_catalog.array_agg(${column}))`,
  );
  return `SELECT a.attrelid, ${lists.join(', ')}
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 't') AND ${isOf(part, 'a.attrelid')}
GROUP BY a.attrelid`;
}

/**
 * Relations that somebody has locked, or waits to lock, against any use: to say how they are defined, Postgres would wait
 * for them, for as long as a transaction stays open. Views over them wait as well.
 */
const locked = `locked (oid) AS MATERIALIZED (
  SELECT DISTINCT l.relation FROM pg_catalog.pg_locks l
  WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.database = (
    SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
), blocked (rule) AS MATERIALIZED (
  SELECT r.oid FROM pg_catalog.pg_rewrite r WHERE r.ev_class IN (SELECT oid FROM locked)
  UNION SELECT d.objid FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid IN (SELECT oid FROM locked)
)`;

/** What a blocked view depends on, as a query that reads all of it and has no columns: none can be taken for one of the view's. */
const dependencies = `SELECT pg_catalog.concat('SELECT',
    ' FROM ' || pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname), ', ')
      FILTER (WHERE c.oid IS NOT NULL),
    ' WHERE ' || pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I() IS NULL', f.nspname, p.proname), ' AND ')
      FILTER (WHERE p.oid IS NOT NULL))
  FROM pg_catalog.pg_depend d
  LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
    ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.refobjid AND c.oid <> r.ev_class
  LEFT JOIN (pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace f ON f.oid = p.pronamespace)
    ON d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.refobjid
  WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid`;

/** Relation, whether it is a rule for SELECT, its text (for SELECT the query of the view), and whether that is a stand-in. */
export function rulesQuery(part: CatalogPartName): string {
  return `WITH ${locked}
SELECT r.ev_class, r.ev_type = '1', CASE
  WHEN b.rule IS NULL AND r.ev_type = '1' THEN pg_catalog.pg_get_viewdef(r.ev_class)
  WHEN b.rule IS NULL THEN pg_catalog.pg_get_ruledef(r.oid)
  WHEN r.ev_type = '1' THEN (${dependencies})
  ELSE 'not known' END, b.rule IS NOT NULL
FROM pg_catalog.pg_rewrite r LEFT JOIN blocked b ON b.rule = r.oid
WHERE r.ev_enabled <> 'D' AND ${isOf(part, 'r.ev_class')}`;
}

/** Relation, a condition of its row security where that is on, and whether that is a stand-in; as rules come. */
export function policiesQuery(part: CatalogPartName): string {
  return `WITH ${locked}
SELECT p.polrelid, NULL, CASE WHEN b.locked THEN '' ELSE pg_catalog.pg_get_expr(e.tree, p.polrelid) END, b.locked
FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid AND c.relrowsecurity
CROSS JOIN LATERAL (VALUES (p.polqual), (p.polwithcheck)) AS e (tree)
CROSS JOIN LATERAL (SELECT p.polrelid IN (SELECT oid FROM locked) OR EXISTS (
  SELECT FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid IN (SELECT oid FROM locked))) AS b (locked)
WHERE e.tree IS NOT NULL AND ${isOf(part, 'p.polrelid')}`;
}

/**
 * Relation, number of the column, expression of its default or of how it is generated, and whether that is a stand-in: a
 * generated column then comes from all that it can come from.
 */
export function expressionsQuery(part: CatalogPartName): string {
  return `WITH ${locked}
SELECT d.adrelid, d.adnum, CASE
  WHEN l.oid IS NULL THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid)
  WHEN g.attgenerated <> '' THEN (
    SELECT 'ROW(' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ') || ')' FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = d.adrelid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
  ELSE '' END, l.oid IS NOT NULL
FROM pg_catalog.pg_attrdef d
JOIN pg_catalog.pg_attribute g ON g.attrelid = d.adrelid AND g.attnum = d.adnum
LEFT JOIN locked l ON l.oid = d.adrelid
WHERE ${isOf(part, 'd.adrelid')}`;
}

/** TRIGGER_TYPE_ROW, TRIGGER_TYPE_BEFORE and TRIGGER_TYPE_UPDATE (catalog/pg_trigger.h). */
const beforeRowUpdate = 1 + 2 + 16;

/**
 * Relation and function, those of somebody's that a condition (WHEN) calls among them, and whether the function runs before
 * a row is updated; of a trigger's own function, which transaction wrote the trigger. Triggers that constraints brought
 * along call functions of Postgres's own.
 */
export const triggersQuery: string = `SELECT t.tgrelid, t.tgfoid, t.tgtype & ${beforeRowUpdate} = ${beforeRowUpdate}, t.xmin::pg_catalog.text
FROM pg_catalog.pg_trigger t
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
UNION ALL SELECT t.tgrelid, coalesce(o.oprcode::pg_catalog.oid, d.refobjid), false, NULL
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.objid = t.oid
  AND d.refobjid >= ${firstNormalObjectId} AND d.refobjid <> t.tgfoid AND d.refclassid IN (
    'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)
LEFT JOIN pg_catalog.pg_operator o
  ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = d.refobjid
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgqual IS NOT NULL`;

/** Functions of event triggers that are on. */
export const eventTriggersQuery = `SELECT DISTINCT e.evtfoid FROM pg_catalog.pg_event_trigger e WHERE e.evtenabled <> 'D'`;

/** Names of the columns of `relation` whose numbers are in `key`. */
function keyColumns(relation: string, key: string): string {
  return `(SELECT pg_catalog.array_to_json(pg_catalog.array_agg(a.attname ORDER BY a.attnum)) FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = ${relation} AND a.attnum = ANY (${key}))`;
}

/**
 * Table that a foreign key refers to, the one that has it, what happens to the rows of the latter when rows of the former
 * are deleted, and when a column that it refers to is updated (confdeltype, confupdtype), its columns, and those that it
 * refers to. On each side of a key of partitioned tables there is a row for each partition; those on the side that has it
 * say nothing that the one of the whole does not.
 */
export const foreignKeysQuery: string = `SELECT c.confrelid, c.conrelid, c.confdeltype, c.confupdtype,
  ${keyColumns('c.conrelid', 'c.conkey')}, ${keyColumns('c.confrelid', 'c.confkey')}
FROM pg_catalog.pg_constraint c
LEFT JOIN pg_catalog.pg_constraint p ON p.oid = c.conparentid AND p.confrelid = c.confrelid
WHERE c.contype = 'f' AND p.oid IS NULL
ORDER BY c.confrelid, c.conrelid, c.oid`;

/**
 * Table, name and columns, by number, of what keeps rows apart: primary keys, unique and exclusion constraints; of the
 * last not those over expressions or some of the rows, which go by more than that. Those of Postgres's own catalogs are left
 * out: what has something attached to it is not shared by readings.
 */
export const constraintsQuery: string = `SELECT c.conrelid, c.conname, pg_catalog.array_to_json(c.conkey)
FROM pg_catalog.pg_constraint c
LEFT JOIN pg_catalog.pg_index i ON c.contype = 'x' AND i.indexrelid = c.conindid
WHERE c.oid >= ${firstNormalObjectId}
  AND (c.contype IN ('p', 'u') OR (c.contype = 'x' AND i.indexprs IS NULL AND i.indpred IS NULL))
ORDER BY c.conrelid, c.oid`;

/** Child and parent. */
export const inheritanceQuery = 'SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i';

/**
 * Nobody can make a function with a small OID, in whatever schema; but a superuser can replace one, and then it is in
 * another language than Postgres's own are.
 */
export function functionsQuery(part: CatalogPartName, serverVersion: number): string {
  const newStyle = serverVersion >= 140_000 ? 'pg_catalog.pg_get_function_sqlbody(p.oid)' : 'NULL';
  return `SELECT p.oid, n.nspname, p.proname, p.prokind, p.provolatile, l.lanname, p.prosecdef, p.prorettype, b.builtin,
  CASE WHEN NOT b.builtin AND l.lanname IN ('sql', 'plpgsql') THEN coalesce(${newStyle}, p.prosrc) END,
  pg_catalog.array_to_json(p.proargmodes), pg_catalog.array_to_json(p.proargnames),
  pg_catalog.array_to_json(p.proconfig),
  CASE WHEN NOT b.builtin THEN pg_catalog.pg_get_expr(p.proargdefaults, 0) END, p.pronargs,
  CASE WHEN NOT b.builtin THEN p.xmin::pg_catalog.text END
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
CROSS JOIN LATERAL (SELECT p.oid < ${firstNormalObjectId} AND n.nspname IN ('pg_catalog', 'information_schema')
  AND l.lanname IN ('internal', 'c', 'sql')) AS b (builtin)
WHERE ${isOf(part, 'p.oid')}`;
}

/**
 * Whether how the `system` part reads depends on something of somebody's: a superuser has replaced a view or a function by
 * one that refers to it, or put a rule on a catalog. Then what it says changes with that, and must not be kept.
 */
export const changedSystemQuery: string = `SELECT EXISTS (
    SELECT FROM pg_catalog.pg_depend d WHERE ${isOf('system', 'd.objid')} AND ${isOf('own', 'd.refobjid')})
  OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE ${isOf('own', 'r.oid')} AND ${isOf('system', 'r.ev_class')})
  OR EXISTS (SELECT FROM pg_catalog.pg_attrdef a WHERE ${isOf('own', 'a.oid')} AND ${isOf('system', 'a.adrelid')})`;

/**
 * Members of extensions written in C, with the extension. What such an extension brings along as a whole (the casts of a
 * geometry, the operators of a case-insensitive text) is taken for as harmless as Postgres's own: only a superuser can put
 * C in place, and with it anything.
 */
const inC = `member (classid, objid, extension) AS MATERIALIZED (
  SELECT d.classid, d.objid, d.refobjid FROM pg_catalog.pg_depend d
  WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
), own_c (function, extension) AS MATERIALIZED (
  SELECT p.oid, m.extension FROM pg_catalog.pg_proc p
  JOIN member m ON m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = p.oid
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname = 'c'
)`;

/** Whether the object and its function are of one extension, the function in C. */
function harmless(catalog: string, object: string, code: string): string {
  return `EXISTS (SELECT FROM member m JOIN own_c f ON f.extension = m.extension
    WHERE m.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND m.objid = ${object} AND f.function = ${code})`;
}

/** Functions of operator classes that somebody made, but in C: who sorts, compares or hashes by such a class calls them. */
const sorting = `sorting (class, family, type, function) AS MATERIALIZED (
  SELECT c.oid, c.opcfamily, c.opcintype, p.oid
  FROM pg_catalog.pg_opclass c
  JOIN pg_catalog.pg_amproc a ON a.amprocfamily = c.opcfamily AND a.amproc >= ${firstNormalObjectId}
  JOIN pg_catalog.pg_proc p ON p.oid = a.amproc::pg_catalog.oid
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
)`;

/** Name, schema and function of the operators that are somebody's, and what sorts by them. */
export const operatorsQuery: string = `WITH ${inC}, ${sorting}
SELECT o.oprname, n.nspname, o.oprcode::pg_catalog.oid
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid >= ${firstNormalObjectId} AND o.oprcode <> 0 AND NOT ${harmless('pg_operator', 'o.oid', 'o.oprcode')}
UNION
SELECT o.oprname, n.nspname, s.function
FROM sorting s JOIN pg_catalog.pg_amop a ON a.amopfamily = s.family
JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace`;

/** What runs when it is used. */
const codeClasses = `'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass`;

/**
 * Types whose values run somebody's code when they are cast, read or made, the function, and which of these: by a cast
 * that somebody made; by a CHECK or the default of a domain that calls a function or operator of somebody's; by a type's own functions;
 * by those of an operator class; and of arrays, composites, ranges and domains with such a type in them. Of a cast between
 * a type of Postgres's own and one of somebody's, the latter says it all: no value is cast where neither a column nor a
 * function, nor the text, has that type.
 */
const running = `${inC}, ${sorting}, made_of (part, whole) AS MATERIALIZED (
  SELECT t.typbasetype, t.oid FROM pg_catalog.pg_type t WHERE t.typbasetype <> 0
  UNION ALL SELECT t.typelem, t.oid FROM pg_catalog.pg_type t WHERE t.typelem <> 0
  UNION ALL SELECT r.rngsubtype, r.rngtypid FROM pg_catalog.pg_range r
  UNION ALL SELECT a.atttypid, c.reltype
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.reltype <> 0
), running (type, function, does) AS (
  SELECT s.type, c.castfunc, s.does FROM pg_catalog.pg_cast c
  CROSS JOIN LATERAL (VALUES (c.castsource, 'from'), (c.casttarget, 'to')) AS s (type, does)
  WHERE c.oid >= ${firstNormalObjectId} AND c.castmethod = 'f'
    AND (s.type >= ${firstNormalObjectId} OR (c.castsource < ${firstNormalObjectId} AND c.casttarget < ${firstNormalObjectId}))
    AND NOT ${harmless('pg_cast', 'c.oid', 'c.castfunc')}
  UNION
  SELECT c.contypid, coalesce(o.oprcode::pg_catalog.oid, d.refobjid), 'to' FROM pg_catalog.pg_constraint c
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid = c.oid
  LEFT JOIN pg_catalog.pg_operator o
    ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = d.refobjid
  WHERE c.contypid <> 0 AND d.refobjid >= ${firstNormalObjectId} AND d.refclassid IN (${codeClasses})
  UNION
  SELECT t.oid, coalesce(o.oprcode::pg_catalog.oid, d.refobjid), 'to' FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid
  LEFT JOIN pg_catalog.pg_operator o
    ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = d.refobjid
  WHERE t.typtype = 'd' AND d.refobjid >= ${firstNormalObjectId} AND d.refclassid IN (${codeClasses})
  UNION
  SELECT t.oid, s.function, s.does FROM pg_catalog.pg_type t
  CROSS JOIN LATERAL (VALUES (t.typinput::pg_catalog.oid, 'to'), (t.typoutput::pg_catalog.oid, 'from')) AS s (function, does)
  WHERE t.oid >= ${firstNormalObjectId} AND t.typtype = 'b' AND t.typcategory <> 'A'
    AND NOT ${harmless('pg_type', 't.oid', 't.typinput')}
  UNION
  SELECT r.rngtypid, s.function, 'to' FROM pg_catalog.pg_range r
  CROSS JOIN LATERAL (VALUES (r.rngcanonical::pg_catalog.oid), (r.rngsubdiff::pg_catalog.oid)) AS s (function)
  WHERE s.function >= ${firstNormalObjectId}
  UNION
  SELECT r.rngtypid, s.function, d.does FROM pg_catalog.pg_range r JOIN sorting s ON s.class = r.rngsubopc
  CROSS JOIN (VALUES ('from'), ('to')) AS d (does)
  UNION
  SELECT s.type, s.function, 'from' FROM sorting s WHERE s.type >= ${firstNormalObjectId}
  UNION
  SELECT m.whole, running.function, running.does FROM running JOIN made_of m ON m.part = running.type
)`;

/** OID and name of such types, and functions that run from and to it. */
export const codeTypesQuery: string = `WITH RECURSIVE ${running}
SELECT t.oid, t.typname, ${['from', 'to'].map((does) => `pg_catalog.array_to_json(pg_catalog.array_agg(r.function::pg_catalog.int8 ORDER BY r.function) FILTER (WHERE r.does = '${does}'))`).join(', ')}
FROM running r JOIN pg_catalog.pg_type t ON t.oid = r.type
GROUP BY t.oid, t.typname`;

/**
 * Relation or function of somebody's, and a function of somebody's that comes with it: policies, CHECK constraints,
 * indexes, statistics and the partition key of a relation call it, or the types of its columns; or the types of a function's
 * parameters, of what it returns, and of an aggregate's states; or what an aggregate sorts by calls it.
 */
export const attachedQuery: string = `WITH RECURSIVE attached (classid, objid, relation) AS MATERIALIZED (
  SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, p.polrelid FROM pg_catalog.pg_policy p
  UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid, c.conrelid
  FROM pg_catalog.pg_constraint c WHERE c.contype IN ('c', 'x') AND c.conrelid <> 0
  UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, i.indrelid FROM pg_catalog.pg_index i
  UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, s.stxrelid
  FROM pg_catalog.pg_statistic_ext s
  UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, k.partrelid, k.partrelid
  FROM pg_catalog.pg_partitioned_table k
), ${running}
SELECT a.relation, coalesce(o.oprcode::pg_catalog.oid, d.refobjid)
FROM attached a
JOIN pg_catalog.pg_depend d ON d.classid = a.classid AND d.objid = a.objid
  AND d.refobjid >= ${firstNormalObjectId} AND d.refclassid IN (${codeClasses})
LEFT JOIN pg_catalog.pg_operator o
  ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = d.refobjid
UNION
SELECT a.relation, s.function
FROM attached a
JOIN pg_catalog.pg_depend d ON d.classid = a.classid AND d.objid = a.objid
  AND d.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
JOIN sorting s ON s.class = d.refobjid
UNION
SELECT a.attrelid, r.function
FROM running r JOIN pg_catalog.pg_attribute a ON a.atttypid = r.type AND a.attnum > 0 AND NOT a.attisdropped
UNION
SELECT p.oid, r.function
FROM pg_catalog.pg_proc p JOIN running r
  ON r.type = p.prorettype OR (r.does = 'to' AND r.type = ANY (coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[])))
WHERE p.oid >= ${firstNormalObjectId} AND r.function <> p.oid
UNION
SELECT a.aggfnoid::pg_catalog.oid, r.function
FROM running r JOIN pg_catalog.pg_aggregate a ON r.does = 'to' AND r.type IN (a.aggtranstype, a.aggmtranstype)
WHERE a.aggfnoid::pg_catalog.oid >= ${firstNormalObjectId}
UNION
SELECT a.aggfnoid::pg_catalog.oid, s.function
FROM sorting s JOIN pg_catalog.pg_amop o ON o.amopfamily = s.family
JOIN pg_catalog.pg_aggregate a ON a.aggsortop = o.amopopr`;

/** Columns of pg_aggregate that say what an aggregate calls. */
const aggregateCalls =
  'aggtransfn aggfinalfn aggcombinefn aggserialfn aggdeserialfn aggmtransfn aggminvtransfn aggmfinalfn'
    .split(' ')
    .map((column) => `(a.${column}::pg_catalog.oid)`)
    .join(', ');

/** Aggregate of somebody's, or of Postgres's own that a superuser has made of something else, and the functions that it is made of. */
export const aggregatesQuery: string = `SELECT a.aggfnoid::pg_catalog.oid, f.function
FROM pg_catalog.pg_aggregate a CROSS JOIN LATERAL (VALUES ${aggregateCalls}) AS f (function)
WHERE f.function <> 0 AND (a.aggfnoid::pg_catalog.oid >= ${firstNormalObjectId} OR f.function >= ${firstNormalObjectId})`;
