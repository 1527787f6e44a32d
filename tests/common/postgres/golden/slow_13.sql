SELECT (SELECT json_build_object(
         'archived', archived_count,
         'failed', failed_count,
         'last_archived', (extract(epoch FROM last_archived_time) * 1000000)::bigint,
         'last_failed', (extract(epoch FROM last_failed_time) * 1000000)::bigint)
    FROM pg_stat_get_archiver()),
       CASE WHEN r.in_recovery THEN (SELECT json_build_object(
         'tablespace', sum(confl_tablespace)::bigint,
         'lock', sum(confl_lock)::bigint,
         'snapshot', sum(confl_snapshot)::bigint,
         'bufferpin', sum(confl_bufferpin)::bigint,
         'deadlock', sum(confl_deadlock)::bigint)
    FROM pg_stat_database_conflicts) END,
       (SELECT json_build_object(
         'wal_bytes', sum(size)::bigint,
         'wal_files', count(*),
         'ready_files', (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'))
    FROM pg_ls_waldir()),
       (SELECT json_build_object(
         'pending_restart', count(*) FILTER (WHERE pending_restart),
         'receiver_timeout_ms', max(setting) FILTER (WHERE name = 'wal_receiver_timeout'),
         'receiver_status_s', max(setting) FILTER (WHERE name = 'wal_receiver_status_interval'),
         'slot_keep_mb', max(setting) FILTER (WHERE name = 'max_slot_wal_keep_size'),
         'archive_mode', max(setting) FILTER (WHERE name = 'archive_mode'))
    FROM pg_settings),
       (SELECT json_build_object('age', max(age(datfrozenxid))) FROM pg_database)
  FROM (SELECT pg_is_in_recovery() AS in_recovery OFFSET 0) r
