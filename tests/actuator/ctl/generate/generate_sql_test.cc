// The generated SQL against a real PostgreSQL: it runs twice, and the roles can do what they must and no
// more. Every privilege that the actuator needs in a failover is used as that role, not only looked up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actuator/ctl/generate/generate.h"
#include "tests/support/postgres_server.h"

namespace farshore {
namespace {

using test::PostgresFixture;
using testing::HasSubstr;

class GenerateSqlOnPostgres : public testing::Test {
 protected:
  void SetUp() override {
    primary_ = PostgresFixture::make_primary();
    run_generated();
  }

  void run_generated() {
    const auto topology = load_topology(std::string(FARSHORE_SOURCE_DIR) + "/alerting/example-topology.yml");
    ASSERT_TRUE(topology) << topology.error().message;
    test::write_file(folder_.file("roles.sql"), generate_sql(*topology, "shop", 15).value());
    const auto result = test::run_command(
        {"psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", primary_->conninfo(), "-f", folder_.file("roles.sql")});
    ASSERT_EQ(result.exit_code, 0) << result.output;
  }

  // As one of the roles; the output, or the error, of psql.
  static test::CommandResult as(const PostgresFixture& server, const std::string& role,
                                const std::string& statement) {
    return test::run_command(
        {"psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-d", server.conninfo(role), "-c", statement});
  }

  static void expect_allowed(const PostgresFixture& server, const std::string& role,
                             const std::string& statement) {
    const auto result = as(server, role, statement);
    EXPECT_EQ(result.exit_code, 0) << role << ": " << statement << "\n" << result.output;
  }

  static void expect_denied(const PostgresFixture& server, const std::string& role,
                            const std::string& statement) {
    const auto result = as(server, role, statement);
    EXPECT_NE(result.exit_code, 0) << role << ": " << statement;
    EXPECT_THAT(result.output, testing::AnyOf(HasSubstr("permission denied"), HasSubstr("must be")));
  }

  test::TempDir folder_;
  std::unique_ptr<PostgresFixture> primary_;
};

TEST_F(GenerateSqlOnPostgres, RunsTwiceAndKeepsWhatIsThere) {
  expect_allowed(*primary_, "farshore_actuator", "INSERT INTO farshore.epoch VALUES ('shop', 1, 'shop-us')");
  run_generated();
  EXPECT_EQ(as(*primary_, "farshore_monitor", "SELECT epoch, server FROM farshore.epoch").output,
            "1|shop-us\n");
}

TEST_F(GenerateSqlOnPostgres, EveryPrivilegeOfAFailoverIsHeld) {
  for (const char* parameter :
       {"primary_conninfo", "restore_command", "recovery_min_apply_delay", "synchronous_standby_names",
        "max_standby_streaming_delay", "max_standby_archive_delay"}) {
    const std::string name(parameter);
    EXPECT_EQ(
        primary_->sql("SELECT has_parameter_privilege('farshore_actuator', '" + name + "', 'ALTER SYSTEM')"),
        "t")
        << name;
    EXPECT_EQ(
        primary_->sql("SELECT has_parameter_privilege('farshore_monitor', '" + name + "', 'ALTER SYSTEM')"),
        "f")
        << name;
  }
  for (const char* function : {"pg_promote(boolean,integer)", "pg_reload_conf()", "pg_wal_replay_resume()"}) {
    const std::string name(function);
    EXPECT_EQ(primary_->sql("SELECT has_function_privilege('farshore_actuator', '" + name + "', 'EXECUTE')"),
              "t")
        << name;
    EXPECT_EQ(primary_->sql("SELECT has_function_privilege('farshore_monitor', '" + name + "', 'EXECUTE')"),
              "f")
        << name;
  }
  for (const char* role : {"pg_monitor", "pg_signal_backend", "pg_checkpoint"}) {
    const std::string name(role);
    EXPECT_EQ(primary_->sql("SELECT pg_has_role('farshore_actuator', '" + name + "', 'MEMBER')"), "t")
        << name;
  }
  EXPECT_EQ(primary_->sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'farshore_%' AND rolsuper"), "0");
}

TEST_F(GenerateSqlOnPostgres, TheMonitorSeesReplicationAndChangesNothing) {
  expect_allowed(
      *primary_, "farshore_monitor",
      "SELECT conninfo FROM pg_stat_wal_receiver; SELECT * FROM pg_stat_replication; "
      "SELECT setting FROM pg_settings WHERE name = 'primary_conninfo'; SHOW data_directory; "
      "SELECT timeline_id FROM pg_control_checkpoint(); SELECT system_identifier FROM pg_control_system()");
  expect_denied(*primary_, "farshore_monitor", "INSERT INTO farshore.epoch VALUES ('shop', 1, 'shop-us')");
  expect_denied(*primary_, "farshore_monitor", "ALTER SYSTEM SET primary_conninfo = ''");
  expect_denied(*primary_, "farshore_monitor", "SELECT pg_reload_conf()");
}

TEST_F(GenerateSqlOnPostgres, TheActuatorReadsNoApplicationDataAndRewritesNoHistory) {
  primary_->sql("CREATE TABLE orders (id int)");
  expect_denied(*primary_, "farshore_actuator", "SELECT * FROM orders");
  expect_allowed(*primary_, "farshore_actuator", "INSERT INTO farshore.epoch VALUES ('shop', 1, 'shop-us')");
  expect_denied(*primary_, "farshore_actuator", "DELETE FROM farshore.epoch");
  expect_denied(*primary_, "farshore_actuator", "UPDATE farshore.epoch SET server = 'x'");
  expect_denied(*primary_, "farshore_actuator", "ALTER SYSTEM SET archive_command = 'x'");
}

TEST_F(GenerateSqlOnPostgres, TheActuatorCutsPromotesAndWritesOnAStandby) {
  const auto standby = primary_->make_standby();
  ASSERT_TRUE(standby->wait_for_sql("SELECT status FROM pg_stat_wal_receiver", "streaming"));
  const std::string role = "farshore_actuator";
  EXPECT_THAT(as(*standby, role, "SHOW primary_conninfo").output, HasSubstr("host="));
  for (const char* statement :
       {"ALTER SYSTEM SET primary_conninfo = ''", "ALTER SYSTEM SET restore_command = ''",
        "ALTER SYSTEM SET recovery_min_apply_delay = 0", "ALTER SYSTEM SET max_standby_streaming_delay = 0",
        "ALTER SYSTEM SET max_standby_archive_delay = 0", "ALTER SYSTEM SET synchronous_standby_names = ''",
        "SELECT pg_reload_conf()", "SELECT pg_wal_replay_resume()"}) {
    expect_allowed(*standby, role, statement);
  }
  EXPECT_TRUE(standby->wait_for_sql("SELECT count(*) FROM pg_stat_wal_receiver", "0"));
  EXPECT_EQ(as(*standby, role, "SHOW primary_conninfo").output, "\n");
  expect_allowed(*standby, role, "SELECT pg_promote(false)");
  ASSERT_TRUE(standby->wait_for_sql("SELECT pg_is_in_recovery()", "f"));
  expect_allowed(*standby, role, "INSERT INTO farshore.epoch VALUES ('shop', 2, 'shop-eu')");
  expect_allowed(*standby, role, "CHECKPOINT");
  expect_allowed(*standby, role, "SELECT farshore.make_slot('shop_ap'), farshore.make_slot('shop_ap')");
  EXPECT_EQ(standby->sql("SELECT slot_name, slot_type FROM pg_replication_slots"), "shop_ap|physical");
  expect_denied(*standby, "farshore_monitor", "SELECT farshore.make_slot('other')");
}

}  // namespace
}  // namespace farshore
