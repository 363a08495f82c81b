/** What calling a function does, beyond what it returns. */
export interface Conduct {
  readonly isWrite?: true;
  readonly isOutside?: true;
  /** It runs SQL that it is given, or code that cannot be read. */
  readonly isOpaque?: true;
  /** Index of the argument that is a query's text; where it is a constant, it is read. */
  readonly query?: number;
  /** It does so only when it is called with that many arguments; its namesakes are harmless. */
  readonly ofArguments?: number;
  /** What indexes compute is computed, of which is not said. */
  readonly recomputes?: true;
  /** Index of the argument that names a relation, which is then read or written. */
  readonly reads?: number;
  readonly writes?: number;
  /** The system catalog in which large objects live. */
  readonly largeObjects?: true;
}

const harmless: Conduct = {};
const writes: Conduct = { isWrite: true };
const outside: Conduct = { isOutside: true };
const writesOutside: Conduct = { isWrite: true, isOutside: true };
const largeObject: Conduct = { largeObjects: true };
const writesLargeObject: Conduct = { isWrite: true, largeObjects: true };
const opaque: Conduct = { isWrite: true, isOpaque: true };
const elsewhere: Conduct = { isWrite: true, isOutside: true, isOpaque: true };

const conducts: readonly (readonly [Conduct, string])[] = [
  [{ isWrite: true, writes: 0 }, 'nextval setval'],
  // They change nothing, but for a setting, a lock, or what only this session sees; their names are facts of their own.
  [
    harmless,
    'set_config setseed random random_normal clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 currval lastval' +
      ' current_query pg_sleep pg_sleep_for pg_sleep_until txid_status pg_xact_status pg_safe_snapshot_blocking_pids' +
      ' pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared' +
      ' pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared' +
      ' pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_export_snapshot pg_blocking_pids amvalidate' +
      ' pg_collation_actual_version pg_database_collation_actual_version pg_control_checkpoint pg_control_init' +
      ' pg_control_recovery pg_control_system pg_database_size pg_indexes_size pg_relation_size pg_table_size' +
      ' pg_tablespace_size pg_total_relation_size pg_get_backend_memory_contexts pg_get_multixact_members' +
      ' pg_get_multixact_stats pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_numa_available pg_get_aios' +
      ' pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_get_wal_summarizer_state pg_wal_summary_contents' +
      ' pg_available_wal_summaries pg_is_in_recovery pg_is_wal_replay_paused pg_jit_available pg_last_committed_xact' +
      ' pg_isolation_test_session_is_blocked pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_lock_status' +
      ' pg_last_xact_replay_timestamp pg_notification_queue_usage pg_partition_ancestors pg_partition_tree' +
      ' pg_prepared_xact pg_replication_origin_progress pg_replication_origin_session_is_setup pg_column_toast_chunk_id' +
      ' pg_replication_origin_session_progress pg_show_replication_origin_status pg_sequence_last_value currtid2' +
      ' pg_get_sequence_data pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn' +
      ' pg_stat_clear_snapshot pg_stat_force_next_flush pg_stat_have_stats pg_xact_commit_timestamp' +
      ' pg_xact_commit_timestamp_origin pg_basetype bernoulli system lo_close lo_lseek lo_lseek64 lo_tell lo_tell64',
  ],
  [writes, 'pg_notify'],
  [largeObject, 'lo_get loread lo_open'],
  [writesLargeObject, 'lo_creat lo_create lo_from_bytea lo_put lo_truncate lo_truncate64 lo_unlink lowrite lo_manage'],
  [{ isWrite: true, isOutside: true, largeObjects: true }, 'lo_import lo_export'],
  [
    outside,
    'pg_read_file pg_read_binary_file pg_read_file_old pg_stat_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir' +
      ' pg_ls_archive_statusdir pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir' +
      ' pg_logdir_ls pg_current_logfile pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings' +
      ' postgres_fdw_get_connections',
  ],
  [
    writesOutside,
    'pg_file_write pg_file_rename pg_file_unlink pg_file_sync postgres_fdw_disconnect' +
      ' postgres_fdw_disconnect_all pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup',
  ],
  [
    elsewhere,
    'dblink dblink_exec dblink_open dblink_fetch dblink_close dblink_connect dblink_connect_u dblink_disconnect' +
      ' dblink_send_query dblink_get_result dblink_get_notify dblink_cancel_query http http_get http_post' +
      ' http_put http_delete http_patch http_head',
  ],
  [
    { ...opaque, query: 0 },
    'query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat crosstab crosstab2 crosstab3 crosstab4 crosstabn' +
      ' database_to_xml database_to_xmlschema database_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema' +
      ' schema_to_xml_and_xmlschema connectby xpath_table pg_logical_slot_get_changes pg_logical_slot_peek_changes' +
      ' pg_logical_slot_get_binary_changes pg_logical_slot_peek_binary_changes',
  ],
  [{ ...opaque, query: 1, ofArguments: 2 }, 'ts_rewrite'],
  // They make values of a type that they are told by name or number, and with them run the CHECKs of domains.
  [
    opaque,
    'pg_input_is_valid pg_input_error_info domain_in domain_recv record_in record_recv array_in array_recv range_in' +
      ' range_recv multirange_in multirange_recv pg_restore_attribute_stats pg_restore_extended_stats',
  ],
  [{ isWrite: true, recomputes: true }, 'brin_summarize_new_values brin_summarize_range'],
  [{ isOpaque: true }, 'cursor_to_xml cursor_to_xmlschema'],
  [{ reads: 0 }, 'table_to_xml table_to_xmlschema table_to_xml_and_xmlschema pgstattuple get_raw_page'],
];

const byName: ReadonlyMap<string, Conduct> = new Map(
  conducts.flatMap(([conduct, names]) => names.split(' ').map((name) => [name, conduct] as const)),
);

/**
 * What a function of Postgres, or of an extension that is known here, does when it is called. Undefined for all others:
 * of Postgres's own those are harmless that are not volatile.
 */
export function knownConduct(name: string): Conduct | undefined {
  return byName.get(name);
}

/** Statistics that are only read, by the first part of their names: there are hundreds, more with each version. */
const readsStatistics = /^pg_stat_get_/;

/** What one of Postgres's own functions does that is volatile: it writes unless it is known not to. */
export function volatileConduct(name: string): Conduct {
  return byName.get(name) ?? (readsStatistics.test(name) ? harmless : writes);
}

/** Volatile functions in C that extensions bring and that change nothing. */
const harmlessExtensions = new Set(
  (
    'uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 gen_random_bytes gen_salt pg_stat_statements' +
    ' pg_stat_statements_info pgp_sym_encrypt pgp_sym_encrypt_bytea pgp_pub_encrypt pgp_pub_encrypt_bytea' +
    ' pgp_armor_headers show_limit set_limit normal_rand pg_buffercache_pages pg_buffercache_summary gen_random_uuid' +
    ' st_asmvtgeom postgis_version postgis_full_version'
  ).split(' '),
);

/** True for a volatile function in C of a well-known extension that writes nothing. */
export function isHarmlessExtension(name: string): boolean {
  return harmlessExtensions.has(name);
}

/** Postgres's own functions that a text is likely to call, for when there is no catalog to look into. */
const common = new Set(
  (
    'count sum avg min max array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and bool_or every' +
    ' stddev stddev_pop stddev_samp variance var_pop var_samp percentile_cont percentile_disc mode corr any_value grouping' +
    ' row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value' +
    ' lower upper initcap length char_length character_length octet_length bit_length substr substring position strpos left' +
    ' right trim btrim ltrim rtrim lpad rpad repeat replace reverse split_part concat concat_ws format overlay translate' +
    ' ascii chr md5 sha224 sha256 sha384 sha512 encode decode quote_ident quote_literal quote_nullable to_hex normalize' +
    ' regexp_replace regexp_match regexp_matches regexp_split_to_array regexp_split_to_table regexp_count regexp_like' +
    ' regexp_substr regexp_instr starts_with string_to_array string_to_table array_to_string' +
    ' abs ceil ceiling floor round trunc mod div power sqrt cbrt exp ln log log10 sign pi degrees radians sin cos tan atan' +
    ' atan2 asin acos width_bucket gcd lcm random setseed' +
    ' now current_timestamp statement_timestamp transaction_timestamp clock_timestamp timeofday age date_part date_trunc' +
    ' date_bin extract make_date make_time make_timestamp make_timestamptz make_interval justify_days justify_hours' +
    ' justify_interval isfinite to_char to_date to_timestamp to_number timezone date timestamp timestamptz time' +
    ' generate_series generate_subscripts unnest array_length array_append array_prepend array_cat array_position' +
    ' array_positions array_remove array_replace array_ndims array_dims array_upper array_lower array_fill cardinality' +
    ' row_to_json to_json to_jsonb array_to_json json_build_object jsonb_build_object json_build_array jsonb_build_array' +
    ' json_array_elements jsonb_array_elements json_array_elements_text jsonb_array_elements_text json_array_length' +
    ' jsonb_array_length json_each jsonb_each json_each_text jsonb_each_text json_extract_path jsonb_extract_path' +
    ' json_extract_path_text jsonb_extract_path_text json_object_keys jsonb_object_keys json_populate_record' +
    ' jsonb_populate_record json_populate_recordset jsonb_populate_recordset json_to_record jsonb_to_record' +
    ' json_to_recordset jsonb_to_recordset json_typeof jsonb_typeof jsonb_set jsonb_insert jsonb_pretty jsonb_strip_nulls' +
    ' json_strip_nulls jsonb_path_query jsonb_path_exists jsonb_path_query_array jsonb_path_query_first jsonb_path_match' +
    ' to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline setweight' +
    ' xpath xmlagg xmlcomment xmlelement xmlforest version current_database current_schema current_schemas current_user' +
    ' session_user current_setting inet_client_addr inet_server_addr pg_backend_pid pg_typeof pg_column_size' +
    ' pg_size_pretty pg_postmaster_start_time pg_is_in_recovery gen_random_uuid uuidv4 uuidv7 nextval currval lastval' +
    ' pg_get_viewdef pg_get_expr pg_get_indexdef pg_get_constraintdef pg_get_functiondef pg_get_ruledef pg_get_triggerdef' +
    ' pg_get_userbyid pg_get_serial_sequence pg_table_is_visible pg_type_is_visible pg_function_is_visible format_type' +
    ' obj_description col_description shobj_description has_table_privilege has_schema_privilege has_database_privilege' +
    ' has_column_privilege has_function_privilege has_sequence_privilege has_any_column_privilege pg_has_role' +
    ' pg_encoding_to_char pg_relation_is_publishable to_regclass to_regtype to_regproc to_regnamespace to_regrole' +
    ' host hostmask masklen netmask network broadcast family set_masklen int4range int8range numrange daterange tsrange' +
    ' tstzrange lower_inc upper_inc isempty range_merge num_nulls num_nonnulls txid_current pg_current_xact_id' +
    ' pg_current_snapshot get_byte set_byte get_bit set_bit bit_count area center diameter box circle point polygon'
  ).split(' '),
);

/** True for a name that is most likely one of Postgres's own functions: asked only where there is no catalog. */
export function isCommonFunction(name: string): boolean {
  return common.has(name) || byName.has(name);
}
