#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "common/base/version.h"
#include "exporter/health/health_routes.h"
#include "exporter/health/judgement.h"
#include "tests/exporter/world.h"

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Judgement judge(const std::string& path, const ExporterView& view, size_t server,
                const std::string& query = "") {
  const auto check = std::ranges::find(health_checks(), path, &HealthCheck::path);
  if (check == health_checks().end()) throw std::runtime_error("there is no " + path);
  return check->judge(view, view.servers.at(server), parse_health_query(query, check->takes).value());
}

ServerObservation on_timeline(ServerObservation seen, uint32_t timeline) {
  seen.facts->timeline = timeline;
  return seen;
}

ServerObservation named(ServerObservation seen, const std::string& name) {
  seen.server = name;
  return seen;
}

ServerObservation never_looked_at() {
  ServerObservation seen;
  seen.cluster = "shop";
  seen.server = "shop-us";
  return seen;
}

// As after a promotion.
ServerObservation promoted() {
  ServerObservation seen = named(on_timeline(primary(), 2), "shop-eu");
  seen.facts->flush = Lsn(0x4000000);
  return seen;
}

struct Row {
  std::string path;
  bool primary, standby;
};

TEST(Health, OfAHealthyPairIsThisTable) {
  const Row rows[] = {{"/primary", true, false},  {"/read-write", true, false},
                      {"/leader", true, false},   {"/replica", false, true},
                      {"/read-only", true, true}, {"/health", true, true},
                      {"/liveness", true, true},  {"/readiness", true, true},
                      {"/patroni", true, true},   {"/standby-leader", false, false}};
  const ExporterView view = view_of({primary(), standby()});
  for (const Row& row : rows) {
    EXPECT_EQ(judge(row.path, view, 0).yes, row.primary) << row.path << " of the primary";
    EXPECT_EQ(judge(row.path, view, 1).yes, row.standby) << row.path << " of the standby";
  }
}

TEST(Health, EveryNoHasAReasonAndNoYesHasOne) {
  for (const ExporterView& view :
       {view_of({primary(), standby()}), view_of({primary(), standby()}, {}, kNow + 1h),
        view_of({never_looked_at(), silent(standby(), FailureClass::kTimeout)})})
    for (const HealthCheck& check : health_checks())
      for (size_t server = 0; server < 2; ++server) {
        const Judgement judgement = judge(std::string(check.path), view, server);
        EXPECT_EQ(judgement.yes, judgement.reason.empty()) << check.path;
      }
}

TEST(Health, NothingIsClaimedFromAStaleSnapshot) {
  const ExporterView view = view_of({primary(), standby()}, {}, kNow + 10s);
  for (const HealthCheck& check : health_checks())
    for (size_t server = 0; server < 2; ++server)
      EXPECT_FALSE(judge(std::string(check.path), view, server).yes) << check.path;
}

TEST(Health, NothingIsClaimedOfAServerThatWasNeverLookedAt) {
  const ExporterView view = view_of({never_looked_at(), standby()});
  for (const HealthCheck& check : health_checks())
    EXPECT_FALSE(judge(std::string(check.path), view, 0).yes) << check.path;
}

TEST(Health, ASilentServerIsKnownToBeDown) {
  const ExporterView view = view_of({silent(primary(), FailureClass::kTimeout), standby()});
  for (const char* path : {"/primary", "/read-only", "/health", "/readiness"})
    EXPECT_THAT(judge(path, view, 0).reason, HasSubstr("no answer: timeout")) << path;
  EXPECT_TRUE(judge("/liveness", view, 0).yes);
  EXPECT_TRUE(judge("/patroni", view, 0).yes);
}

TEST(HealthPrimary, AStalePrimaryIsNotThePrimary) {
  const ExporterView view = view_of({primary(), promoted()});
  for (const char* path : {"/primary", "/read-write", "/leader", "/read-only", "/readiness"})
    EXPECT_FALSE(judge(path, view, 0).yes) << path;
  EXPECT_THAT(judge("/primary", view, 0).reason, HasSubstr("'shop-eu' was seen on 2: it lost its role"));
  EXPECT_TRUE(judge("/primary", view, 1).yes);
}

TEST(HealthPrimary, AStalePrimaryStaysOneWhileItsSuccessorIsOutOfSight) {
  const ExporterView view = view_of({primary(), silent(promoted(), FailureClass::kTimeout)}, {}, kNow + 1s);
  EXPECT_FALSE(judge("/primary", view, 0).yes);
  EXPECT_FALSE(judge("/primary", view, 1).yes);
}

TEST(HealthPrimary, AStandbyThatFollowsANewerTimelineSpeaksAgainstIt) {
  EXPECT_FALSE(judge("/primary", view_of({primary(), on_timeline(standby(), 2)}), 0).yes);
  EXPECT_TRUE(judge("/primary", view_of({on_timeline(primary(), 3), on_timeline(standby(), 2)}), 0).yes);
}

TEST(HealthPrimary, TwoThatTakeWritesOnOneTimelineAreNeitherThePrimary) {
  const ExporterView view = view_of({primary(), named(primary(), "shop-eu")});
  EXPECT_THAT(judge("/primary", view, 0).reason, HasSubstr("'shop-eu' takes writes on the same timeline 1"));
  EXPECT_FALSE(judge("/primary", view, 1).yes);
}

TEST(HealthPrimary, TwoDatabaseSystemsThatTakeWritesAreNeitherThePrimary) {
  ServerObservation foreign = promoted();
  foreign.facts->system_identifier = "1";
  const ExporterView view = view_of({primary(), foreign});
  EXPECT_THAT(judge("/primary", view, 0).reason, HasSubstr("another database system"));
  EXPECT_FALSE(judge("/primary", view, 1).yes);
}

TEST(HealthPrimary, AnotherClusterIsNoWitness) {
  ServerObservation other = promoted();
  other.cluster = "billing";
  EXPECT_TRUE(judge("/primary", view_of({primary(), other}), 0).yes);
}

TEST(HealthPrimary, AServerThatWasNeverSeenDoesNotSpeakAgainstIt) {
  EXPECT_TRUE(judge("/primary", view_of({named(never_looked_at(), "shop-eu"), primary()}), 1).yes);
  EXPECT_TRUE(judge("/primary", view_of({silent(standby(), FailureClass::kTimeout), primary()}), 1).yes);
}

TEST(HealthReplica, ItsLagIsWhatItReplayedAgainstTheNewestKnownPositionOfThePrimary) {
  const ExporterView view = view_of({primary(), standby()});  // 0x3000100, replayed 0x3000060: 160 bytes
  const Judgement judgement = judge("/replica", view, 1, "lag=160");
  EXPECT_TRUE(judgement.yes);
  ASSERT_TRUE(judgement.lag);
  EXPECT_EQ(judgement.lag->bytes, 160);
  EXPECT_EQ(judgement.lag->against, "shop-us");
  EXPECT_EQ(judgement.lag->position_age, 500ms);
  EXPECT_EQ(judge("/replica", view, 1, "lag=159").reason,
            "it is 160 bytes behind 'shop-us', and 159 are allowed");
  EXPECT_FALSE(judge("/read-only", view, 1, "lag=159").yes);
  EXPECT_TRUE(judge("/read-only", view, 0, "lag=0").yes) << "the primary is behind nobody";
}

TEST(HealthReplica, ItsLagIsUnknownOncePrimarysPositionIsFiveSecondsOld) {
  ServerObservation lost = silent(primary(), FailureClass::kTimeout);
  lost.last_success = kNow - 5s;
  EXPECT_TRUE(judge("/replica", view_of({lost, standby()}), 1, "lag=1MB").yes);
  lost.last_success = kNow - 5001ms;
  EXPECT_THAT(judge("/replica", view_of({lost, standby()}), 1, "lag=1MB").reason, HasSubstr("is 5.0 s old"));
  EXPECT_TRUE(judge("/replica", view_of({lost, standby()}), 1).yes)
      << "it was not asked how far behind it is";
}

TEST(HealthReplica, ItsLagIsUnknownWithoutAPrimaryOrOnAnotherTimeline) {
  EXPECT_THAT(judge("/replica", view_of({never_looked_at(), standby()}), 1, "lag=1TB").reason,
              HasSubstr("no primary was ever seen"));
  EXPECT_THAT(judge("/replica", view_of({on_timeline(primary(), 2), standby()}), 1, "lag=1TB").reason,
              HasSubstr("cannot be compared"));
  ServerObservation hidden = standby();
  hidden.facts->replay.reset();
  EXPECT_EQ(judge("/replica", view_of({primary(), hidden}), 1, "lag=1TB").reason, "its position is hidden");
}

TEST(HealthReplica, MustStreamWhenThatIsAskedFor) {
  const std::string query = "replication_state=streaming";
  EXPECT_TRUE(judge("/replica", view_of({primary(), standby()}), 1, query).yes);
  ServerObservation waiting = standby();
  waiting.facts->receiver->status = "waiting";
  EXPECT_EQ(judge("/replica", view_of({primary(), waiting}), 1, query).reason,
            "its WAL receiver is 'waiting'");
  waiting.facts->receiver.reset();
  EXPECT_EQ(judge("/read-only", view_of({primary(), waiting}), 1, query).reason, "it has no WAL receiver");
  EXPECT_TRUE(judge("/replica", view_of({primary(), waiting}), 1).yes);
}

TEST(HealthReplica, AStandbyOfAnotherDatabaseSystemIsNone) {
  ServerObservation foreign = standby();
  foreign.facts->system_identifier = "1";
  EXPECT_FALSE(judge("/replica", view_of({primary(), foreign}), 1).yes);
  EXPECT_FALSE(judge("/readiness", view_of({primary(), foreign}), 1).yes);
}

// A pair whose primary shows one connection of the standby in this state.
ExporterView pair_counted_as(const std::string& sync_state, const std::string& name = "shop-eu",
                             int64_t connections = 1) {
  StandbyConnections row;
  row.application_name = name;
  row.connections = connections;
  row.sync_state = sync_state;
  FactDetails details;
  details.standbys = StandbyList{.rows = {row}, .left_out = 0, .synchronous = {}, .sync_names = {}};
  return view_of({with(primary(), std::move(details)), standby()});
}

TEST(HealthSync, IsWhatThePrimarySaysOfTheConnectionWithTheServersName) {
  const std::map<std::string, std::vector<std::string>> paths = {
      {"sync", {"/synchronous", "/sync", "/read-only-sync", "/read-only-synchronous"}},
      {"quorum", {"/quorum", "/read-only-quorum"}},
      {"async", {"/asynchronous", "/async"}},
      {"potential", {"/asynchronous", "/async"}}};
  for (const auto& [state, yes] : paths)
    for (const char* path : {"/synchronous", "/sync", "/read-only-sync", "/read-only-synchronous", "/quorum",
                             "/read-only-quorum", "/asynchronous", "/async"})
      EXPECT_EQ(judge(path, pair_counted_as(state), 1).yes, std::ranges::find(yes, path) != yes.end())
          << path << " while it is " << state;
  for (const char* path : {"/read-only-sync", "/read-only-quorum"})
    EXPECT_TRUE(judge(path, pair_counted_as("async"), 0).yes) << path << " of the primary";
  EXPECT_FALSE(judge("/sync", pair_counted_as("sync"), 0).yes);
  EXPECT_FALSE(judge("/sync", pair_counted_as("sync"), 1, "lag=1B").yes) << "and it must keep up";
}

TEST(HealthSync, IsNotGuessed) {
  for (const char* path : {"/sync", "/quorum", "/async"}) {
    EXPECT_FALSE(judge(path, view_of({primary(), standby()}), 1).yes) << path << ": nothing was read";
    EXPECT_FALSE(judge(path, pair_counted_as("sync", "walreceiver"), 1).yes) << path << ": another name";
    EXPECT_FALSE(judge(path, pair_counted_as("sync", "shop-eu", 2), 1).yes) << path << ": two of that name";
    ExporterView lost = view_of({silent(primary(), FailureClass::kTimeout), standby()});
    EXPECT_THAT(judge(path, lost, 1).reason, HasSubstr("no primary is in sight")) << path;
  }
}

TEST(HealthReadiness, MeasuresWhatIsReplayedOrWhatIsHeldAgainstALimitOfItsOwnOrTheClusters) {
  ExporterView view = view_of({primary(), standby()});  // 160 bytes to replay, 128 to receive
  EXPECT_TRUE(judge("/readiness", view, 1, "lag=130&mode=write").yes);
  EXPECT_FALSE(judge("/readiness", view, 1, "lag=130&mode=apply").yes);
  EXPECT_FALSE(judge("/readiness", view, 1, "lag=130").yes);
  EXPECT_TRUE(judge("/readiness", view, 1).yes);
  view.servers[1].max_loss_bytes = 159;
  EXPECT_FALSE(judge("/readiness", view, 1).yes);
  ServerObservation cut = standby();
  cut.facts->receiver.reset();
  EXPECT_FALSE(judge("/readiness", view_of({primary(), cut}), 1).yes);
}

TEST(HealthQuery, ReadsBytesAsPatroniDoes) {
  const std::map<std::string, std::optional<int64_t>> cases = {{"0", 0},
                                                               {"1048576", 1 << 20},
                                                               {"16B", 16},
                                                               {"16kB", 16 << 10},
                                                               {"10MB", 10 << 20},
                                                               {"1GB", 1 << 30},
                                                               {"2TB", int64_t{2} << 40},
                                                               {"", std::nullopt},
                                                               {"-1", std::nullopt},
                                                               {"-0", std::nullopt},
                                                               {"16KB", std::nullopt},
                                                               {"16 kB", std::nullopt},
                                                               {"1.5MB", std::nullopt},
                                                               {"0x10", std::nullopt},
                                                               {"+5", std::nullopt},
                                                               {"kB", std::nullopt},
                                                               {"9223372036854775807", INT64_MAX},
                                                               {"9223372036854775808", std::nullopt},
                                                               {"8388608TB", std::nullopt},
                                                               {"16kB%20", std::nullopt}};
  for (const auto& [text, bytes] : cases) EXPECT_EQ(parse_lag(text), bytes) << text;
}

TEST(HealthQuery, RefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(parse_health_query("", kTakesNothing));
  EXPECT_TRUE(parse_health_query("lag=1&replication_state=streaming", kTakesLag | kTakesState));
  for (const char* text :
       {"lag", "lag=", "lag=x", "lag=1&lag=2", "Lag=1", "laq=1", "tag_zone=a", "=", "lag=1&&mode=x",
        "mode=apply", "replication_state=in%20archive%20recovery", "replication_state="})
    EXPECT_FALSE(parse_health_query(text, kTakesLag | kTakesState)) << text;
  EXPECT_FALSE(parse_health_query("lag=1", kTakesNothing));
  EXPECT_FALSE(parse_health_query("mode=delete", kTakesMode));
}

class HealthRoutes : public testing::Test {
 protected:
  ServerReply ask(const std::string& path, const std::string& name, const std::string& query = "") {
    const auto routes = health_routes([this] { return view; }, "shop-eu");
    const auto route = std::ranges::find(routes, path, &Route::path);
    if (route == routes.end()) throw std::runtime_error("there is no " + path);
    ServerRequest request;
    request.query = query;
    if (!name.empty()) request.path_parameters["name"] = name;
    return route->handler(request);
  }

  ExporterView view = view_of({primary(), standby()});
};

TEST_F(HealthRoutes, AnswerForAnyServerAndBareForTheirOwn) {
  EXPECT_EQ(ask("/server/{name}/primary", "shop-us").status, 200);
  EXPECT_EQ(ask("/server/{name}/primary", "shop-eu").status, 503);
  EXPECT_EQ(ask("/primary", "").status, 503);
  EXPECT_EQ(ask("/replica", "", "lag=1kB").status, 200);
  EXPECT_EQ(ask("/server/{name}/primary", "shop-ap").status, 404);
  EXPECT_EQ(ask("/server/{name}/replica", "shop-eu", "laq=1").status, 400);
}

TEST_F(HealthRoutes, WithoutAServerOfTheirOwnThereAreNoBarePaths) {
  for (const Route& route : health_routes([this] { return view; }, ""))
    EXPECT_TRUE(route.path.starts_with("/server/{name}/")) << route.path;
}

TEST_F(HealthRoutes, TheBodySaysFromWhichLookTheAnswerIsAndHowOldThatIs) {
  EXPECT_EQ(
      ask("/replica", "", "lag=10").body,
      R"({"state":"running","role":"replica","server_version":150018,"timeline":1,)"
      R"("database_system_identifier":"7710890441538039360",)"
      R"("xlog":{"received_location":50331776,"replayed_location":50331744},"replication_state":"streaming",)"
      R"("patroni":{"version":")" +
          std::string(kVersion) +
          R"(","scope":"shop","name":"shop-eu"},"farshore":{"vantage":"eu-west","cluster":"shop",)"
          R"("region":"eu-west","server":"shop-eu","answer":false,)"
          R"("reason":"it is 160 bytes behind 'shop-us', and 10 are allowed","age_seconds":0.5,)"
          R"("lag":{"bytes":160,"position":"0/3000060","against":"shop-us",)"
          R"("against_position":"0/3000100","against_age_seconds":0.5}}})"
          "\n");
}

TEST_F(HealthRoutes, TheBodyClaimsNoRoleOfAServerThatIsSilentOrNotKnown) {
  view = view_of({silent(primary(), FailureClass::kRefused), never_looked_at()});
  EXPECT_THAT(ask("/server/{name}/health", "shop-us").body,
              HasSubstr(R"({"state":"not running","patroni":)"));
  EXPECT_THAT(ask("/server/{name}/health", "shop-us").body, testing::Not(HasSubstr("role")));
  view = view_of({never_looked_at()});
  EXPECT_THAT(ask("/server/{name}/health", "shop-us").body, HasSubstr(R"({"state":"unknown","patroni":)"));
}

}  // namespace
}  // namespace farshore
