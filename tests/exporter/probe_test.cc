#include "exporter/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/exporter/world.h"

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::Not;

ExporterView watching(ApplicationFailure failure = ApplicationFailure::kNone) {
  ExporterView view = view_of({primary(), silent(standby(), FailureClass::kTimeout)});
  ApplicationObservation application;
  application.cluster = "shop";
  application.application = "shop-api";
  application.region = "us-east";
  application.finished = kNow;
  application.failure = failure;
  application.latency = 40ms;
  view.watch.applications = std::make_shared<const ApplicationList>(ApplicationList{application});
  view.watch.now = kNow;
  view.watch.limit = 10s;
  return view;
}

TEST(Probe, GivesTheSeriesOfItsTargetAndNothingElse) {
  const std::string page = render_probe(watching(), "target=shop-us").value();
  EXPECT_TRUE(page.starts_with("# HELP probe_success ")) << page;
  EXPECT_THAT(page, HasSubstr("\nprobe_success 1\n"));
  EXPECT_THAT(page, HasSubstr("\nprobe_duration_seconds 0.1\n"));
  EXPECT_THAT(page, HasSubstr("\nfarshore_pg_wal_flush_lsn_bytes{"));
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("farshore_")) {
      EXPECT_THAT(line, HasSubstr("server=\"shop-us\""));
    }
  EXPECT_THAT(page, Not(HasSubstr("process_")));
  EXPECT_THAT(page, Not(HasSubstr("build_info")));
}

TEST(Probe, FailsForATargetThatDoesNotAnswerOrIsNotKnown) {
  const std::string silent_page = render_probe(watching(), "module=postgres&target=shop-eu").value();
  EXPECT_THAT(silent_page, HasSubstr("\nprobe_success 0\n"));
  EXPECT_THAT(silent_page, HasSubstr("class=\"timeout\"} 1\n"));
  EXPECT_THAT(silent_page, Not(HasSubstr("probe_duration_seconds")));
  const std::string stale = render_probe(view_of({primary()}, {}, kNow + 1h), "target=shop-us").value();
  EXPECT_THAT(stale, HasSubstr("\nprobe_success 0\n"));
  EXPECT_THAT(stale, Not(HasSubstr("farshore_pg_up")));
}

TEST(Probe, TakesApplicationsByTheirOwnModule) {
  const std::string page = render_probe(watching(), "target=shop-api&module=http").value();
  EXPECT_THAT(page, HasSubstr("\nprobe_success 1\n"));
  EXPECT_THAT(page, HasSubstr("\nprobe_duration_seconds 0.04\n"));
  EXPECT_THAT(page, Not(HasSubstr("farshore_pg_")));
  EXPECT_THAT(render_probe(watching(ApplicationFailure::kStatus), "target=shop-api&module=http").value(),
              HasSubstr("\nprobe_success 0\n"));
}

// Where its name is not found there is no sample of it, and one answer is not enough for two regions.
TEST(Probe, AnApplicationIsWellWhenItAnswersInEachOfItsRegions) {
  ExporterView view = watching();
  ApplicationList both = *view.watch.applications;
  both.push_back(both.front());
  both.back().region = "eu-west";
  const auto success = [&](ApplicationFailure other) {
    both.back().failure = other;
    view.watch.applications = std::make_shared<const ApplicationList>(both);
    const std::string page = render_probe(view, "target=shop-api&module=http").value();
    return page.find("\nprobe_success 1\n") != std::string::npos;
  };
  EXPECT_TRUE(success(ApplicationFailure::kNone));
  EXPECT_FALSE(success(ApplicationFailure::kStatus));
  EXPECT_FALSE(success(ApplicationFailure::kDns));
}

TEST(Probe, KnowsARecordWhoseNameServersAreNotFound) {
  DnsObservation record;
  record.record = "orders.example.com";
  record.nameserver = kUnknownNameserver;
  ExporterView view = watching();
  view.watch.records = std::make_shared<const DnsList>(DnsList{record});
  EXPECT_THAT(render_probe(view, "target=orders.example.com&module=dns").value(),
              HasSubstr("\nprobe_success 0\n"))
      << "before the first look";
  record.finished = kNow;
  record.finding = nameserver_unknown({ErrorCode::kNotFound, "no name server is known"});
  view.watch.records = std::make_shared<const DnsList>(DnsList{record});
  const std::string page = render_probe(view, "target=orders.example.com&module=dns").value();
  EXPECT_THAT(page, HasSubstr("\nprobe_success 0\n"));
  EXPECT_THAT(page, HasSubstr("class=\"nameserver_unknown\"} 1\n"));
  EXPECT_FALSE(render_probe(view, "target=order.example.com&module=dns"));
}

TEST(Probe, RefusesWhatIsNotConfigured) {
  for (const char* query :
       {"", "target=", "target=shop-ap", "target=10.0.0.1:5432", "target=shop-api",
        "target=shop-us&module=http", "target=shop-us&module=dns", "target=shop-us&module=ssh",
        "target=shop-us&target=shop-eu", "target=shop-us&timeout=9", "target=shop%2Dus"})
    EXPECT_FALSE(render_probe(watching(), query)) << query;
}

}  // namespace
}  // namespace farshore
