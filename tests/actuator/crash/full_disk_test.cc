// The journal's disk, a small tmpfs in a mount namespace of this test alone (it goes with the test, however
// that ends), is full: before an alert, and in the middle of a run.
#include <sched.h>
#include <sys/mount.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/actuator/crash/crash_fixture.h"

namespace farshore::test {
namespace {

class FullDisk : public CrashFixture {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(storage);
    const bool mounted = unshare(CLONE_NEWNS) == 0 &&
                         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         mount("tmpfs", storage.c_str(), "tmpfs", 0, "size=2m") == 0;
    if (!mounted) GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  }

  void fill() {
    std::ofstream file(filler, std::ios::binary);
    const std::string page(4096, 'x');
    while (file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) continue;
  }
  void make_room() { std::filesystem::remove(filler); }
  bool is_ready() {
    const auto answer =
        http->send({.method = "GET", .url = world.url("/-/ready"), .headers = {}, .body = {}});
    ready_said = answer ? answer->body : answer.error().message;
    return answer && answer->status == 200;
  }
  bool metric_is(const std::string& line) {
    return wait_until([&] { return world.get("/metrics").find(line) != std::string::npos; });
  }

  const std::string storage = world.folder.file("storage"), filler = storage + "/filler";
  std::unique_ptr<HttpClient> http = make_curl_client();
  std::string ready_said;
};

TEST_F(FullDisk, NothingIsAcceptedBeforeThereIsRoomAndInARunNothingIsDoneWithoutItsIntent) {
  stop_at("stop:fence_old_primary:done");
  ASSERT_NO_FATAL_FAILURE(start_and_write());
  EXPECT_TRUE(is_ready()) << ready_said;
  fill();
  world.primary->kill();
  world.alert_fires = true;
  EXPECT_EQ(world.deliver_alert(), 503);
  EXPECT_EQ(world.run_id(), "");
  EXPECT_EQ(world.get_json("/api/v1/alerts").get_array("alerts")->size(), 0U);
  EXPECT_TRUE(wait_until([&] { return !is_ready(); }));
  EXPECT_NE(ready_said.find("full"), std::string::npos) << ready_said;
  EXPECT_TRUE(metric_is("farshore_journal_writable 0"));
  make_room();
  EXPECT_TRUE(wait_until([&] { return is_ready(); })) << ready_said;
  EXPECT_TRUE(metric_is("farshore_journal_writable 1"));

  EXPECT_EQ(world.deliver_alert(), 202);
  ASSERT_TRUE(wait_until([&] { return world.process().stopped(); }, 30s));
  fill();
  world.process().signal(SIGCONT);
  // It has tried to write the intent of the next row, and was told that there is no room.
  EXPECT_TRUE(world.process().wait_for_output("waiting, the journal cannot be written"));
  EXPECT_TRUE(wait_until([&] { return !is_ready(); }));
  EXPECT_NE(world.standby->sql("SHOW primary_conninfo"), "");
  EXPECT_EQ(world.standby->sql("SELECT pg_is_in_recovery()"), "t");
  make_room();
  EXPECT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded") << world.run_text();
  expect_one_promotion();
}

}  // namespace
}  // namespace farshore::test
