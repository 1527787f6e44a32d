// What the observations of the watchers become on the page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "exporter/collectors/collector.h"
#include "tests/exporter/world.h"

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr WallTime kWall = WallTime(1764084700s);

// The samples of one collector that are not 0, because most classes and regions are.
std::string set_samples(const Collector& collector, const ExporterView& view) {
  const MetricFamilies families = collector.collect(view);
  EXPECT_EQ(find_undeclared(families, collector.metrics), std::vector<std::string>{});
  std::istringstream in(render_families(families));
  std::string result;
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("#") && !line.ends_with(" 0")) result += line + "\n";
  return result;
}

std::string all_samples(const Collector& collector, const ExporterView& view) {
  return render_families(collector.collect(view));
}

ExporterView view_with(std::vector<ServerObservation> servers = {primary(), standby()}) {
  ExporterView view = view_of(std::move(servers));
  view.watch.now = kNow;
  view.watch.wall_now = kWall;
  view.watch.limit = 17s;
  return view;
}

ExporterView view_with(const ApplicationObservation& seen) {
  ExporterView view = view_with();
  view.watch.applications = std::make_shared<ApplicationList>(ApplicationList{seen});
  return view;
}

ApplicationObservation application() {
  ApplicationObservation seen;
  seen.cluster = "shop";
  seen.application = "shop-api";
  seen.region = "us-east";
  seen.finished = kNow - 2s;
  seen.status = 200;
  seen.latency = 12ms;
  seen.state = "ok";
  seen.certificate_expiry = WallTime(1800000000s);
  seen.last_success = WallTime(1764084698s);
  return seen;
}

TEST(ApplicationCollector, ShowsAHealthyApplication) {
  EXPECT_EQ(
      set_samples(kApplicationCollector, view_with(application())),
      R"(farshore_application_up{cluster="shop",application="shop-api",region="us-east",vantage="eu-west"} 1
farshore_application_http_status_code{cluster="shop",application="shop-api",region="us-east",vantage="eu-west"} 200
farshore_application_latency_seconds{cluster="shop",application="shop-api",region="us-east",vantage="eu-west"} 0.012
farshore_application_state_info{cluster="shop",application="shop-api",region="us-east",vantage="eu-west",state="ok"} 1
farshore_application_last_success_timestamp_seconds{cluster="shop",application="shop-api",region="us-east",vantage="eu-west"} 1764084698
)");
}

TEST(ApplicationCertificateCollector, ShowsUntilWhenItIsGood) {
  EXPECT_EQ(
      set_samples(kApplicationCertificateCollector, view_with(application())),
      R"(farshore_application_certificate_expiry_timestamp_seconds{cluster="shop",application="shop-api",region="us-east",vantage="eu-west"} 1800000000
)");
  ApplicationObservation plain = application(), old = application();
  plain.certificate_expiry.reset();
  old.finished = kNow - 18s;
  EXPECT_EQ(all_samples(kApplicationCertificateCollector, view_with(plain)), "");
  EXPECT_EQ(all_samples(kApplicationCertificateCollector, view_with(old)), "");
}

TEST(ApplicationCertificateCollector, IsOnThePageOfItsOwnRegionOnly) {
  const auto page = [](const std::string& region) {
    ApplicationObservation seen = application();
    seen.region = region;
    return render_families(collect_page(view_with(seen)));
  };
  EXPECT_THAT(page("eu-west"), HasSubstr("farshore_application_certificate_expiry_timestamp_seconds{"));
  EXPECT_THAT(page("us-east"), Not(HasSubstr("certificate_expiry")));
  EXPECT_THAT(page("us-east"), HasSubstr("farshore_application_up{"));
}

TEST(ApplicationCollector, OneWhoseNameIsNotFoundIsNeitherUpNorDown) {
  ApplicationObservation seen = application();
  seen.failure = ApplicationFailure::kDns;
  const std::string text = all_samples(kApplicationCollector, view_with(seen));
  EXPECT_THAT(text, Not(HasSubstr("farshore_application_up")));
  EXPECT_THAT(text, HasSubstr("class=\"dns\"} 1"));
}

TEST(ApplicationCollector, WhatIsNotKnownOfASilentOneIsAbsent) {
  ApplicationObservation seen;
  seen.cluster = "shop";
  seen.application = "shop-api";
  seen.region = "us-east";
  seen.finished = kNow - 2s;
  seen.failure = ApplicationFailure::kTimeout;
  const std::string text = all_samples(kApplicationCollector, view_with(seen));
  EXPECT_THAT(text, HasSubstr("farshore_application_up{cluster=\"shop\",application=\"shop-api\","
                              "region=\"us-east\",vantage=\"eu-west\"} 0"));
  EXPECT_THAT(text, HasSubstr("class=\"timeout\"} 1"));
  for (const char* absent : {"status_code", "latency", "state_info", "expiry", "last_success"})
    EXPECT_THAT(text, Not(HasSubstr(absent)));
}

TEST(ApplicationCollector, ClaimsNothingBeforeTheFirstProbeAndOnceItIsTooOld) {
  ApplicationObservation unseen = application(), old = application();
  unseen.finished.reset();
  old.finished = kNow - 18s;
  EXPECT_EQ(all_samples(kApplicationCollector, view_with(unseen)), "");
  EXPECT_EQ(all_samples(kApplicationCollector, view_with(old)), "");
  EXPECT_EQ(all_samples(kApplicationCollector, view_with()), "");
}

DnsObservation record(std::set<std::string> regions, bool other = false) {
  DnsObservation seen;
  seen.cluster = "shop";
  seen.record = "orders.example.com";
  seen.type = "A";
  seen.nameserver = "192.0.2.53:53";
  seen.regions = {"eu-west", "us-east"};
  seen.finished = kNow - 1s;
  seen.latency = 3ms;
  seen.finding.replied = true;
  seen.finding.ttl_seconds = 30;
  seen.declared_ttl = 30s;
  if (regions.size() == 1 && !other) seen.finding.only_regions = regions;
  seen.finding.regions = std::move(regions);
  seen.finding.other = other;
  return seen;
}

ExporterView view_with(const DnsObservation& seen,
                       std::vector<ServerObservation> servers = {primary(), standby()}) {
  ExporterView view = view_with(std::move(servers));
  view.watch.records = std::make_shared<DnsList>(DnsList{seen});
  return view;
}

const std::string kRecord =
    "{cluster=\"shop\",record=\"orders.example.com\",type=\"A\",nameserver=\"192.0.2.53:53\",vantage=\"eu-"
    "west\"";

TEST(DnsRecordCollector, ShowsWhereARecordPointsAndThatThePrimaryIsThere) {
  const std::string text = all_samples(kDnsRecordCollector, view_with(record({"us-east"})));
  EXPECT_EQ(set_samples(kDnsRecordCollector, view_with(record({"us-east"}))),
            "farshore_dns_answered" + kRecord + "} 1\nfarshore_dns_ttl_seconds" + kRecord +
                "} 30\nfarshore_dns_latency_seconds" + kRecord + "} 0.003\nfarshore_dns_record_points_to" +
                kRecord + ",region=\"us-east\"} 1\nfarshore_dns_matches_primary" + kRecord + "} 1\n");
  EXPECT_THAT(text, HasSubstr("points_to" + kRecord + ",region=\"eu-west\"} 0"));
  EXPECT_THAT(text, HasSubstr("points_to" + kRecord + ",region=\"other\"} 0"));
}

TEST(DnsRecordCollector, ATtlAboveTheTopologysIsShownAsSuch) {
  DnsObservation seen = record({"us-east"});
  EXPECT_THAT(all_samples(kDnsRecordCollector, view_with(seen)), Not(HasSubstr("above_topology")));
  seen.finding.ttl_seconds = 300;
  EXPECT_THAT(all_samples(kDnsRecordCollector, view_with(seen)),
              HasSubstr("farshore_dns_ttl_above_topology_seconds" + kRecord + "} 300\n"));
}

TEST(DnsRecordCollector, ARecordOfTheWrongRegionOrOfTwoDoesNotMatchThePrimary) {
  for (const DnsObservation& seen :
       {record({"eu-west"}), record({"us-east", "eu-west"}), record({"us-east"}, true), record({}, true)})
    EXPECT_THAT(all_samples(kDnsRecordCollector, view_with(seen)),
                HasSubstr("farshore_dns_matches_primary" + kRecord + "} 0"));
}

TEST(DnsRecordCollector, SeveralValuesAndACnameInTheWayAreShown) {
  DnsObservation seen = record({"us-east", "eu-west"});
  seen.finding.values = 2;
  std::string text = all_samples(kDnsRecordCollector, view_with(seen));
  EXPECT_THAT(text, HasSubstr("farshore_dns_values" + kRecord + "} 2"));
  EXPECT_THAT(text, HasSubstr("farshore_dns_alias" + kRecord + "} 0"));
  seen.finding = {};
  seen.finding.failure = DnsFailure::kNoData;
  seen.finding.replied = seen.finding.alias = true;
  text = all_samples(kDnsRecordCollector, view_with(seen));
  EXPECT_THAT(text, HasSubstr("farshore_dns_alias" + kRecord + "} 1"));
  EXPECT_THAT(text, Not(HasSubstr("farshore_dns_values")));
  seen.finding.failure = DnsFailure::kServfail;
  EXPECT_THAT(all_samples(kDnsRecordCollector, view_with(seen)), Not(HasSubstr("farshore_dns_alias")));
}

TEST(DnsRecordCollector, ThePrimaryIsTheOneLastSeenAlsoWhenItIsSilentNow) {
  const ExporterView view =
      view_with(record({"us-east"}), {silent(primary(), FailureClass::kTimeout), standby()});
  EXPECT_THAT(all_samples(kDnsRecordCollector, view),
              HasSubstr("farshore_dns_matches_primary" + kRecord + "} 1"));
}

TEST(DnsRecordCollector, WithoutAKnownPrimaryNothingIsSaidAboutIt) {
  ServerObservation foreign = standby();
  foreign.facts->system_identifier = "1";
  ExporterView asleep = view_with(record({"us-east"}));
  asleep.observer_alive = false;
  for (const ExporterView& view : {view_with(record({"us-east"}), {standby()}),
                                   view_with(record({"us-east"}), {primary(), foreign}), asleep}) {
    const std::string text = all_samples(kDnsRecordCollector, view);
    EXPECT_THAT(text, HasSubstr("farshore_dns_answered" + kRecord + "} 1"));
    EXPECT_THAT(text, Not(HasSubstr("matches_primary")));
  }
}

TEST(DnsRecordCollector, OfARecordThatIsNotAnsweredOnlyTheClassIsKnown) {
  DnsObservation seen = record({});
  seen.finding = {};
  seen.finding.failure = DnsFailure::kServfail;
  seen.finding.replied = true;
  EXPECT_EQ(set_samples(kDnsRecordCollector, view_with(seen)),
            "farshore_dns_failure" + kRecord + ",class=\"servfail\"} 1\nfarshore_dns_latency_seconds" +
                kRecord + "} 0.003\n");
  seen.finding.failure = DnsFailure::kTimeout;
  seen.finding.replied = false;
  const std::string text = all_samples(kDnsRecordCollector, view_with(seen));
  EXPECT_THAT(text, HasSubstr("farshore_dns_answered" + kRecord + "} 0"));
  for (const char* absent : {"latency", "ttl", "points_to", "matches"})
    EXPECT_THAT(text, Not(HasSubstr(absent)));
  seen.finished = kNow - 1h;
  EXPECT_EQ(all_samples(kDnsRecordCollector, view_with(seen)), "");
}

TEST(DnsRecordCollector, ARecordWithoutKnownNameServersIsUnansweredByTheUnknown) {
  DnsObservation seen = record({});
  seen.nameserver = kUnknownNameserver;
  seen.finding = nameserver_unknown({ErrorCode::kNotFound, "no name server is known for orders.example.com"});
  const ExporterView view = view_with(seen);
  const std::string labels =
      "{cluster=\"shop\",record=\"orders.example.com\",type=\"A\",nameserver=\"unknown\",vantage=\"eu-west\"";
  EXPECT_THAT(all_samples(kDnsRecordCollector, view), HasSubstr("farshore_dns_answered" + labels + "} 0"));
  EXPECT_EQ(set_samples(kDnsRecordCollector, view),
            "farshore_dns_failure" + labels + ",class=\"nameserver_unknown\"} 1\n");
}

FileTierObservation tier() {
  FileTierObservation seen;
  seen.cluster = "shop";
  seen.tier = "uploads";
  seen.region = "eu-west";
  seen.finished = kNow - 1s;
  seen.reading.marker.attempt_time = WallTime(1764084640s);
  seen.reading.marker.good = GoodSync{WallTime(1764084630s), WallTime(1764084640s), 1234, 5678};
  return seen;
}

ExporterView view_with(const FileTierObservation& seen) {
  ExporterView view = view_with();
  view.watch.files = std::make_shared<FileTierList>(FileTierList{seen});
  return view;
}

TEST(FileTierCollector, ShowsAGoodSync) {
  const std::string labels = "{cluster=\"shop\",tier=\"uploads\",region=\"eu-west\",vantage=\"eu-west\"} ";
  EXPECT_EQ(set_samples(kFileTierCollector, view_with(tier())),
            "farshore_files_marker_readable" + labels + "1\nfarshore_files_last_attempt_timestamp_seconds" +
                labels + "1764084640\nfarshore_files_last_success_timestamp_seconds" + labels +
                "1764084640\nfarshore_files_source_timestamp_seconds" + labels +
                "1764084630\nfarshore_files_age_seconds" + labels + "70\nfarshore_files_sync_lag_seconds" +
                labels + "10\nfarshore_files_files" + labels + "1234\nfarshore_files_size_bytes" + labels +
                "5678\n");
}

TEST(FileTierCollector, AFailedSyncKeepsTheFiguresOfTheLastGoodOne) {
  FileTierObservation seen = tier();
  seen.reading.marker.failure = "connection";
  seen.reading.marker.failed_syncs = 3;
  const std::string text = set_samples(kFileTierCollector, view_with(seen));
  EXPECT_THAT(text, HasSubstr("class=\"connection\"} 1"));
  EXPECT_THAT(text, HasSubstr("farshore_files_failed_syncs"));
  EXPECT_THAT(text, HasSubstr("farshore_files_files"));
  seen.reading.marker.good.reset();
  const std::string never = all_samples(kFileTierCollector, view_with(seen));
  for (const char* absent : {"last_success", "age_seconds", "files_files", "size_bytes", "sync_lag"})
    EXPECT_THAT(never, Not(HasSubstr(absent)));
}

TEST(FileTierCollector, OfAMarkerThatIsNotReadOnlyTheReasonIsKnown) {
  for (const MarkerFailure failure : {MarkerFailure::kMissing, MarkerFailure::kUnreadable,
                                      MarkerFailure::kMalformed, MarkerFailure::kTimeout}) {
    FileTierObservation seen = tier();
    seen.reading = {failure, "x", {}};
    EXPECT_EQ(set_samples(kFileTierCollector, view_with(seen)),
              fmt::format("farshore_files_failure{{cluster=\"shop\",tier=\"uploads\",region=\"eu-west\","
                          "vantage=\"eu-west\",class=\"{}\"}} 1\n",
                          to_string(failure)));
  }
}

}  // namespace
}  // namespace farshore
