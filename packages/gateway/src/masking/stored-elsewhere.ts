/**
 * System relations in which Postgres keeps values of other tables, texts of other people's statements, or passwords. Their
 * columns are masked as soon as a column of anything is: `SELECT most_common_vals FROM pg_stats` shows what
 * `SELECT email FROM customers` would not. Which table a value came from stands beside it, not in its lineage, so all of
 * them are masked. What describes the data without showing it (counts, fractions, correlations) is left as it is, unless
 * a rule denies probes.
 */
export interface StoredElsewhere {
  /** Undefined: wherever an extension was put. */
  readonly schema: string | undefined;
  readonly name: string;
  readonly columns: readonly string[];
  /** Where not even questions may be asked: what tells how values compare with each other, those that somebody adds included. */
  readonly compared?: readonly string[];
  /** Name of the mask, for the record. */
  readonly reason: string;
}

const statistics = 'statistics of masked columns';
const statements = 'statements of others';
const credentials = 'credentials';
const copies = 'copies of masked columns';

const bounds = ['most_common_vals', 'histogram_bounds', 'most_common_elems', 'elem_count_histogram'];
/** How many there are, how often each comes, and whether their order is that of their rows. */
const frequencies = ['n_distinct', 'most_common_freqs', 'most_common_elem_freqs', 'correlation'];
/** Since Postgres 17. */
const ranges = ['range_length_histogram', 'range_bounds_histogram'];

const slots = [1, 2, 3, 4, 5].map((slot) => `stavalues${slot}`);
const numbers = ['stadistinct', ...[1, 2, 3, 4, 5].map((slot) => `stanumbers${slot}`)];

/** By pg_class of Postgres 15 to 18; what a version does not have is passed over. */
export const storedElsewhere: readonly StoredElsewhere[] = [
  { schema: 'pg_catalog', name: 'pg_statistic', columns: slots, compared: numbers, reason: statistics },
  {
    schema: 'pg_catalog',
    name: 'pg_stats',
    columns: [...bounds, ...ranges],
    compared: frequencies,
    reason: statistics,
  },
  // MCV lists and expressions' statistics (statistics_ext).
  {
    schema: 'pg_catalog',
    name: 'pg_statistic_ext_data',
    columns: ['stxdmcv', 'stxdexpr'],
    compared: ['stxdndistinct', 'stxddependencies'],
    reason: statistics,
  },
  {
    schema: 'pg_catalog',
    name: 'pg_stats_ext',
    columns: ['most_common_vals'],
    compared: ['n_distinct', 'dependencies', 'most_common_freqs', 'most_common_base_freqs'],
    reason: statistics,
  },
  {
    schema: 'pg_catalog',
    name: 'pg_stats_ext_exprs',
    columns: bounds,
    compared: frequencies,
    reason: statistics,
  },
  // The value that rows written before ADD COLUMN … DEFAULT have.
  { schema: 'pg_catalog', name: 'pg_attribute', columns: ['attmissingval'], reason: copies },
  { schema: 'pg_catalog', name: 'pg_largeobject', columns: ['data'], reason: copies },
  { schema: 'pg_catalog', name: 'pg_stat_activity', columns: ['query'], reason: statements },
  { schema: undefined, name: 'pg_stat_statements', columns: ['query'], reason: statements },
  { schema: 'pg_catalog', name: 'pg_authid', columns: ['rolpassword'], reason: credentials },
  { schema: 'pg_catalog', name: 'pg_shadow', columns: ['passwd'], reason: credentials },
  { schema: 'pg_catalog', name: 'pg_subscription', columns: ['subconninfo'], reason: credentials },
  { schema: 'pg_catalog', name: 'pg_user_mapping', columns: ['umoptions'], reason: credentials },
  { schema: 'pg_catalog', name: 'pg_user_mappings', columns: ['umoptions'], reason: credentials },
  { schema: 'information_schema', name: 'user_mapping_options', columns: ['option_value'], reason: credentials },
  { schema: 'information_schema', name: '_pg_user_mappings', columns: ['umoptions'], reason: credentials },
];

/** The column of a TOAST table that holds values too long for their row. */
export const toastColumn: { readonly name: string; readonly reason: string } = { name: 'chunk_data', reason: copies };
