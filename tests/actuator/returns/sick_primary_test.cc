// A primary that answers and cannot commit: its disk is full, or it takes no writes. A person decides.
#include <sched.h>
#include <sys/mount.h>

#include <cstring>
#include <filesystem>

#include "tests/actuator/returns/fixture.h"

namespace farshore::test {
namespace {

class SickPrimaryTest : public ReturnsTest {
 protected:
  void tell_alert() {
    world.alert_fires = true;
    ASSERT_EQ(world.deliver_alert(), 202);
  }
  void approve() {
    const std::string body = fmt::format(R"({{"digest":"{}"}})", world.approval_digest());
    ASSERT_EQ(world.post("/api/v1/runs/" + world.run_id() + "/approve", body).status, 200);
  }
  void expect_held_for(const std::string& why) {
    ASSERT_EQ(world.wait_for_run({"held", "succeeded", "refused"}), "held") << world.run_text();
    EXPECT_NE(reason().find("shop-us answers but cannot commit"), std::string::npos) << reason();
    EXPECT_NE(reason().find(why), std::string::npos) << reason();
    EXPECT_EQ(world.fence_acts(), "");
    expect_as_before();
  }
};

TEST_F(SickPrimaryTest, ThatTakesNoWritesIsHeldAndLeftAloneWhenItIsMended) {
  world.primary->sql("ALTER SYSTEM SET default_transaction_read_only = on");
  world.primary->reload();
  ASSERT_TRUE(world.primary->wait_for_sql("SHOW default_transaction_read_only", "on"));
  tell_alert();
  expect_held_for("read-only transaction");
  world.primary->sql("ALTER SYSTEM RESET default_transaction_read_only");
  world.primary->reload();
  ASSERT_TRUE(world.primary->wait_for_sql("SHOW default_transaction_read_only", "off"));
  approve();
  EXPECT_EQ(world.wait_for_run({"succeeded", "refused"}), "refused") << world.run_text();
  EXPECT_NE(reason().find("and commits"), std::string::npos) << reason();
  EXPECT_EQ(world.fence_acts(), "");
  expect_as_before();
}

// A write that the probe makes leaves nothing behind on a healthy primary.
TEST_F(SickPrimaryTest, ThatIsWellIsRefusedAndKeepsNothingOfTheProbe) {
  tell_alert();
  ASSERT_EQ(world.wait_for_run({"held", "succeeded", "refused"}), "refused") << world.run_text();
  EXPECT_NE(reason().find("and commits"), std::string::npos) << reason();
  expect_as_before();
}

// The primary's data on a small tmpfs in a mount namespace of this test alone: it goes with the test.
class FullDisk : public SickPrimaryTest {
 protected:
  void SetUp() override {
    world.primary->stop();
    const std::string data = world.primary->data_dir(), aside = data + ".aside";
    std::filesystem::rename(data, aside);
    std::filesystem::create_directory(data);
    const bool mounted = unshare(CLONE_NEWNS) == 0 &&
                         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         mount("tmpfs", data.c_str(), "tmpfs", 0, "size=192m") == 0;
    if (!mounted) GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
    const auto copied = run_command({"cp", "-a", aside + "/.", data});
    ASSERT_EQ(copied.exit_code, 0) << copied.output;
    world.primary->start();
    ReturnsTest::SetUp();
  }
  // All room but the WAL that is there already: commits reach the disk, tables do not grow.
  void fill() {
    (void)run_command({"dd", "if=/dev/zero", "of=" + world.primary->data_dir() + "/filler", "bs=64k"});
    (void)run_command({"dd", "if=/dev/zero", "of=" + world.primary->data_dir() + "/filler2", "bs=1k"});
  }
};

TEST_F(FullDisk, IsHeldAndFailedOverWhenAPersonSaysSo) {
  fill();
  tell_alert();
  expect_held_for("No space left on device");
  approve();
  EXPECT_EQ(world.wait_for_run({"succeeded", "refused"}), "succeeded") << world.run_text();
  expect_one_promotion();
  EXPECT_NE(world.fence_acts(), "") << "an approval to act is none to go without proof";
}

}  // namespace
}  // namespace farshore::test
