// What alerts ask for, aggregated once. A level names the labels that are left; what one vantage says is gone
// from here on. Vantages are not picked by name: that costs five times what the rest
// of such a selector does, and only the alert with an action must be safe from one that is not configured.
#include "actuator/ctl/generate/pack/pack.h"

namespace farshore::pack {
namespace {

constexpr Recording kTable[] = {
    // ---- servers ----
    {"cluster_region_server:farshore_pg_up:sum",
     R"(sum by (cluster, region, server) (last_over_time(farshore_pg_up[${recent}])))"},
    {"cluster_region_server:farshore_pg_up:unseen_vantages",
     R"(count by (cluster, region, server) (last_over_time(farshore_pg_up[${recent}]) == 0))"},
    // Of these, those to which nothing answered. What asks for a failover counts for itself, with fresh
    // samples.
    {"cluster_region_server:farshore_pg_up:silent_vantages",
     R"(count by (cluster, region, server) (last_over_time(farshore_pg_silent[${recent}]) == 1))"},
    // A sample of before a restart of Prometheus must not look like a second primary.
    {"cluster_region_server:farshore_pg_in_recovery:primary_vantages", R"(count by (cluster, region, server) (
  last_over_time(farshore_pg_in_recovery[${fresh}s]) == 0
  and on (vantage, instance) farshore_snapshot_age_seconds <= ${fresh}
))"},
    {"cluster:farshore_pg_in_recovery:primaries",
     R"(count by (cluster) (cluster_region_server:farshore_pg_in_recovery:primary_vantages > 0))"},
    {"cluster_region_server:farshore_pg_timeline_id:max",
     R"(max by (cluster, region, server) (last_over_time(farshore_pg_timeline_id[${recent}])))"},
    {"cluster_region_server_epoch:farshore_cluster_primary_epoch:newest", R"(topk by (cluster) (1,
  max by (cluster, region, server, epoch) (last_over_time(farshore_cluster_primary_epoch[10m]))
))"},
    // ---- replication ----
    // The largest: a vantage that lost sight of the primary knows of too little to be missing.
    {"cluster_region_server:farshore_replication_lag_bytes:max",
     R"(max by (cluster, region, server) (last_over_time(farshore_replication_lag_bytes[${recent}])))"},
    // The smallest: a vantage that lost sight of the primary guesses what it wrote since; the others know.
    {"cluster_region_server:farshore_predicted_loss_bytes:min",
     R"(min by (cluster, region, server) (last_over_time(farshore_predicted_loss_bytes[${recent}])))"},
    {"cluster_region_server:farshore_predicted_loss_seconds:min",
     R"(min by (cluster, region, server) (last_over_time(farshore_predicted_loss_seconds[${recent}])))"},
    {"cluster:farshore_predicted_loss_bytes:limit", R"(${loss_bytes_limits})"},
    {"cluster:farshore_predicted_loss_seconds:limit", R"(${loss_seconds_limits})"},
    {"cluster:farshore_predicted_loss_bytes:promotable_standbys", R"(count by (cluster) (
  cluster_region_server:farshore_predicted_loss_bytes:min
    <= on (cluster) group_left () cluster:farshore_predicted_loss_bytes:limit
  and
  cluster_region_server:farshore_predicted_loss_seconds:min
    <= on (cluster) group_left () cluster:farshore_predicted_loss_seconds:limit
)
or 0 * cluster:farshore_predicted_loss_bytes:limit)"},
    {"cluster_region_server:farshore_pg_wal_receive_lsn_bytes:max",
     R"(max by (cluster, region, server) (last_over_time(farshore_pg_wal_receive_lsn_bytes[${recent}])))"},
    {"cluster_region_server:farshore_pg_wal_replay_lsn_bytes:max",
     R"(max by (cluster, region, server) (last_over_time(farshore_pg_wal_replay_lsn_bytes[${recent}])))"},
    // ---- service ----
    // A name that cannot be resolved is the vantage's own trouble.
    {"cluster_region_application:farshore_application_up:down_vantages",
     R"(count by (cluster, region, application) (
  last_over_time(farshore_application_up[${recent}]) == 0
  unless on (cluster, region, application, vantage, instance)
    last_over_time(farshore_application_failure{class="dns"}[${recent}]) == 1
))"},
    {"cluster_record:farshore_dns_ttl_seconds:limit", R"(${ttl_limits})", Needs::kDnsRecords},
};

}  // namespace

const std::span<const Recording> kRecordings = kTable;

}  // namespace farshore::pack
