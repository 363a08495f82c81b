import { firstNormalObjectId } from '../../sql/catalog.ts';
import { pgCatalog } from './catalog-queries.ts';
import type { Row } from './row.ts';

/** Which state a catalog is in. Two states that differ have different ones. */
export interface CatalogFingerprint {
  /** Of what comes with Postgres, and of all that decides how it reads. */
  readonly system: string;
  /** Of everything else that is read. */
  readonly own: string;
}

/** The answer to `fingerprintQuery`. */
export function decodeFingerprint([row]: readonly Row[]): CatalogFingerprint {
  return { system: row?.[0] ?? '', own: row?.[1] ?? '' };
}

/** As one text. */
export function catalogVersion({ system, own }: CatalogFingerprint): string {
  return `${system} ${own}`;
}

/** What the rows of a catalog are told apart by, as a number, and which of them count for a part; absent: none do. */
interface Counted {
  readonly table: string;
  readonly key: string;
  readonly system?: string;
  readonly own?: string;
}

const byOid = 'oid::pg_catalog.int8';
const initial = (oid: string): string => `${oid} < ${firstNormalObjectId}`;
const made = (oid: string): string => `${oid} >= ${firstNormalObjectId}`;
/** How Postgres shows its own views depends on what else has a name in pg_catalog: a name that could mean two is qualified. */
const inPgCatalog = (namespace: string): string => `${initial('oid')} OR ${namespace} = ${pgCatalog}`;

const counted: readonly Counted[] = [
  { table: 'pg_class', key: byOid, system: initial('oid'), own: made('oid') },
  {
    table: 'pg_attribute',
    key: 'attrelid::pg_catalog.int8 * 65536 + attnum',
    system: initial('attrelid'),
    own: made('attrelid'),
  },
  { table: 'pg_attrdef', key: byOid, system: initial('adrelid'), own: made('adrelid') },
  { table: 'pg_rewrite', key: byOid, system: initial('ev_class'), own: made('ev_class') },
  { table: 'pg_proc', key: byOid, system: inPgCatalog('pronamespace'), own: made('oid') },
  { table: 'pg_operator', key: byOid, system: inPgCatalog('oprnamespace'), own: made('oid') },
  {
    table: 'pg_type',
    key: byOid,
    system: inPgCatalog('typnamespace'),
    own: `${made('oid')} AND typtype NOT IN ('c', 'p') AND typcategory <> 'A'`,
  },
  { table: 'pg_cast', key: byOid, system: `${initial('castsource')} AND ${initial('casttarget')}`, own: made('oid') },
  { table: 'pg_language', key: byOid, system: 'true' },
  { table: 'pg_namespace', key: byOid, own: 'true' },
  { table: 'pg_trigger', key: byOid, own: 'true' },
  { table: 'pg_policy', key: byOid, own: 'true' },
  { table: 'pg_inherits', key: '(inhrelid::pg_catalog.int8 << 31) # inhparent::pg_catalog.int8', own: 'true' },
  { table: 'pg_constraint', key: byOid, own: `contype IN ('c', 'f', 'p', 'u', 'x')` },
  { table: 'pg_event_trigger', key: byOid, own: 'true' },
  { table: 'pg_statistic_ext', key: byOid, own: 'true' },
  { table: 'pg_opclass', key: byOid, own: made('oid') },
  { table: 'pg_amop', key: byOid, own: made('oid') },
  { table: 'pg_amproc', key: byOid, own: made('oid') },
  // What belongs to extensions.
  {
    table: 'pg_depend',
    key: '(classid::pg_catalog.int8 << 31) # objid::pg_catalog.int8',
    own: `refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND deptype = 'e'`,
  },
  // Names and values that stand in the texts of views and expressions; in those of Postgres's own, the collation "C" alone.
  { table: 'pg_collation', key: byOid, system: 'oid = 950', own: made('oid') },
  { table: 'pg_ts_config', key: byOid, system: initial('oid'), own: made('oid') },
  { table: 'pg_ts_dict', key: byOid, system: initial('oid'), own: made('oid') },
  { table: 'pg_enum', key: byOid, own: 'true' },
];

/**
 * Two columns, of one state of the database: `CatalogFingerprint`. For each catalog, how many rows and the sum of a hash of
 * which row it is and which transaction wrote it. Unlike sums of `xmin`, it cannot be balanced out by a transaction that took
 * its number early and commits late. VACUUM and ANALYZE write in place and change nothing here; TRUNCATE, REINDEX, GRANT
 * and temporary tables do, which costs a reading and no more. `xmin` outlives freezing (HEAP_XMIN_FROZEN, since 9.4); a
 * row that is written again by a transaction of the same number, 2^32 transactions later, is not seen. Of another server
 * it says nothing: each has transactions of its own. Of the schemas that come with Postgres only the names count for
 * `system`: rights on them are given again and again.
 */
export const fingerprintQuery: string = `/* onrecord: has the catalog changed */ SELECT
  pg_catalog.string_agg(c.system, ' ' ORDER BY c.place), pg_catalog.string_agg(c.own, ' ' ORDER BY c.place)
FROM (
  ${counted.map(sumsOf).join('\n  UNION ALL ')}
  UNION ALL SELECT ${counted.length}, ${sumOf('nspname::pg_catalog.text', byOid)}, NULL
    FROM pg_catalog.pg_namespace WHERE ${initial('oid')}
) AS c (place, system, own)`;

function sumsOf({ table, key, system, own }: Counted, place: number): string {
  const xmin = 'xmin::pg_catalog.text';
  if (system === undefined) return `SELECT ${place}, NULL, ${sumOf(xmin, key)} FROM pg_catalog.${table} WHERE ${own}`;
  if (own === undefined) return `SELECT ${place}, ${sumOf(xmin, key)}, NULL FROM pg_catalog.${table} WHERE ${system}`;
  return `SELECT ${place}, ${sumOf(xmin, key, system)}, ${sumOf(xmin, key, own)} FROM pg_catalog.${table}`;
}

function sumOf(what: string, key: string, rows?: string): string {
  const filter = rows === undefined ? '' : ` FILTER (WHERE ${rows})`;
  const hash = `pg_catalog.hashtextextended(${what} COLLATE pg_catalog."C", ${key})`;
  return `pg_catalog.count(*)${filter} || '.' || coalesce(pg_catalog.sum(${hash})${filter}, 0)`;
}
