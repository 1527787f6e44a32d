
SELECT r.in_recovery,
       s.system_identifier::text,
       CASE WHEN r.in_recovery
            THEN greatest(w.received_tli, (pg_control_recovery()).min_recovery_end_timeline,
                          (pg_control_checkpoint()).timeline_id)::bigint
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END,
       CASE WHEN NOT r.in_recovery THEN pg_current_wal_lsn() END,
       CASE WHEN NOT r.in_recovery THEN pg_current_wal_flush_lsn() END,
       CASE WHEN r.in_recovery THEN pg_last_wal_receive_lsn() END,
       CASE WHEN r.in_recovery THEN pg_last_wal_replay_lsn() END,
       CASE WHEN r.in_recovery THEN pg_is_wal_replay_paused() END,
       CASE WHEN r.in_recovery
            THEN (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint END,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
       w.pid IS NOT NULL,
       w.status,
       w.flushed_lsn,
       w.latest_end_lsn,
       (extract(epoch FROM clock_timestamp() - w.last_msg_receipt_time) * 1000000)::bigint,
       concat_ws(',', 'max_connections=' || current_setting('max_connections'),
                 'max_worker_processes=' || current_setting('max_worker_processes'),
                 'max_wal_senders=' || current_setting('max_wal_senders'),
                 'max_prepared_transactions=' || current_setting('max_prepared_transactions'),
                 'max_locks_per_transaction=' || current_setting('max_locks_per_transaction'))
  FROM (SELECT pg_is_in_recovery() AS in_recovery OFFSET 0) r
 CROSS JOIN pg_control_system() s
  LEFT JOIN pg_stat_wal_receiver w ON r.in_recovery
