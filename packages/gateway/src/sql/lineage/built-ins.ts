/**
 * What the functions of Postgres show besides their arguments. Immutable ones show nothing else. Of the stable ones those
 * are named that read data or texts of elsewhere; of the volatile ones, those that do not. Made by going through pg_proc
 * of Postgres 13 to 18; a volatile one that later versions add is unknown until it stands here.
 */
const readers: ReadonlySet<string> = new Set([
  // Run a query that is given as text, or read relations that are given by name.
  ...names(`query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml
    table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema
    database_to_xml database_to_xmlschema database_to_xml_and_xmlschema ts_stat ts_rewrite currtid2`),
  // Show statistics, which hold values of columns.
  ...names('pg_mcv_list_items'),
  // Show statements, of other sessions too.
  ...names('current_query pg_stat_get_activity pg_stat_get_backend_activity pg_cursor pg_prepared_statement'),
  // Read large objects, files, and the log of changes.
  ...names(`lo_get loread pg_read_file pg_read_file_old pg_read_binary_file pg_ls_dir pg_stat_file pg_hba_file_rules
    pg_ident_file_mappings pg_show_all_file_settings pg_logical_slot_get_changes pg_logical_slot_peek_changes
    pg_logical_slot_get_binary_changes pg_logical_slot_peek_binary_changes pg_get_backend_memory_contexts`),
]);

const volatileButHarmless: ReadonlySet<string> = new Set([
  // Chance, clocks, sequences, settings, large objects' names, locks, notifications.
  ...names(`random random_normal gen_random_uuid uuidv4 uuidv7 setseed array_sample array_shuffle clock_timestamp timeofday
    nextval currval lastval setval pg_sequence_last_value pg_get_sequence_data set_config pg_sleep pg_sleep_for
    pg_sleep_until lo_close lo_creat lo_create lo_export lo_from_bytea lo_import lo_lseek lo_lseek64 lo_open lo_put lo_tell
    lo_tell64 lo_truncate lo_truncate64 lo_unlink lowrite pg_notify pg_notification_queue_usage pg_advisory_lock
    pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock
    pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock
    pg_try_advisory_xact_lock_shared`),
  // Sizes, transactions, and the state of the server.
  ...names(`pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size pg_tablespace_size
    pg_partition_tree pg_partition_ancestors pg_is_in_recovery pg_is_wal_replay_paused pg_get_wal_replay_pause_state
    pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn pg_last_wal_receive_lsn pg_last_wal_replay_lsn
    pg_last_xact_replay_timestamp pg_last_committed_xact pg_xact_commit_timestamp pg_xact_commit_timestamp_origin
    pg_xact_status txid_status pg_lock_status pg_blocking_pids pg_safe_snapshot_blocking_pids
    pg_isolation_test_session_is_blocked pg_prepared_xact pg_export_snapshot pg_control_checkpoint pg_control_init
    pg_control_recovery pg_control_system pg_collation_actual_version pg_database_collation_actual_version
    pg_current_logfile pg_jit_available pg_get_multixact_members pg_get_wal_resource_managers pg_get_wait_events
    pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_get_loaded_modules pg_show_replication_origin_status
    pg_replication_origin_progress pg_replication_origin_session_progress pg_replication_origin_session_is_setup
    amvalidate pg_nextoid pg_get_aios pg_get_wal_summarizer_state pg_available_wal_summaries`),
  ...names(`pg_stat_have_stats pg_stat_get_backend_io pg_stat_get_backend_wal pg_stat_get_io pg_stat_get_recovery_prefetch
    pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls
    pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans
    pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated
    pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned
    pg_stat_get_xact_tuples_updated pg_stat_clear_snapshot pg_stat_force_next_flush`),
  // Do something and answer whether they did.
  ...names(`pg_cancel_backend pg_terminate_backend pg_reload_conf pg_rotate_logfile pg_promote pg_switch_wal pg_backup_start
    pg_backup_stop pg_create_restore_point pg_log_backend_memory_contexts pg_log_standby_snapshot pg_logical_emit_message
    pg_wal_replay_pause pg_wal_replay_resume pg_stat_reset pg_stat_reset_shared pg_stat_reset_slru
    pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_single_function_counters
    pg_stat_reset_single_table_counters pg_stat_reset_subscription_stats pg_restore_attribute_stats
    pg_restore_relation_stats pg_clear_attribute_stats pg_clear_relation_stats brin_summarize_new_values
    brin_summarize_range brin_desummarize_range gin_clean_pending_list pg_create_logical_replication_slot
    pg_create_physical_replication_slot pg_copy_logical_replication_slot pg_copy_physical_replication_slot
    pg_drop_replication_slot pg_replication_slot_advance pg_replication_origin_create pg_replication_origin_drop
    pg_replication_origin_advance pg_replication_origin_session_setup pg_replication_origin_session_reset
    pg_replication_origin_xact_setup pg_replication_origin_xact_reset pg_import_system_collations
    pg_extension_config_dump pg_sync_replication_slots`),
]);

/** Extensions' functions in C that are volatile or stable, and show nothing but their arguments. */
const harmlessExtensions: ReadonlySet<string> = new Set(
  names(`uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4 uuid_generate_v5 gen_random_uuid
    gen_random_bytes gen_salt unaccent show_limit set_limit`),
);

/** Their result says nothing of the value that they are given; how many there are, or which type, at most. */
const counts: ReadonlySet<string> = new Set(names('count regr_count pg_typeof pg_collation_for'));

/** How many rows come, or how long that takes, follows from their arguments. */
const multipliers: ReadonlySet<string> = new Set(
  names(`generate_series generate_subscripts unnest regexp_matches regexp_split_to_table string_to_table
    json_array_elements json_array_elements_text jsonb_array_elements jsonb_array_elements_text json_each json_each_text
    jsonb_each jsonb_each_text json_object_keys jsonb_object_keys json_populate_recordset jsonb_populate_recordset
    json_to_recordset jsonb_to_recordset jsonb_path_query jsonb_path_query_tz ts_parse ts_debug xmltable pg_sleep
    pg_sleep_for pg_sleep_until`),
);

/** They leave their arguments where somebody can read them later, if only as the one of many things that has changed. */
const keepers: ReadonlySet<string> = new Set(
  names(`set_config setval setseed nextval pg_notify pg_logical_emit_message lo_from_bytea lo_put lowrite lo_create lo_creat
    lo_export lo_import lo_truncate lo_truncate64 lo_lseek lo_lseek64 lo_open lo_close lo_unlink loread
    pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_lock pg_advisory_lock_shared
    pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared
    pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_backup_start pg_create_restore_point
    pg_create_logical_replication_slot pg_create_physical_replication_slot pg_copy_logical_replication_slot
    pg_copy_physical_replication_slot pg_replication_origin_create pg_replication_origin_drop
    pg_replication_origin_advance pg_replication_origin_session_setup pg_replication_origin_xact_setup
    pg_drop_replication_slot pg_replication_slot_advance pg_cancel_backend pg_terminate_backend pg_stat_reset_shared
    pg_stat_reset_slru pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_single_function_counters
    pg_stat_reset_single_table_counters pg_stat_reset_subscription_stats pg_clear_attribute_stats pg_clear_relation_stats
    pg_clear_extended_stats pg_restore_attribute_stats pg_restore_relation_stats pg_restore_extended_stats`),
);

function names(words: string): readonly string[] {
  return words.split(/\s+/);
}

export interface BuiltInTraits {
  /** It shows nothing but what it is given. */
  readonly shows: 'nothing' | 'arguments' | 'anything';
  readonly multiplies: boolean;
  readonly keeps: boolean;
}

/** The traits of a function that comes with Postgres. */
export function traitsOfBuiltIn(name: string, volatility: 'immutable' | 'stable' | 'volatile'): BuiltInTraits {
  const harmless = volatility !== 'volatile' || volatileButHarmless.has(name);
  const reads = readers.has(name) || /^pg_ls_.*dir$/.test(name) || !harmless;
  return {
    shows: counts.has(name) ? 'nothing' : reads ? 'anything' : 'arguments',
    multiplies: multipliers.has(name),
    keeps: keepers.has(name),
  };
}

/** A function in C is a superuser's work. Immutable, it has nothing but its arguments to show; some others are known. */
export function isHarmlessExtension(name: string, language: string, volatility: string): boolean {
  if (language !== 'c' && language !== 'internal') return false;
  return volatility === 'immutable' || (language === 'c' && harmlessExtensions.has(name));
}
