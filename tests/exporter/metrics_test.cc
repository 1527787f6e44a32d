#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

#include "exporter/collectors/collector.h"
#include "exporter/pages.h"
#include "tests/exporter/world.h"

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::Not;

// The samples of all collectors, whoever tells them, without HELP and TYPE lines and without what differs
// from run to run.
std::string samples(const ExporterView& view) {
  MetricFamilies families;
  for (const auto& [collector, teller] : collectors())
    std::ranges::move(collector->collect(view), std::back_inserter(families));
  std::istringstream in(render_families(families));
  std::string result;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("farshore_") && !line.starts_with("farshore_exporter_build_info"))
      result += line + "\n";
  return result;
}

TEST(Metrics, OfAHealthyPairAreExactlyThese) {
  const std::vector<WalPoint> history = {
      {kNow - 3s, Lsn(0x3000010)}, {kNow - 2500ms, Lsn(0x3000080)}, {kNow - 600ms, Lsn(0x3000100)}};
  EXPECT_EQ(samples(view_of({primary(), standby()}, history)),
            R"(farshore_pg_up{cluster="shop",region="us-east",server="shop-us",vantage="eu-west"} 1
farshore_pg_up{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 1
farshore_pg_state{cluster="shop",region="us-east",server="shop-us",vantage="eu-west"} 4
farshore_pg_state{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 3
farshore_pg_in_recovery{cluster="shop",region="us-east",server="shop-us",vantage="eu-west"} 0
farshore_pg_in_recovery{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 1
farshore_pg_system_info{cluster="shop",region="us-east",server="shop-us",vantage="eu-west",system_identifier="7710890441538039360",version="15.18"} 1
farshore_pg_system_info{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west",system_identifier="7710890441538039360",version="15.18"} 1
farshore_cluster_system_info{cluster="shop",vantage="eu-west",system_identifier="7710890441538039360"} 1
farshore_pg_timeline_id{cluster="shop",region="us-east",server="shop-us",vantage="eu-west"} 1
farshore_pg_timeline_id{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 1
farshore_pg_wal_current_lsn_bytes{cluster="shop",region="us-east",server="shop-us",vantage="eu-west"} 50332160
farshore_pg_wal_flush_lsn_bytes{cluster="shop",region="us-east",server="shop-us",vantage="eu-west"} 50331904
farshore_pg_wal_receive_lsn_bytes{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 50331776
farshore_pg_wal_replay_lsn_bytes{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 50331744
farshore_pg_wal_receiver_up{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 1
farshore_pg_wal_receiver_streaming{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 1
farshore_pg_wal_receiver_last_message_age_seconds{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 0.25
farshore_pg_wal_receiver_flushed_lsn_bytes{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 50331776
farshore_pg_wal_receiver_latest_end_lsn_bytes{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 50331904
farshore_pg_replay_backlog_bytes{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 32
farshore_replication_lag_bytes{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 128
farshore_replication_lag_seconds{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 2
farshore_predicted_loss_bytes{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 128
farshore_predicted_loss_seconds{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 1.9
farshore_pg_round_trip_seconds{cluster="shop",region="us-east",server="shop-us",vantage="eu-west"} 0.002
farshore_pg_round_trip_seconds{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 0.002
farshore_vantage_clock_offset_seconds{vantage="eu-west"} 0
farshore_pg_clock_offset_seconds{cluster="shop",region="us-east",server="shop-us",vantage="eu-west"} 0
farshore_pg_clock_offset_seconds{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 0
farshore_pg_version_known{cluster="shop",region="us-east",server="shop-us",vantage="eu-west"} 1
farshore_pg_version_known{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 1
farshore_snapshot_age_seconds{vantage="eu-west"} 0.5
farshore_vantages_expected 3
farshore_vantages_quorum 2
)");
}

TEST(Metrics, OfASilentServerAreItsFailureOnly) {
  const std::string text = samples(view_of({silent(primary(), FailureClass::kTimeout), standby()}));
  std::istringstream in(text);
  std::set<std::string> names;
  for (std::string line; std::getline(in, line);)
    if (line.find("server=\"shop-us\"") != std::string::npos) names.insert(line.substr(0, line.find('{')));
  EXPECT_EQ(names, (std::set<std::string>{"farshore_pg_up", "farshore_pg_failure", "farshore_pg_state"}));
  EXPECT_THAT(
      text,
      HasSubstr(
          "farshore_pg_up{cluster=\"shop\",region=\"us-east\",server=\"shop-us\",vantage=\"eu-west\"} 0"));
  EXPECT_THAT(text, HasSubstr("class=\"timeout\"} 1"));
  EXPECT_THAT(text, HasSubstr("farshore_replication_lag_bytes")) << "against the last known position";
  EXPECT_THAT(text, Not(HasSubstr("farshore_replication_lag_seconds")));
}

TEST(Metrics, AFailureHasTheOneSeriesOfItsClass) {
  for (const FailureClass failure :
       {FailureClass::kRefused, FailureClass::kTimeout, FailureClass::kUnreachable, FailureClass::kDns,
        FailureClass::kAuth, FailureClass::kTooManyClients, FailureClass::kStartingUp,
        FailureClass::kShuttingDown, FailureClass::kTls, FailureClass::kQuery, FailureClass::kClosed}) {
    std::istringstream in(samples(view_of({silent(primary(), failure)})));
    std::vector<std::string> failures;
    for (std::string line; std::getline(in, line);)
      if (line.starts_with("farshore_pg_failure")) failures.push_back(line);
    EXPECT_THAT(failures,
                testing::ElementsAre(testing::EndsWith(fmt::format("class=\"{}\"}} 1", to_string(failure)))));
  }
}

// The rules count these as votes and vetoes: a class on the wrong side is a failover too many or too few.
TEST(Metrics, SilenceVotesAnAnswerVetoesAndTheRestDoesNeither) {
  using enum FailureClass;
  const auto says = [](const ServerObservation& seen, int state) {
    EXPECT_THAT(samples(view_of({seen})),
                HasSubstr(fmt::format("farshore_pg_state{{cluster=\"shop\",region=\"us-east\",server=\"shop-"
                                      "us\",vantage=\"eu-west\"}} {}\n",
                                      state)))
        << to_string(seen.failure);
  };
  says(primary(), 4);
  ServerObservation demoted = primary();
  demoted.facts->in_recovery = true;
  says(demoted, 3);
  for (const FailureClass failure : {kRefused, kTimeout, kUnreachable}) says(silent(primary(), failure), 0);
  for (const FailureClass failure : {kAuth, kTooManyClients, kStartingUp, kShuttingDown, kQuery})
    says(silent(primary(), failure), 2);
  for (const FailureClass failure : {kDns, kTls, kClosed}) says(silent(primary(), failure), 1);
}

TEST(Metrics, AServerOfAnotherSystemIsToldOfItsClusterAlone) {
  ServerObservation foreign = standby(), other = primary();
  foreign.facts->system_identifier = "1";
  other.cluster = "blog";
  const std::string text = samples(view_of({primary(), standby(), foreign, other}));
  const auto told = [](const char* cluster, const std::string& system) {
    return fmt::format(
        "farshore_cluster_system_info{{cluster=\"{}\",vantage=\"eu-west\",system_identifier=\"{}\"}} 1\n",
        cluster, system);
  };
  const std::string own = primary().facts->system_identifier;
  EXPECT_THAT(text, HasSubstr(told("shop", "1") + told("shop", own)));
  EXPECT_THAT(text, HasSubstr(told("blog", own)));
  EXPECT_THAT(text, Not(HasSubstr(told("blog", "1"))));
  EXPECT_THAT(samples(view_of({silent(primary(), FailureClass::kTimeout)})), Not(HasSubstr("system_info")));
}

TEST(Metrics, AServerOnAnOlderTimelineThanItsClusterIsBehind) {
  ServerObservation ahead = primary(), foreign = primary();
  ahead.facts->timeline = standby().facts->timeline + 2;
  foreign.facts->system_identifier = "1";
  foreign.facts->timeline = 99;
  const std::string behind =
      R"(farshore_pg_timelines_behind{cluster="shop",region="eu-west",server="shop-eu",vantage="eu-west"} 2)";
  EXPECT_THAT(samples(view_of({ahead, standby(), foreign})), HasSubstr(behind + "\n"));
  EXPECT_THAT(samples(view_of({silent(ahead, FailureClass::kTimeout), standby()})),
              Not(HasSubstr("timelines_behind")))
      << "it may have been given up";
  ExporterView elsewhere = view_of({ahead, standby()});
  elsewhere.vantage = "eu-central";
  EXPECT_THAT(render_metrics(elsewhere), HasSubstr("farshore_pg_timelines_behind{"))
      << "the witness sees both";
  EXPECT_THAT(samples(view_of({primary(), standby(), foreign})), Not(HasSubstr("timelines_behind")));
}

TEST(Metrics, NothingIsClaimedBeforeTheFirstAttempt) {
  ServerObservation unseen;
  unseen.cluster = "shop";
  unseen.server = "shop-us";
  EXPECT_THAT(samples(view_of({unseen})), Not(HasSubstr("shop-us")));
}

TEST(Metrics, NothingIsClaimedOnceTheObserverStandsStill) {
  const std::string text = samples(view_of({primary(), standby()}, {}, kNow + 10s));
  EXPECT_THAT(text, Not(HasSubstr("server=")));
  EXPECT_THAT(text, HasSubstr("farshore_snapshot_age_seconds{vantage=\"eu-west\"} 10.5"));
  EXPECT_THAT(text, HasSubstr("farshore_vantages_expected 3"));
}

TEST(Metrics, AReceiverThatIsHiddenIsUnknownAndOneThatIsGoneIsNotStreaming) {
  ServerObservation hidden = standby();
  hidden.facts->receiver = WalReceiverFacts{};
  EXPECT_THAT(samples(view_of({hidden})), HasSubstr("farshore_pg_wal_receiver_up{"));
  EXPECT_THAT(samples(view_of({hidden})), Not(HasSubstr("farshore_pg_wal_receiver_streaming")));
  ServerObservation gone = standby();
  gone.facts->receiver.reset();
  EXPECT_THAT(
      samples(view_of({gone})),
      HasSubstr("farshore_pg_wal_receiver_streaming{cluster=\"shop\",region=\"eu-west\",server=\"shop-eu\","
                "vantage=\"eu-west\"} 0"));
}

TEST(Metrics, PositionsAreExactAboveThirtyTwoBits) {
  ServerObservation far = primary();
  far.facts->flush = Lsn((uint64_t{1} << 53) - 1);
  EXPECT_THAT(samples(view_of({far})), HasSubstr(" 9007199254740991\n"));
}

TEST(Metrics, TheProcessAndTheBuildAreThere) {
  const std::string text = render_metrics(view_of({}));
  for (const char* name :
       {"\nprocess_cpu_seconds_total ", "\nprocess_resident_memory_bytes ", "\nprocess_open_fds ",
        "\nprocess_threads ", "\nprocess_start_time_seconds ", "\nfarshore_exporter_build_info{version="})
    EXPECT_THAT(text, HasSubstr(name));
}

// What a server says of itself stands on one page; what vantages may see differently stands on all.
TEST(Metrics, AnotherRegionsServerIsToldOfWithoutItsDetails) {
  ExporterView view = view_of({primary(), standby()});
  view.vantage = "us-east";
  std::istringstream in(render_metrics(view));
  std::set<std::string> of_primary, of_standby;
  for (std::string line; std::getline(in, line);) {
    const std::string name = line.substr(0, line.find('{'));
    if (line.find("server=\"shop-us\"") != std::string::npos) of_primary.insert(name);
    if (line.find("server=\"shop-eu\"") != std::string::npos) of_standby.insert(name);
  }
  EXPECT_THAT(of_primary, testing::Contains("farshore_pg_version_known"));
  EXPECT_THAT(of_standby, testing::UnorderedElementsAre(
                              "farshore_pg_up", "farshore_pg_state", "farshore_pg_in_recovery",
                              "farshore_pg_system_info", "farshore_replication_lag_bytes",
                              "farshore_predicted_loss_bytes", "farshore_pg_round_trip_seconds"));
}

TEST(Metrics, DetailsAreToldByTheVantageOfTheServersRegion) {
  ExporterView view = view_of({primary(), standby()});
  const auto told_by = [&](const std::string& vantage) {
    view.vantage = vantage;
    std::istringstream in(render_metrics(view));
    std::vector<std::string> servers;
    for (std::string line; std::getline(in, line);)
      for (const char* server : {"shop-us", "shop-eu"})
        if (line.starts_with("farshore_pg_version_known{") && line.find(server) != std::string::npos)
          servers.emplace_back(server);
    return servers;
  };
  EXPECT_EQ(told_by("us-east"), std::vector<std::string>{"shop-us"});
  EXPECT_EQ(told_by("eu-west"), std::vector<std::string>{"shop-eu"});
  EXPECT_EQ(told_by("eu-central"), std::vector<std::string>());
}

TEST(Metrics, TheVantagesOwnClockIsAsWrongAsTheServerThatAgreesMost) {
  ServerObservation ahead = primary(), behind = standby();
  ahead.facts->server_time = kServerTime + 5s;
  behind.facts->server_time = kServerTime - 2s;
  const auto says = [](const ExporterView& view) {
    const std::string text = samples(view);
    const size_t begin = text.find("farshore_vantage_clock_offset_seconds");
    return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_EQ(says(view_of({ahead, behind})), "farshore_vantage_clock_offset_seconds{vantage=\"eu-west\"} 2");
  EXPECT_EQ(says(view_of({ahead})), "") << "which of two clocks is wrong nobody can say";
  EXPECT_EQ(says(view_of({ahead, silent(behind, FailureClass::kTimeout)})), "");
}

TEST(Collectors, HaveNamesOfTheirOwnAndShareNoFamily) {
  std::set<std::string_view> names;
  std::set<std::string> families;
  const ExporterView view = view_of({primary(), standby()});
  for (const auto& [collector, teller] : collectors()) {
    EXPECT_TRUE(names.insert(collector->name).second) << collector->name;
    for (const auto& family : collector->collect(view))
      EXPECT_TRUE(families.insert(family.name).second) << family.name;
  }
}

TEST(Collectors, GiveWhatTheyDeclare) {
  const ExporterView view = view_of({primary(), standby()}, {{kNow - 3s, Lsn(0x3000010)}});
  for (const auto& [collector, teller] : collectors())
    EXPECT_THAT(find_undeclared(collector->collect(view), collector->metrics), testing::IsEmpty());
}

TEST(LandingPage, ListsTheServersAndEscapesWhatTheySay) {
  ServerObservation down = silent(primary(), FailureClass::kQuery);
  down.failure_text = "<script>alert(1)</script>";
  const std::string page = render_landing_page(view_of({down, standby()}), "/metrics");
  EXPECT_THAT(page, HasSubstr("shop-us"));
  EXPECT_THAT(page, HasSubstr("query: &lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, HasSubstr("128 bytes"));
}

}  // namespace
}  // namespace farshore
