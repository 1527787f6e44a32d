#include "actuator/traffic/record_traffic.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_dns_resolver.h"
#include "tests/fakes/fake_http_client.h"

namespace farshore {
namespace {

constexpr const char* kOld = "192.0.2.10";
constexpr const char* kNew = "198.51.100.20";

// A provider in memory; a test says what goes wrong.
struct Record {
  TokenStyle style = TokenStyle::kCompared;
  RecordState now{{kOld}, 600, {}, {}};
  std::function<Status(const RecordChange&)> on_write;
  Status token_answer;
  std::function<void()> on_token;
  int reads = 0, writes = 0;
};

class MemoryRecord final : public RecordApi {
 public:
  explicit MemoryRecord(Record& record) : record_(record) {}
  TokenStyle token_style() const override { return record_.style; }
  Result<RecordState> read(BootTime) override {
    ++record_.reads;
    return record_.now;
  }
  Status write(const RecordChange& change, BootTime) override {
    ++record_.writes;
    if (record_.on_write)
      if (const Status answer = record_.on_write(change); !answer) return answer;
    apply(change);
    return {};
  }
  Status write_token(const RecordState&, int64_t epoch, BootTime) override {
    if (record_.on_token) record_.on_token();
    if (record_.token_answer) record_.now.epoch = epoch;
    return record_.token_answer;
  }
  std::string last_change() const override { return "change-1"; }
  void apply(const RecordChange& change) {
    record_.now.values = {change.target};
    record_.now.ttl = change.ttl;
    if (change.epoch) record_.now.epoch = change.epoch;
  }

 private:
  Record& record_;
};

class RecordTrafficTest : public testing::Test {
 protected:
  RecordTrafficTest() {
    config.name = "orders.farshore.test";
    config.type = "A";
    config.ttl = 30s;
    config.targets = {{"us-east", kOld}, {"eu-west", kNew}};
    config.provider.kind = "memory";
  }
  BootTime soon() { return clock.boot_now() + 10s; }
  Status move(int64_t epoch = 7) { return traffic().point_to("eu-west", epoch, soon()); }
  TrafficSwitch& traffic() {
    if (!traffic_)
      traffic_ = make_record_traffic(config, {http, commands, dns, clock, "shop"},
                                     std::make_unique<MemoryRecord>(record));
    return *traffic_;
  }

  TrafficConfig config;
  Record record;
  FakeClock clock;
  FakeHttpClient http;
  FakeCommandRunner commands;
  FakeDnsResolver dns;

 private:
  std::unique_ptr<TrafficSwitch> traffic_;
};

TEST_F(RecordTrafficTest, WritesRecordAndTokenOnceAndTellsHowLongTheOldAnswerLives) {
  ASSERT_TRUE(move());
  EXPECT_EQ(record.now.values, std::vector<std::string>{kNew});
  EXPECT_EQ(record.now.ttl, 30);
  EXPECT_EQ(record.now.epoch, 7);
  EXPECT_EQ(traffic().receipt().cached_for, 600s) << "the old answer was given out with the old TTL";
  EXPECT_EQ(traffic().receipt().change, "change-1");
  ASSERT_TRUE(move());
  EXPECT_EQ(record.writes, 1);
}

TEST_F(RecordTrafficTest, OneThatWasStartedAfterTheWriteTellsHowLongAnOldAnswerMayLive) {
  record.now = {{kNew}, 30, 7, {}};
  ASSERT_TRUE(move(7));
  EXPECT_EQ(record.writes, 0);
  EXPECT_EQ(traffic().receipt().cached_for, 30s);
}

TEST_F(RecordTrafficTest, AnOlderEpochIsRefusedForGoodBeforeAnythingIsWritten) {
  record.now.epoch = 9;
  const Status stale = move(8);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, ErrorCode::kConflict);
  EXPECT_NE(stale.error().message.find("epoch 9"), std::string::npos);
  EXPECT_EQ(record.writes, 0);
}

TEST_F(RecordTrafficTest, ANewerWriterThatComesBetweenWins) {
  record.on_write = [this](const RecordChange&) -> Status {
    record.now.epoch = 9;
    return fail(ErrorCode::kConflict, "NXRRSET");
  };
  EXPECT_EQ(move(8).error().code, ErrorCode::kConflict);
  EXPECT_EQ(record.writes, 1);
  EXPECT_EQ(record.now.values, std::vector<std::string>{kOld});
}

TEST_F(RecordTrafficTest, AnOlderWriterThatComesBetweenIsOverwritten) {
  record.on_write = [this](const RecordChange&) -> Status {
    if (record.writes > 1) return {};
    record.now.values = {"203.0.113.9"};
    record.now.epoch = 6;
    return fail(ErrorCode::kConflict, "NXRRSET");
  };
  ASSERT_TRUE(move());
  EXPECT_EQ(record.writes, 2);
  EXPECT_EQ(record.now.values, std::vector<std::string>{kNew});
}

TEST_F(RecordTrafficTest, ALostAnswerIsLookedAtBeforeTheWriteIsRepeated) {
  record.on_write = [this](const RecordChange& change) -> Status {
    MemoryRecord(record).apply(change);
    return fail(ErrorCode::kUnknown, "reset");
  };
  EXPECT_TRUE(move());
  EXPECT_EQ(record.writes, 1) << "it had taken effect";
}

TEST_F(RecordTrafficTest, WhatWasAcceptedAndIsNotThereIsUnknown) {
  struct Liar final : RecordApi {
    TokenStyle token_style() const override { return TokenStyle::kNone; }
    Result<RecordState> read(BootTime) override { return RecordState{{kOld}, 30, {}, {}}; }
    Status write(const RecordChange&, BootTime) override { return {}; }
  };
  const auto liar =
      make_record_traffic(config, {http, commands, dns, clock, "shop"}, std::make_unique<Liar>());
  EXPECT_EQ(liar->point_to("eu-west", 7, soon()).error().code, ErrorCode::kUnknown);
}

TEST_F(RecordTrafficTest, ATokenApartIsWrittenFirstAndItsFailureKeepsNobodyWaitingButIsLeftOpen) {
  record.style = TokenStyle::kApart;
  ASSERT_TRUE(move());
  EXPECT_EQ(record.now.epoch, 7);
  EXPECT_EQ(traffic().receipt().open, "");
  record.token_answer = fail(ErrorCode::kPermission, "TXT is not granted");
  ASSERT_TRUE(traffic().point_to("us-east", 8, soon()));
  EXPECT_EQ(record.now.values, std::vector<std::string>{kOld});
  EXPECT_EQ(record.now.epoch, 7);
  EXPECT_EQ(
      traffic().receipt().open,
      "its epoch token is of epoch 7, so a writer of an older epoch is not kept out: TXT is not granted");
}

TEST_F(RecordTrafficTest, ATokenThatWasLeftOpenIsWrittenByTheNextCallAndTheRecordIsNotWrittenAgain) {
  record.style = TokenStyle::kApart;
  record.token_answer = fail(ErrorCode::kUnavailable, "busy");
  ASSERT_TRUE(move());
  EXPECT_NE(traffic().receipt().open.find("is missing"), std::string::npos) << traffic().receipt().open;
  record.token_answer = {};
  ASSERT_TRUE(move());
  EXPECT_EQ(record.now.epoch, 7);
  EXPECT_EQ(record.writes, 1);
  EXPECT_EQ(traffic().receipt().open, "");
}

TEST_F(RecordTrafficTest, ARecordThatSomebodyPointedByHandIsGivenTheTokenOfTheNewEpoch) {
  for (const TokenStyle style : {TokenStyle::kCompared, TokenStyle::kTogether, TokenStyle::kApart}) {
    record.style = style;
    record.now = {{kNew}, 30, 6, {}};
    ASSERT_TRUE(move(7));
    EXPECT_EQ(record.now.epoch, 7);
    EXPECT_EQ(traffic().point_to("us-east", 6, soon()).error().code, ErrorCode::kConflict);
  }
}

TEST_F(RecordTrafficTest, ATokenThatIsAcceptedAndNotThereIsLeftOpen) {
  struct Forgetful final : RecordApi {
    TokenStyle token_style() const override { return TokenStyle::kTogether; }
    Result<RecordState> read(BootTime) override { return RecordState{{kNew}, 30, 6, {}}; }
    Status write(const RecordChange&, BootTime) override { return {}; }
  };
  const auto forgetful =
      make_record_traffic(config, {http, commands, dns, clock, "shop"}, std::make_unique<Forgetful>());
  ASSERT_TRUE(forgetful->point_to("eu-west", 7, soon()));
  EXPECT_NE(forgetful->receipt().open.find("of epoch 6"), std::string::npos) << forgetful->receipt().open;
}

TEST_F(RecordTrafficTest, ANewerTokenThatIsFoundWhenTheOwnIsWrittenStopsTheSwitch) {
  record.style = TokenStyle::kApart;
  record.token_answer = fail(ErrorCode::kConflict, "its token is of epoch 9 by now");
  record.on_token = [this] { record.now.epoch = 9; };
  EXPECT_EQ(move(8).error().code, ErrorCode::kConflict);
  EXPECT_EQ(record.writes, 0);
  EXPECT_EQ(record.now.values, std::vector<std::string>{kOld});
}

TEST_F(RecordTrafficTest, AChangeThatFailedIsNamedTooAndOneOfAnotherEpochIsNot) {
  record.on_write = [](const RecordChange&) -> Status { return fail(ErrorCode::kPermission, "read only"); };
  ASSERT_FALSE(move(7));
  EXPECT_EQ(traffic().receipt().change, "change-1");
  record.now = {{kNew}, 30, 8, {}};
  ASSERT_TRUE(move(8));
  EXPECT_EQ(traffic().receipt().change, "") << "nothing was to be done in this epoch";
}

TEST_F(RecordTrafficTest, TroubleThatAWriteDoesNotMendIsWrittenOncePerCall) {
  record.now.trouble = "it is proxied";
  const Status moved = move();
  ASSERT_FALSE(moved);
  EXPECT_TRUE(moved.error().retryable());
  EXPECT_EQ(record.writes, 1);
}

TEST_F(RecordTrafficTest, WithoutATokenNoneIsWritten) {
  record.style = TokenStyle::kNone;
  ASSERT_TRUE(move());
  EXPECT_EQ(record.now.epoch, std::nullopt);
}

TEST_F(RecordTrafficTest, FaultsAreToldInWords) {
  record.now = {{kOld, kNew}, 600, {}, "it is proxied"};
  EXPECT_EQ(traffic().faults(soon()).value(),
            (std::vector<std::string>{"it points at 2 places at once: 192.0.2.10, 198.51.100.20",
                                      "its TTL is 600 s, configured are 30 s", "it is proxied"}));
  record.now = {};
  EXPECT_EQ(traffic().faults(soon()).value(), std::vector<std::string>{"there is no A record"});
  record.now = {{kOld}, 30, 7, {}};
  EXPECT_TRUE(traffic().faults(soon()).value().empty());
}

TEST(EpochToken, IsReadAsItIsWrittenAndNothingElse) {
  EXPECT_EQ(parse_epoch_token(epoch_token_text(12)), 12);
  EXPECT_EQ(parse_epoch_token("\"epoch=12\""), 12);
  for (const char* text :
       {"", "epoch=", "epoch=-1", "epoch=1x", "Epoch=1", "epoch=99999999999999999999", "\""})
    EXPECT_EQ(parse_epoch_token(text), std::nullopt) << text;
  EXPECT_EQ(epoch_token_name("orders.farshore.test"), "farshore-epoch.orders.farshore.test");
}

}  // namespace
}  // namespace farshore
