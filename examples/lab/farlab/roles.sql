CREATE ROLE farshore_monitor LOGIN;
GRANT pg_monitor TO farshore_monitor;
CREATE ROLE farshore_actuator LOGIN;
GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO farshore_actuator;
GRANT EXECUTE ON FUNCTION pg_promote, pg_reload_conf, pg_wal_replay_resume TO farshore_actuator;
GRANT ALTER SYSTEM ON PARAMETER primary_conninfo, restore_command, recovery_min_apply_delay, synchronous_standby_names,
  max_standby_streaming_delay TO farshore_actuator;
CREATE SCHEMA farshore;
CREATE TABLE farshore.epoch (cluster text, epoch bigint, server text, at timestamptz, PRIMARY KEY (cluster, epoch));
GRANT USAGE ON SCHEMA farshore TO farshore_actuator, farshore_monitor;
GRANT SELECT, INSERT ON farshore.epoch TO farshore_actuator;
GRANT SELECT ON farshore.epoch TO farshore_monitor;
