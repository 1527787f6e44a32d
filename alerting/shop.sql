-- Made by `farshorectl generate sql` for cluster shop on PostgreSQL 15.
-- Run it on the primary, as a superuser, in the database that conninfo names, before the day it is
-- needed: a standby cannot grant. It may be run again.
-- Passwords are not in here; set them in psql, which sends only their hash:
--   \password "farshore_monitor"
--   \password "farshore_actuator"
BEGIN;
DO $farshore$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'farshore_monitor') THEN
    CREATE ROLE "farshore_monitor" LOGIN;
  END IF;
END
$farshore$;
DO $farshore$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'farshore_actuator') THEN
    CREATE ROLE "farshore_actuator" LOGIN;
  END IF;
END
$farshore$;

-- One row per reign, written by the actuator and replicated to all: a server that holds the row of a
-- reign has the history of that reign.
CREATE SCHEMA IF NOT EXISTS farshore;
CREATE TABLE IF NOT EXISTS farshore.epoch (
  cluster text NOT NULL,
  epoch bigint NOT NULL,
  server text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (cluster, epoch)
);
-- The slot that a standby asks its new primary for. Making one takes the REPLICATION attribute, with which
-- all data can be read; the actuator gets this and nothing more.
CREATE OR REPLACE FUNCTION farshore.make_slot(slot name) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $farshore$
  SELECT pg_create_physical_replication_slot(slot, true)
   WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = slot);
$farshore$;
REVOKE ALL ON SCHEMA farshore FROM PUBLIC;
REVOKE ALL ON TABLE farshore.epoch FROM PUBLIC;
REVOKE ALL ON FUNCTION farshore.make_slot(name) FROM PUBLIC;

-- Sees statistics and settings; writes nothing.
GRANT pg_monitor TO "farshore_monitor";
GRANT USAGE ON SCHEMA farshore TO "farshore_monitor";
GRANT SELECT ON TABLE farshore.epoch TO "farshore_monitor";

-- Cuts replication, promotes, and writes the row of a reign; reads no application data.
GRANT pg_monitor, pg_signal_backend TO "farshore_actuator";
GRANT EXECUTE ON FUNCTION pg_catalog.pg_promote(boolean, integer) TO "farshore_actuator";
GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO "farshore_actuator";
GRANT EXECUTE ON FUNCTION pg_catalog.pg_wal_replay_resume() TO "farshore_actuator";
GRANT pg_checkpoint TO "farshore_actuator";
GRANT ALTER SYSTEM ON PARAMETER primary_conninfo, restore_command, recovery_min_apply_delay,
  synchronous_standby_names, max_standby_streaming_delay, max_standby_archive_delay TO "farshore_actuator";
GRANT USAGE ON SCHEMA farshore TO "farshore_actuator";
GRANT SELECT, INSERT ON TABLE farshore.epoch TO "farshore_actuator";
GRANT EXECUTE ON FUNCTION farshore.make_slot(name) TO "farshore_actuator";
COMMIT;
