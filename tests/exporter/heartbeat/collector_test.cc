// What the collector makes of beats; the text is what a scrape gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/collectors/collector.h"
#include "tests/exporter/world.h"

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kUs = R"({cluster="shop",region="us-east",server="shop-us",vantage="us-east")";

WriteRecord success(uint64_t count) {
  WriteRecord record;
  record.successes = count;
  record.newest = WriteFailure::kNone;
  record.duration = 2ms;
  record.last_success = WallTime(1700000000s);
  return record;
}

WriteRecord failure(WriteFailure why) {
  WriteRecord record = success(7);
  record.newest = why;
  return record;
}

ExporterView beating_view(std::vector<ServerObservation> servers, const WriteRecord& beat,
                          const WriteRecord& probe) {
  ExporterView view = view_of(std::move(servers));
  view.vantage = "us-east";
  view.beats.configured = true;
  view.beats.states = {{"shop", "shop-us", beat, probe}};
  return view;
}

std::string text_of(const ExporterView& view) {
  const MetricFamilies families = kHeartbeatCollector.collect(view);
  EXPECT_THAT(find_undeclared(families, kHeartbeatCollector.metrics), testing::IsEmpty());
  return render_families(families);
}

TEST(HeartbeatCollector, SaysNothingUnlessTheHeartbeatIsConfigured) {
  EXPECT_EQ(text_of(view_of({primary(), standby()})), "");
}

TEST(HeartbeatCollector, ShowsAHealthyPrimary) {
  const std::string text = text_of(beating_view({primary(), standby()}, success(7), success(2)));
  EXPECT_THAT(text, HasSubstr("farshore_heartbeat_success" + kUs + "} 1\n"));
  EXPECT_THAT(text, HasSubstr("farshore_heartbeat_beats_total" + kUs + "} 7\n"));
  EXPECT_THAT(text, HasSubstr("farshore_heartbeat_last_success_timestamp_seconds" + kUs + "} 1700000000\n"));
  EXPECT_THAT(text, HasSubstr("farshore_heartbeat_duration_seconds" + kUs + "} 0.002\n"));
  EXPECT_THAT(text, Not(HasSubstr("failure")));
  EXPECT_THAT(text, HasSubstr("farshore_pg_writable" + kUs + "} 1\n"));
}

TEST(HeartbeatCollector, ASickPrimaryIsNotWritableWhileItsBeatsGoOn) {
  const std::string text = text_of(beating_view({primary()}, success(7), failure(WriteFailure::kDiskFull)));
  EXPECT_THAT(text, HasSubstr("farshore_heartbeat_success" + kUs + "} 1\n"));
  EXPECT_THAT(text, HasSubstr("farshore_pg_writable" + kUs + "} 0\n"));
  EXPECT_THAT(text, HasSubstr("farshore_write_probe_failure" + kUs + ",class=\"disk_full\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("farshore_write_probe_duration_seconds{")));
}

TEST(HeartbeatCollector, WhetherItCanWriteIsUnknownWhenTheProbeFailedForAnotherReason) {
  for (const WriteFailure why : {WriteFailure::kNoSession, WriteFailure::kRoleReadOnly, WriteFailure::kClosed,
                                 WriteFailure::kOther, WriteFailure::kSilent})
    EXPECT_THAT(text_of(beating_view({primary()}, success(7), failure(why))),
                Not(HasSubstr("farshore_pg_writable{")))
        << to_string(why);
}

TEST(HeartbeatCollector, ASilentServerIsNeitherSickNorHealthy) {
  const std::string text =
      text_of(beating_view({silent(primary(), FailureClass::kTimeout)}, failure(WriteFailure::kSilent),
                           failure(WriteFailure::kTimeout)));
  EXPECT_THAT(text, HasSubstr("farshore_heartbeat_success" + kUs + "} 0\n"));
  EXPECT_THAT(text, HasSubstr("farshore_heartbeat_failure" + kUs + ",class=\"silent\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("farshore_pg_writable{")));
  EXPECT_THAT(text, Not(HasSubstr("farshore_heartbeat_duration_seconds{")));
}

TEST(HeartbeatCollector, NothingIsLeftOfAServerThatIsSeenAsAStandby) {
  ServerObservation demoted = primary();
  demoted.facts->in_recovery = true;
  EXPECT_THAT(text_of(beating_view({demoted}, success(7), success(2))), Not(HasSubstr("shop-us")));
}

TEST(HeartbeatCollector, BeforeTheFirstAnswerThereIsNoResult) {
  const std::string text = text_of(beating_view({primary()}, {}, {}));
  EXPECT_THAT(text, HasSubstr("farshore_heartbeat_beats_total" + kUs + "} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("farshore_heartbeat_success{")));
  EXPECT_THAT(text, Not(HasSubstr("farshore_heartbeat_failure{")));
  EXPECT_THAT(text, Not(HasSubstr("farshore_pg_writable{")));
}

// The standby's clock is 100 s ahead and the two looks were made 3 s apart: neither may show.
TEST(HeartbeatCollector, TheReplayedAgeIsByThePrimarysClockAlone) {
  ServerObservation us = primary(), eu = standby();
  us.last_success = kNow - 3s;
  us.round_trip = 0ns;
  us.facts->server_time = WallTime(1700000000s);
  eu.last_success = kNow;
  eu.round_trip = 0ns;
  eu.facts->server_time = WallTime(1700000103s);
  eu.facts->last_replayed_commit = WallTime(1700000001s);
  const std::string age =
      R"(farshore_heartbeat_replayed_age_seconds{cluster="shop",region="eu-west",server="shop-eu",vantage="us-east"})";
  EXPECT_THAT(text_of(beating_view({us, eu}, success(7), success(2))), HasSubstr(age + " 2\n"));
  EXPECT_THAT(text_of(beating_view({silent(us, FailureClass::kRefused), eu}, success(7), success(2))),
              HasSubstr(age + " 2\n"))
      << "the primary's clock stays known";
  EXPECT_THAT(text_of(beating_view({eu}, success(7), success(2))), Not(HasSubstr("replayed_age_seconds{")))
      << "no primary was ever seen";
  eu.facts->last_replayed_commit.reset();
  EXPECT_THAT(text_of(beating_view({us, eu}, success(7), success(2))),
              Not(HasSubstr("replayed_age_seconds{")));
}

}  // namespace
}  // namespace farshore
