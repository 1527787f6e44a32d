// The journal is put back from a copy, or lost, after the real servers have gone through a failover.
#include <filesystem>

#include "tests/actuator/crash/crash_fixture.h"

namespace farshore::test {
namespace {

class Restored : public CrashFixture {
 protected:
  // Ends at epoch 2 on shop-eu with the actuator stopped; `copy` holds the journal of epoch 1.
  void fail_over_after_a_copy() {
    ASSERT_NO_FATAL_FAILURE(start_and_write());
    EXPECT_EQ(world.process().stop(SIGTERM), 0);
    std::filesystem::copy_file(path, copy);
    world.start();
    // This process has to have seen the primary itself, or the loss is unknown to it.
    ASSERT_TRUE(wait_until([&] { return world.sees("shop-us"); }));
    world.lose_primary();
    ASSERT_EQ(world.wait_for_run({"succeeded", "held"}), "succeeded") << world.run_text();
    EXPECT_EQ(world.process().stop(SIGTERM), 0);
  }
  void lose_journal() {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  }
  std::string problem() {
    const auto clusters = world.get_json("/api/v1/status").get_array("clusters");
    return clusters->front().get_string("problem").value_or("");
  }
  bool problem_says(const std::string& text) {
    return wait_until([&] { return problem().find(text) != std::string::npos; });
  }
  HttpResponse adopt(const std::string& server) {
    return world.post("/api/v1/clusters/shop/adopt", R"({"server":")" + server + "\"}");
  }

  const std::string path = world.folder.file("storage/journal.sqlite"),
                    copy = world.folder.file("journal.copy");
};

TEST_F(Restored, AnOlderCopyActsOnNothingUntilAPersonNamesThePrimaryWhoseEpochStays) {
  ASSERT_NO_FATAL_FAILURE(fail_over_after_a_copy());
  lose_journal();
  std::filesystem::copy_file(copy, path);
  world.start();
  EXPECT_TRUE(problem_says("farshorectl adopt shop --server shop-eu")) << problem();
  EXPECT_EQ(world.deliver_alert(1), 202);  // of the reign that the copy takes for the present one
  EXPECT_TRUE(
      wait_until([&] { return world.get("/api/v1/alerts").find("older copy") != std::string::npos; }));
  EXPECT_EQ(world.run_id(), "");
  EXPECT_EQ(adopt("shop-us").status, 503);  // it is dead
  EXPECT_EQ(adopt("shop-eu").status, 200);
  EXPECT_TRUE(world.reign_is(2));
  EXPECT_TRUE(wait_until([&] { return problem().empty(); })) << problem();
  EXPECT_EQ(world.standby->sql("SELECT count(*) FROM farshore.epoch"), "2");
}

TEST_F(Restored, ALostJournalAdoptsTheEpochOfTheServersOnceAllAreSeen) {
  ASSERT_NO_FATAL_FAILURE(fail_over_after_a_copy());
  lose_journal();
  world.start();
  EXPECT_TRUE(problem_says("shop-us could not be looked at")) << problem();
  EXPECT_FALSE(world.get("/metrics").find("farshore_cluster_primary_epoch{") != std::string::npos);
  // The lost server comes back as a standby of the new primary.
  const int port = world.primary->port();
  world.primary.reset();
  const auto back = world.standby->make_standby(
      {.name = "shop_us", .port = port, .settings = {}, .hba = {}, .start = true});
  EXPECT_TRUE(world.reign_is(2)) << problem();
  EXPECT_EQ(world.standby->sql("SELECT count(*) FROM farshore.epoch"), "2");
  EXPECT_EQ(adopt("shop-us").status, 409);
}

}  // namespace
}  // namespace farshore::test
