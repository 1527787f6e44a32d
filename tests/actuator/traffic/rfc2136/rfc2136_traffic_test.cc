#include "actuator/traffic/rfc2136_traffic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "common/dns/updater.h"
#include "tests/actuator/traffic/rfc2136/world.h"

namespace farshore {
namespace {

template <MakeUpdatable make>
std::unique_ptr<TrafficWorld> make_world() {
  return std::make_unique<Rfc2136World>(make);
}
INSTANTIATE_TEST_SUITE_P(Bind, TrafficContract, ::testing::Values(make_world<make_bind>));
INSTANTIATE_TEST_SUITE_P(Knot, TrafficContract, ::testing::Values(make_world<make_knot>));
INSTANTIATE_TEST_SUITE_P(PowerDnsUpdates, TrafficContract, ::testing::Values(make_world<make_powerdns>));

constexpr const char* kA = TrafficWorld::kTargetA;
constexpr const char* kB = TrafficWorld::kTargetB;
constexpr const char* kRegionA = TrafficWorld::kRegionA;
constexpr const char* kRegionB = TrafficWorld::kRegionB;

BootTime soon() { return system_clock().boot_now() + 20s; }

struct Server {
  const char* name;
  MakeUpdatable make;
};
void PrintTo(const Server& server, std::ostream* out) { *out << server.name; }

void expect_code(const Status& status, ErrorCode code, const std::string& word) {
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, code) << status.error().message;
  EXPECT_NE(status.error().message.find(word), std::string::npos) << status.error().message;
}

class Rfc2136 : public ::testing::TestWithParam<Server> {
 protected:
  void expect_at(Rfc2136World& world, const std::string& target) {
    const auto current = world.traffic().current(soon());
    ASSERT_TRUE(current) << current.error().message;
    EXPECT_EQ(*current, target);
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, Rfc2136,
                         ::testing::Values(Server{"bind", make_bind}, Server{"knot", make_knot},
                                           Server{"powerdns", make_powerdns}),
                         [](const auto& server) { return server.param.name; });

TEST_P(Rfc2136, RecordAndTokenMoveTogetherAndARepeatLeavesTheSerialAlone) {
  Rfc2136World world(GetParam().make);
  EXPECT_EQ(world.token(), "");
  const uint32_t before = world.serial();
  ASSERT_TRUE(world.traffic().point_to(kRegionB, 7, soon()));
  EXPECT_EQ(world.token(), "\"epoch=7\"");
  const uint32_t after = world.serial();
  EXPECT_GT(after, before) << "secondaries must notice a change";
  ASSERT_TRUE(world.traffic().point_to(kRegionB, 7, soon()));
  EXPECT_EQ(world.serial(), after);
  EXPECT_EQ(world.traffic().receipt().cached_for, 1s);
}

TEST_P(Rfc2136, AWriterOfAnOlderEpochFindsTheTokenAndStops) {
  Rfc2136World world(GetParam().make);
  ASSERT_TRUE(world.traffic().point_to(kRegionB, 8, soon()));
  expect_code(world.traffic().point_to(kRegionA, 7, soon()), ErrorCode::kConflict, "newer");
  expect_at(world, kB);
}

TEST_P(Rfc2136, TheServerItselfRefusesWhatWasDecidedOnAnOldReading) {
  Rfc2136World world(GetParam().make);
  const auto record = make_rfc2136_record(world.config(), world.deps());
  const RecordState old_reading = record->read(soon()).value();
  ASSERT_TRUE(world.traffic().point_to(kRegionB, 8, soon()));
  const uint32_t serial = world.serial();
  expect_code(record->write({old_reading, "203.0.113.9", 1, 7}, soon()), ErrorCode::kConflict, "XRRSET");
  // The same address again, by a newer reign: the token alone tells the difference.
  RecordState same_address = record->read(soon()).value();
  ASSERT_TRUE(world.traffic().point_to(kRegionB, 9, soon()));
  expect_code(record->write({same_address, kA, 1, 8}, soon()), ErrorCode::kConflict, "XRRSET");
  EXPECT_GT(world.serial(), serial);
  expect_at(world, kB);
  EXPECT_EQ(world.token(), "\"epoch=9\"");
}

TEST_P(Rfc2136, OfTwoWritersAtOnceExactlyOneWins) {
  Rfc2136World world(GetParam().make);
  const auto record = make_rfc2136_record(world.config(), world.deps());
  for (int64_t round = 1; round <= 10; ++round) {
    const RecordState seen = record->read(soon()).value();
    const std::string targets[] = {fmt::format("192.0.2.{}", 100 + round),
                                   fmt::format("198.51.100.{}", 100 + round)};
    std::vector<Status> outcomes(2);
    {
      std::vector<std::jthread> writers;
      for (size_t i = 0; i < 2; ++i)
        writers.emplace_back([&, i] { outcomes[i] = record->write({seen, targets[i], 1, round}, soon()); });
    }
    ASSERT_NE(outcomes[0].has_value(), outcomes[1].has_value()) << "round " << round;
    const size_t winner = outcomes[0] ? 0 : 1;
    EXPECT_EQ(outcomes[1 - winner].error().code, ErrorCode::kConflict)
        << outcomes[1 - winner].error().message;
    EXPECT_EQ(record->read(soon())->values, std::vector<std::string>{targets[winner]});
  }
}

TEST_P(Rfc2136, OfTwoReignsAtOnceTheNewerHasTheLastWord) {
  Rfc2136World world(GetParam().make);
  const auto older = world.another(world.config()), newer = world.another(world.config());
  for (int64_t epoch = 10; epoch < 20; epoch += 2) {
    Status old_moved, new_moved;
    {
      const std::jthread a([&] { old_moved = older->point_to(kRegionA, epoch, soon()); });
      const std::jthread b([&] { new_moved = newer->point_to(kRegionB, epoch + 1, soon()); });
    }
    ASSERT_TRUE(new_moved) << new_moved.error().message;
    expect_at(world, kB);
    EXPECT_EQ(world.token(), fmt::format("\"epoch={}\"", epoch + 1));
  }
}

TEST_P(Rfc2136, AWrongKeyIsPermissionAndMovesNothing) {
  Rfc2136World world(GetParam().make);
  test::UpdateKey key;
  key.secret = "bm90IHRoZSBzZWNyZXQgb2YgdGhlIGxhYiBhdCBhbGw=";
  test::write_file(world.key_file(), key.line() + "\n");
  const Status wrong_secret = world.traffic().point_to(kRegionB, 7, soon());
  expect_code(wrong_secret, ErrorCode::kPermission, "secret");
  EXPECT_EQ(wrong_secret.error().message.find(key.secret), std::string::npos);
  key = {};
  key.name = "somebody";
  test::write_file(world.key_file(), key.line() + "\n");
  expect_code(world.traffic().point_to(kRegionB, 7, soon()), ErrorCode::kPermission, "key");
  test::write_file(world.key_file(), "no key\n");
  expect_code(world.traffic().point_to(kRegionB, 7, soon()), ErrorCode::kInvalidArgument, world.key_file());
  expect_at(world, kA);
  test::write_file(world.key_file(), test::UpdateKey().line() + "\n");
  EXPECT_TRUE(world.traffic().point_to(kRegionB, 7, soon())) << "a corrected key needs no restart";
}

TEST_P(Rfc2136, AZoneThatItDoesNotHaveIsNotFound) {
  Rfc2136World world(GetParam().make);
  TrafficConfig config = world.config();
  config.name = "orders.other.test";
  config.provider.text["zone"] = "other.test";
  expect_code(world.another(config)->point_to(kRegionB, 7, soon()), ErrorCode::kNotFound, "other.test");
  const auto record = make_rfc2136_record(config, world.deps());
  const Status written = record->write({{}, kB, 1, 7}, soon());
  ASSERT_FALSE(written);
  RecordProperty("update_of_another_zone", written.error().message);
  EXPECT_FALSE(written.error().retryable()) << written.error().message;
}

TEST_P(Rfc2136, DownItIsUnavailableAndUpAgainItMoves) {
  Rfc2136World world(GetParam().make);
  world.server().stop();
  expect_code(world.traffic().point_to(kRegionB, 7, soon()), ErrorCode::kUnavailable,
              world.server().nameserver());
  world.server().start();
  ASSERT_TRUE(world.traffic().point_to(kRegionB, 7, soon()));
  expect_at(world, kB);
  world.server().stop();
  world.server().start();
  expect_at(world, kB);
  EXPECT_EQ(world.token(), "\"epoch=7\"") << "it was written down";
}

TEST_P(Rfc2136, ASlowAnswerIsWaitedForAndALostOneIsLookedAt) {
  Rfc2136World world(GetParam().make);
  world.server().freeze();
  {
    const std::jthread thaw([&] {
      system_clock().sleep_for(400ms);
      world.server().resume();
    });
    ASSERT_TRUE(world.traffic().point_to(kRegionB, 7, soon()));
  }
  expect_at(world, kB);

  const auto record = make_rfc2136_record(world.config(), world.deps());
  const RecordState seen = record->read(soon()).value();
  world.server().freeze();
  const Status lost = record->write({seen, kA, 1, 8}, system_clock().boot_now() + 300ms);
  world.server().resume();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kUnknown) << lost.error().message;
  ASSERT_TRUE(world.traffic().point_to(kRegionA, 8, soon())) << "whether or not it was carried out";
  expect_at(world, kA);
}

TEST_P(Rfc2136, AServerThatCannotKeepTheUpdateSaysServfailAndHoldsTheOldValue) {
  Rfc2136World world(GetParam().make);
  world.server().allow_writing(false);
  expect_code(world.traffic().point_to(kRegionB, 7, soon()), ErrorCode::kUnknown, "SERVFAIL");
  expect_at(world, kA);
  world.server().allow_writing(true);
  ASSERT_TRUE(world.traffic().point_to(kRegionB, 7, soon()));
  expect_at(world, kB);
}

TEST_P(Rfc2136, AFrozenServerCostsTheDeadline) {
  Rfc2136World world(GetParam().make);
  world.server().freeze();
  const Status moved = world.traffic().point_to(kRegionB, 7, system_clock().boot_now() + 300ms);
  world.server().resume();
  ASSERT_FALSE(moved);
  EXPECT_TRUE(moved.error().retryable());
}

TEST_P(Rfc2136, MoreValuesThanADatagramHoldsAreSeenAndReplaced) {
  Rfc2136Options options;
  for (int i = 100; i < 160; ++i) options.records[0].push_back(fmt::format("203.0.113.{}", i));
  Rfc2136World world(GetParam().make, options);
  EXPECT_EQ(world.traffic().current(soon()).error().code, ErrorCode::kConflict);
  const auto faults = world.traffic().faults(soon());
  ASSERT_TRUE(faults);
  ASSERT_EQ(faults->size(), 1u);
  EXPECT_NE(faults->front().find("61 places"), std::string::npos) << faults->front();
  ASSERT_TRUE(world.traffic().point_to(kRegionB, 7, soon()));
  expect_at(world, kB);
}

TEST_P(Rfc2136, ACnameInTheWayIsToldAndNotWrittenBeside) {
  Rfc2136Options options;
  options.records = {{"orders", "CNAME", "60", "elsewhere.farshore.test."},
                     {"elsewhere", "A", "60", "192.0.2.77"}};
  Rfc2136World world(GetParam().make, options);
  const auto faults = world.traffic().faults(soon());
  ASSERT_TRUE(faults) << faults.error().message;
  EXPECT_NE(fmt::format("{}", fmt::join(*faults, "; ")).find("CNAME record to elsewhere"), std::string::npos);
  expect_code(world.traffic().point_to(kRegionB, 7, soon()), ErrorCode::kInvalidArgument, "CNAME");
}

TEST_P(Rfc2136, ANameWithoutARecordGetsOne) {
  Rfc2136Options options;
  options.records = {{"other", "A", "60", "192.0.2.77"}};
  Rfc2136World world(GetParam().make, options);
  EXPECT_EQ(world.traffic().current(soon()).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(world.traffic().point_to(kRegionB, 7, soon()));
  expect_at(world, kB);
}

TEST_P(Rfc2136, ATokenThatIsNotOursIsNotOverwritten) {
  Rfc2136Options options;
  options.records.push_back({"farshore-epoch.orders", "TXT", "60", "\"v=spf1 -all\""});
  Rfc2136World world(GetParam().make, options);
  expect_code(world.traffic().point_to(kRegionB, 7, soon()), ErrorCode::kConflict, "farshore-epoch");
  TrafficConfig config = world.config();
  config.provider.text["epoch_token"] = "off";
  ASSERT_TRUE(world.another(config)->point_to(kRegionB, 7, soon())) << "without tokens nobody looks";
  EXPECT_EQ(world.token(), "\"v=spf1 -all\"");
}

// named does not run under libfaketime; its BADTIME is Knot's.
Status move_with_wrong_clock(MakeUpdatable make) {
  Rfc2136Options options;
  options.wrapper = {"/usr/bin/env", "LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1", "FAKETIME=+1h",
                     "FAKETIME_DONT_FAKE_MONOTONIC=1"};
  Rfc2136World world(make, options);
  Status moved = world.traffic().point_to(kRegionB, 7, soon());
  EXPECT_EQ(world.traffic().current(soon()).value(), kA);
  return moved;
}

TEST(Rfc2136WrongClock, KnotSaysSoAndItMayBecomeRight) {
  expect_code(move_with_wrong_clock(make_knot), ErrorCode::kUnavailable, "BADTIME");
}

TEST(Rfc2136WrongClock, OfPowerDnsNobodyCanTellItFromAnotherKeyAndTheClockIsNamed) {
  expect_code(move_with_wrong_clock(make_powerdns), ErrorCode::kPermission, "the clock");
}

}  // namespace
}  // namespace farshore
