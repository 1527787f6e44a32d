// restore_command: an archive that goes on feeding, one that hangs, one that fails (F12). A command that runs
// is never signalled: PostgreSQL would stop the standby.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/actuator/candidates/rig.h"

namespace farshore::test {
namespace {

using testing::HasSubstr;

BootTime soon() { return system_clock().boot_now() + 20s; }

// A folder that the servers may write to, with the commands of the settings.
class Archive {
 public:
  Archive() {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::all);
    write_file(folder_.file("restore"),
               fmt::format("#!/bin/sh\nwhile [ -e {0}/hangs ]; do sleep 0.05; done\n"
                           "[ -e {0}/feeds ] && exec cp {0}/$1 $2\nexit 1\n",
                           folder_.path()),
               0755);
  }
  std::string restore_command() const {
    return fmt::format("restore_command = '{} %f %p'", folder_.file("restore"));
  }
  std::vector<std::string> archiving() const {
    return {"archive_mode = on", fmt::format("archive_command = 'cp %p {}/%f'", folder_.path())};
  }
  void begin(const std::string& what) { write_file(folder_.file(what), ""); }
  void end(const std::string& what) { std::filesystem::remove(folder_.file(what)); }

 private:
  TempDir folder_{"farshore-archive"};
};

bool waits_in_restore_command(const PostgresFixture& standby) {
  return standby.wait_for_sql("SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup'",
                              "RestoreCommand");
}

TEST(CandidateRestoreCommand, F12_AnArchiveThatIsFedByAHalfDeadPrimaryFeedsNobodyAfterTheCut) {
  Archive archive;
  archive.begin("feeds");
  Rig rig({{.name = "shop_eu", .settings = {archive.restore_command()}}}, archive.archiving());
  rig.lose_primary();
  rig.fail_over_until("choose_candidate");
  EXPECT_EQ(rig.standby().sql("SHOW restore_command"), "");
  const Lsn at = rig.hands("shop_eu").look(soon()).value().facts.replay.value();
  rig.primary().start();
  rig.primary().sql("CREATE TABLE half_dead AS SELECT 1 AS n");
  const std::string segment = rig.primary().sql("SELECT pg_walfile_name(pg_switch_wal())");
  ASSERT_TRUE(rig.primary().wait_for_sql(
      "SELECT coalesce(last_archived_wal >= '" + segment + "', false) FROM pg_stat_archiver", "t"));
  EXPECT_FALSE(
      wait_until([&] { return rig.hands("shop_eu").look(soon()).value().facts.replay.value() != at; }, 1s));
  rig.primary().kill();
  EXPECT_EQ(rig.go_on(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_EQ(rig.standby().sql("SELECT to_regclass('half_dead') IS NULL"), "t");
}

TEST(CandidateRestoreCommand, F12_AStandbyThatHangsInItIsHeldAndItsCommandIsLeftAlone) {
  Archive archive;
  Rig rig(RigStandby{.name = "shop_eu", .settings = {archive.restore_command()}});
  archive.begin("hangs");
  rig.lose_primary();
  ASSERT_TRUE(waits_in_restore_command(rig.standby()));
  EXPECT_EQ(rig.fail_over(), "held");
  EXPECT_THAT(rig.reason(), HasSubstr("shop_eu: has waited in restore_command for "));
  EXPECT_THAT(rig.reason(), HasSubstr("let the command end, do not kill it"));
  EXPECT_TRUE(rig.is_as_before("shop_eu"));
  EXPECT_TRUE(waits_in_restore_command(rig.standby())) << "the standby and its command live";
  archive.end("hangs");
  ASSERT_TRUE(
      rig.standby().wait_for_sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'startup' AND "
                                 "wait_event = 'RestoreCommand'",
                                 "0"));
  EXPECT_EQ(rig.retry(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
}

TEST(CandidateRestoreCommand, F12_BesideOneThatHangsTheOtherStandbyIsPromotedAtOnce) {
  Archive archive;
  Rig rig({{.name = "shop_eu"}, {.name = "shop_ap", .settings = {archive.restore_command()}}});
  archive.begin("hangs");
  rig.lose_primary();
  ASSERT_TRUE(waits_in_restore_command(rig.standby("shop_ap")));
  EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
  EXPECT_TRUE(rig.is_the_new_primary("shop_eu"));
  EXPECT_TRUE(waits_in_restore_command(rig.standby("shop_ap"))) << "the standby and its command live";
  archive.end("hangs");
  EXPECT_TRUE(rig.reconcile());
  EXPECT_TRUE(rig.streams_from("shop_ap", "shop_eu")) << rig.standby("shop_ap").log();
}

}  // namespace
}  // namespace farshore::test
