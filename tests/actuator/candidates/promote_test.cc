// The candidate on its way to be the primary: frozen, dead and back, with names of synchronous standbys that
// are not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "common/postgres/session.h"
#include "tests/actuator/candidates/rig.h"

namespace farshore::test {
namespace {

using testing::HasSubstr;

BootTime soon() { return system_clock().boot_now() + 20s; }

const std::vector<RigStandby> kTwo = {{.name = "shop_eu", .settings = {}, .priority = 9},
                                      {.name = "shop_ap"}};

TEST(CandidatePromotion, ACandidateThatIsFrozenForAWhileBeforeItIsAskedIsWaitedFor) {
  Rig rig(kTwo);
  rig.lose_primary();
  rig.fail_over_until("promote");
  rig.standby().freeze();
  int looks = 0;
  rig.before_call = [&](const std::string& server, std::string_view call) {
    if (server == "shop_eu" && call == "look" && ++looks == 3) rig.standby().resume();
  };
  EXPECT_EQ(rig.go_on(), "succeeded") << rig.reason();
  EXPECT_GE(looks, 3);
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_EQ(rig.standby("shop_ap").sql("SELECT pg_is_in_recovery()"), "t");
}

TEST(CandidatePromotion, ACandidateThatIsFrozenWhenItWasAskedIsWaitedForAndNobodyElseIsPromoted) {
  Rig rig(kTwo);
  rig.lose_primary();
  int looks = 0;
  rig.after_promote = [&](const std::string&) {
    if (looks == 0) rig.standby().freeze();
    rig.before_call = [&](const std::string& server, std::string_view call) {
      EXPECT_FALSE(server == "shop_ap" && call == "promote");
      if (server == "shop_eu" && call == "look" && ++looks == 4) rig.standby().resume();
    };
    rig.after_promote = {};
  };
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_GE(looks, 4);
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
}

// Its restart clears the request: it is asked again, and nobody else is.
TEST(CandidatePromotion, ACandidateThatDiesWhenItWasAskedIsPromotedWhenItIsBack) {
  Rig rig(kTwo);
  rig.lose_primary();
  int looks = 0;
  std::string promoted;
  rig.before_call = [&](const std::string& server, std::string_view call) {
    if (call == "promote") promoted += server + " ";
  };
  rig.after_promote = [&](const std::string&) {
    rig.standby().kill();
    rig.before_call = [&](const std::string& server, std::string_view call) {
      if (call == "promote") promoted += server + " ";
      if (server == "shop_eu" && call == "look" && ++looks == 4) rig.standby().start();
    };
    rig.after_promote = {};
  };
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_EQ(promoted.find("shop_ap"), std::string::npos) << promoted;
}

// What a promoted standby inherits: clients would hang on commit, and statement_timeout does not end that.
TEST(CandidatePromotion, InheritedSynchronousStandbyNamesAreLiftedAndTheReportSaysSo) {
  Rig rig(RigStandby{.name = "shop_eu", .settings = {"synchronous_standby_names = 'FIRST 1 (ghost)'"}});
  rig.lose_primary();
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_EQ(rig.standby().sql("SHOW synchronous_standby_names"), "");
  EXPECT_NO_THROW(rig.standby().sql("CREATE TABLE clients_can_commit()"));
  EXPECT_EQ(rig.fact("synchronous_standby_names_lifted"), "FIRST 1 (ghost)");
  EXPECT_THAT(rig.fact("report"), HasSubstr("synchronous_standby_names = 'FIRST 1 (ghost)' was lifted on "
                                            "shop_eu, because nobody was there to confirm commits: set it"));
}

// What section 3 of the protocol rests on, and why a killed postmaster is no proof: to be seen when an
// upgrade of PostgreSQL changes it.
TEST(CandidatePromotion, F6_TheBackendsOfAKilledPostmasterGoOnCommitting) {
  const auto server = PostgresFixture::make_primary();
  server->sql(
      "CREATE TABLE t (n int); CREATE PROCEDURE go_on() LANGUAGE plpgsql AS "
      "$$ BEGIN FOR i IN 1..2000000 LOOP INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$");
  PgSession client = PgSession::open(server->conninfo(), {}, soon(), system_clock()).value();
  const std::string pid = client.query("SELECT pg_backend_pid()", {}, soon()).value().rows[0][0].value();
  ASSERT_TRUE(client.send_and_forget("CALL go_on()", soon()));
  ASSERT_TRUE(server->wait_for_sql("SELECT count(*) > 0 FROM t", "t"));
  const std::vector<pid_t> processes = server->processes();
  server->kill_postmaster();
  const auto written = [&] {  // to WAL and tables, by that backend
    const std::string io = read_file("/proc/" + pid + "/io");
    const size_t at = io.find("wchar: ");
    return at == std::string::npos ? 0 : std::stoll(io.substr(at + 7));
  };
  const auto before = written();
  EXPECT_TRUE(wait_until([&] { return written() > before + 100000; }));
  for (const pid_t process : processes) kill(process, SIGKILL);
}

}  // namespace
}  // namespace farshore::test
