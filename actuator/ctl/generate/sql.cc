#include <set>

#include "actuator/ctl/generate/generate.h"
#include "actuator/ctl/generate/text.h"
#include "common/topology/conninfo.h"

namespace farshore {
namespace {

struct Roles {
  std::set<std::string> monitors, actuators;
};

Roles roles_of(const ClusterConfig& cluster) {
  Roles roles;
  for (const ServerConfig& server : cluster.servers) {
    const Result<Conninfo> conninfo = parse_conninfo(server.conninfo);
    if (conninfo && conninfo->contains("user")) roles.monitors.insert(conninfo->at("user"));
    if (server.admin) roles.actuators.insert(server.admin->user);
  }
  if (roles.monitors.empty()) roles.monitors.insert("farshore_monitor");
  if (roles.actuators.empty()) roles.actuators.insert("farshore_actuator");
  return roles;
}

std::string create_role(const std::string& role) {
  return fmt::format(
      "DO $farshore$\nBEGIN\n"
      "  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {}) THEN\n"
      "    CREATE ROLE {} LOGIN;\n"
      "  END IF;\nEND\n$farshore$;\n",
      sql_literal(role), sql_identifier(role));
}

std::string epoch_table() {
  return "-- One row per reign, written by the actuator and replicated to all: a server that holds the row "
         "of a\n"
         "-- reign has the history of that reign.\n"
         "CREATE SCHEMA IF NOT EXISTS farshore;\n"
         "CREATE TABLE IF NOT EXISTS farshore.epoch (\n"
         "  cluster text NOT NULL,\n"
         "  epoch bigint NOT NULL,\n"
         "  server text NOT NULL,\n"
         "  at timestamptz NOT NULL DEFAULT now(),\n"
         "  PRIMARY KEY (cluster, epoch)\n"
         ");\n"
         "-- The slot that a standby asks its new primary for. Making one takes the REPLICATION attribute, "
         "with "
         "which\n"
         "-- all data can be read; the actuator gets this and nothing more.\n"
         "CREATE OR REPLACE FUNCTION farshore.make_slot(slot name) RETURNS void\n"
         "  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $farshore$\n"
         "  SELECT pg_create_physical_replication_slot(slot, true)\n"
         "   WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = slot);\n"
         "$farshore$;\n"
         "REVOKE ALL ON SCHEMA farshore FROM PUBLIC;\n"
         "REVOKE ALL ON TABLE farshore.epoch FROM PUBLIC;\n"
         "REVOKE ALL ON FUNCTION farshore.make_slot(name) FROM PUBLIC;\n";
}

std::string monitor_grants(const std::string& role) {
  const std::string name = sql_identifier(role);
  return fmt::format(
      "GRANT pg_monitor TO {0};\nGRANT USAGE ON SCHEMA farshore TO {0};\n"
      "GRANT SELECT ON TABLE farshore.epoch TO {0};\n",
      name);
}

std::string parameter_grants(const std::string& name, int major_version) {
  if (major_version < 15) {
    return fmt::format(
        "-- PostgreSQL {0} cannot grant ALTER SYSTEM, nor CHECKPOINT, to anybody but a superuser. Without "
        "the\n"
        "-- next line Farshore can watch this cluster and not fail it over; uncomment it to accept that.\n"
        "-- ALTER ROLE {1} SUPERUSER;\n",
        major_version, name);
  }
  return fmt::format(
      "GRANT pg_checkpoint TO {0};\n"
      "GRANT ALTER SYSTEM ON PARAMETER primary_conninfo, restore_command, recovery_min_apply_delay,\n"
      "  synchronous_standby_names, max_standby_streaming_delay, max_standby_archive_delay TO {0};\n",
      name);
}

std::string actuator_grants(const std::string& role, int major_version) {
  const std::string name = sql_identifier(role);
  return fmt::format(
             "GRANT pg_monitor, pg_signal_backend TO {0};\n"
             "GRANT EXECUTE ON FUNCTION pg_catalog.pg_promote(boolean, integer) TO {0};\n"
             "GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO {0};\n"
             "GRANT EXECUTE ON FUNCTION pg_catalog.pg_wal_replay_resume() TO {0};\n",

             name) +
         parameter_grants(name, major_version) +
         fmt::format(
             "GRANT USAGE ON SCHEMA farshore TO {0};\n"
             "GRANT SELECT, INSERT ON TABLE farshore.epoch TO {0};\n"
             "GRANT EXECUTE ON FUNCTION farshore.make_slot(name) TO {0};\n",
             name);
}

std::string header(const ClusterConfig& cluster, int major_version, const Roles& roles) {
  std::string out = fmt::format(
      "-- Made by `farshorectl generate sql` for cluster {} on PostgreSQL {}.\n"
      "-- Run it on the primary, as a superuser, in the database that conninfo names, before the day it is\n"
      "-- needed: a standby cannot grant. It may be run again.\n"
      "-- Passwords are not in here; set them in psql, which sends only their hash:\n",
      cluster.name, major_version);
  for (const std::set<std::string>* names : {&roles.monitors, &roles.actuators}) {
    for (const std::string& role : *names) out += fmt::format("--   \\password {}\n", sql_identifier(role));
  }
  return out;
}

}  // namespace

Result<std::string> generate_sql(const Topology& topology, std::string_view cluster, int major_version) {
  const ClusterConfig* config = topology.find_cluster(cluster);
  if (config == nullptr) {
    std::vector<std::string> names;
    for (const ClusterConfig& each : topology.clusters) names.push_back(each.name);
    return fail(ErrorCode::kNotFound, "the topology has no cluster '{}'; {}", cluster,
                suggest(cluster, names, "clusters"));
  }
  if (major_version < 13 || major_version > 17) {
    return fail(ErrorCode::kInvalidArgument, "PostgreSQL {} is not known; versions 13 to 17 are",
                major_version);
  }
  const Roles roles = roles_of(*config);
  std::string out = header(*config, major_version, roles) + "BEGIN;\n";
  for (const std::string& role : roles.monitors) out += create_role(role);
  for (const std::string& role : roles.actuators) out += create_role(role);
  out += "\n" + epoch_table();
  for (const std::string& role : roles.monitors) {
    out += "\n-- Sees statistics and settings; writes nothing.\n" + monitor_grants(role);
  }
  for (const std::string& role : roles.actuators) {
    out += "\n-- Cuts replication, promotes, and writes the row of a reign; reads no application data.\n" +
           actuator_grants(role, major_version);
  }
  return out + "COMMIT;\n";
}

}  // namespace farshore
