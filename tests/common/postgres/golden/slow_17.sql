SELECT (SELECT json_build_object(
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
