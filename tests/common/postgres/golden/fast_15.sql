
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
                 'max_locks_per_transaction=' || current_setting('max_locks_per_transaction')),
       CASE WHEN NOT r.in_recovery THEN json_build_object('insert', pg_current_wal_insert_lsn()) END,
       (SELECT json_build_object(
         'written', written_lsn,
         'latest_end_time', (extract(epoch FROM latest_end_time) * 1000000)::bigint,
         'sent', (extract(epoch FROM last_msg_send_time) * 1000000)::bigint,
         'received', (extract(epoch FROM last_msg_receipt_time) * 1000000)::bigint)
    FROM pg_stat_wal_receiver),
       CASE WHEN r.in_recovery THEN json_build_object(
         'pause_state', pg_get_wal_replay_pause_state(),
         'delay', (extract(epoch FROM current_setting('recovery_min_apply_delay')::interval) * 1000000)::bigint) END,
       (SELECT json_build_object(
         'total', coalesce(max(g.total), 0),
         'synchronous', CASE WHEN bool_or(g.hidden) THEN NULL ELSE coalesce(max(g.synchronous), 0) END,
         'sync_names', current_setting('synchronous_standby_names'),
         'rows', json_agg(g))
    FROM (SELECT coalesce(a.application_name, '') AS name,
                 count(*) AS connections,
                 (array_agg(w.state ORDER BY w.replay_lsn NULLS FIRST))[1] AS state,
                 (array_agg(w.sync_state ORDER BY w.replay_lsn NULLS FIRST))[1] AS sync_state,
                 min(w.sync_priority) AS sync_priority,
                 min(w.sent_lsn) AS sent,
                 min(w.write_lsn) AS write,
                 min(w.flush_lsn) AS flush,
                 min(w.replay_lsn) AS replay,
                 (extract(epoch FROM max(w.write_lag)) * 1000000)::bigint AS write_lag,
                 (extract(epoch FROM max(w.flush_lag)) * 1000000)::bigint AS flush_lag,
                 (extract(epoch FROM max(w.replay_lag)) * 1000000)::bigint AS replay_lag,
                 (extract(epoch FROM min(w.reply_time)) * 1000000)::bigint AS reply_time,
                 count(*) OVER () AS total,
                 sum(count(*) FILTER (WHERE w.sync_state IN ('sync', 'quorum'))) OVER () AS synchronous,
                 bool_or(bool_or(w.sync_state IS NULL)) OVER () AS hidden
            FROM pg_stat_get_wal_senders() w
            LEFT JOIN LATERAL pg_stat_get_activity(w.pid) a ON true
           GROUP BY 1 ORDER BY 1 LIMIT 64) g),
       (SELECT json_build_object('total', coalesce(max(g.total), 0), 'rows', json_agg(g))
    FROM (SELECT s.slot_name AS name,
                 s.slot_type AS type,
                 s.active,
                 CASE WHEN s.restart_lsn IS NOT NULL
                      THEN greatest(0, pg_wal_lsn_diff(p.lsn, s.restart_lsn))::bigint END AS retained,
                 s.safe_wal_size AS safe,
                 s.wal_status,
                 count(*) OVER () AS total
            FROM pg_get_replication_slots() s
           CROSS JOIN (SELECT CASE WHEN r.in_recovery
                                   THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                                   ELSE pg_current_wal_lsn() END AS lsn OFFSET 0) p
           ORDER BY retained DESC NULLS FIRST, s.slot_name LIMIT 64) g),
       (SELECT json_build_object(
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
       CASE WHEN NOT r.in_recovery THEN (SELECT json_build_object(
         'count', count(*),
         'oldest', (extract(epoch FROM min(prepared)) * 1000000)::bigint)
    FROM pg_prepared_xact()) END,
       (SELECT json_build_object(
         'clients', CASE WHEN count(*) = count(backend_type)
                         THEN count(*) FILTER (WHERE backend_type = 'client backend') END,
         'limit', current_setting('max_connections')::integer,
         'reserved', current_setting('superuser_reserved_connections')::integer)
    FROM pg_stat_get_activity(NULL)),
       json_build_object('started', (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint),
       json_build_object(
         'statistics', pg_has_role('pg_read_all_stats', 'USAGE'),
         'directories', has_function_privilege('pg_catalog.pg_ls_waldir()', 'EXECUTE')
                        AND has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'EXECUTE'))
  FROM (SELECT pg_is_in_recovery() AS in_recovery OFFSET 0) r
 CROSS JOIN pg_control_system() s
  LEFT JOIN pg_stat_wal_receiver w ON r.in_recovery
