// Real PowerDNS servers, right, wrong, broken, gone and silent.
#include "exporter/watch/dns_watcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "common/base/log.h"
#include "tests/support/powerdns_server.h"

namespace farshore {
namespace {

using test::PowerDnsFixture;
using test::wait_until;

constexpr WatchSettings kQuick{.interval = 100ms, .timeout = 500ms};

TrafficConfig record(const std::string& name, std::vector<std::string> nameservers) {
  TrafficConfig config;
  config.name = name;
  config.type = "A";
  config.targets = {{"us-east", "192.0.2.10"}, {"eu-west", "198.51.100.20"}};
  config.nameservers = std::move(nameservers);
  return config;
}

Topology with_records(std::vector<TrafficConfig> records) {
  Topology topology;
  ClusterConfig& cluster = topology.clusters.emplace_back();
  cluster.name = "shop";
  cluster.traffic = std::move(records);
  return topology;
}

test::PowerDnsOptions zone() {
  test::PowerDnsOptions options;
  options.records = {{"orders", "A", "7", "192.0.2.10"},
                     {"moved", "A", "30", "203.0.113.9"},
                     {"both", "A", "60", "192.0.2.10", "198.51.100.20"},
                     {"text", "TXT", "60", "\"no address\""}};
  return options;
}

DnsObservation seen(const DnsWatcher& watcher, size_t index = 0) { return (*watcher.list())[index]; }

bool wait_failure(const DnsWatcher& watcher, DnsFailure failure, size_t index = 0) {
  return wait_until(
      [&] { return seen(watcher, index).finished && seen(watcher, index).finding.failure == failure; });
}

TEST(DnsWatcher, TellsWhatTheServerAnswersAboutEachRecord) {
  const PowerDnsFixture server(zone());
  std::vector<TrafficConfig> records;
  for (const char* name : {"orders.farshore.test", "moved.farshore.test", "both.farshore.test",
                           "text.farshore.test", "gone.farshore.test", "orders.example.com"})
    records.push_back(record(name, {server.nameserver()}));
  DnsWatcher watcher(with_records(records), kQuick, system_clock());
  watcher.start();
  ASSERT_TRUE(wait_failure(watcher, DnsFailure::kNone));
  EXPECT_EQ(seen(watcher).finding.ttl_seconds, 7u);
  EXPECT_EQ(seen(watcher).finding.only_regions, std::set<std::string>{"us-east"});
  ASSERT_TRUE(wait_failure(watcher, DnsFailure::kNone, 1));
  EXPECT_TRUE(seen(watcher, 1).finding.other);
  EXPECT_TRUE(seen(watcher, 1).finding.regions.empty());
  ASSERT_TRUE(wait_failure(watcher, DnsFailure::kNone, 2));
  EXPECT_EQ(seen(watcher, 2).finding.regions.size(), 2u);
  EXPECT_TRUE(seen(watcher, 2).finding.only_regions.empty());
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kNoData, 3));
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kNxdomain, 4));
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kRefused, 5)) << "a zone that is not its own";
}

TEST(DnsWatcher, FollowsAServerThatBreaksGoesAndComesBack) {
  PowerDnsFixture server(zone());
  DnsWatcher watcher(with_records({record("orders.farshore.test", {server.nameserver()})}), kQuick,
                     system_clock());
  watcher.start();
  ASSERT_TRUE(wait_failure(watcher, DnsFailure::kNone));
  server.freeze();
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kTimeout));
  server.resume();
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kNone));
  const auto database = [&](const std::string& statement) {
    const auto done = test::run_command({"sqlite3", server.folder() + "/pdns.sqlite3", statement});
    EXPECT_EQ(done.exit_code, 0) << done.output;
  };
  database("ALTER TABLE records RENAME TO lost");
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kServfail)) << "its database is broken";
  server.stop();
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kUnreachable));
  EXPECT_EQ(seen(watcher).finding.ttl_seconds, std::nullopt);
}

// Its questions end when the watcher does, and not before.
class SilentForSome final : public DnsResolver {
 public:
  explicit SilentForSome(std::stop_token stop) : stop_(std::move(stop)) {}
  Result<DnsAnswer> ask(const std::string& nameserver, const std::string&, const std::string&,
                        BootTime) override {
    if (nameserver == "silent:53") wait_until([this] { return stop_.stop_requested(); }, 1h);
    DnsAnswer answer;
    answer.authoritative = true;
    answer.answers = {{"x.", "A", 1, "192.0.2.10"}};
    return answer;
  }
  Result<std::vector<std::string>> nameservers_of(const std::string&, BootTime) override {
    return fail(ErrorCode::kUnavailable, "not asked");
  }

 private:
  const std::stop_token stop_;
};

TEST(DnsWatcher, ASilentServerDelaysNoOtherAndNotTheEnd) {
  DnsWatcher watcher(with_records({record("x", {"silent:53", "answers:53"}), record("y", {"answers:53"})}),
                     {.interval = 20ms, .timeout = 1h}, system_clock(), [](Clock&, std::stop_token stop) {
                       return std::make_unique<SilentForSome>(std::move(stop));
                     });
  watcher.start();
  for (const size_t index : {1u, 2u, 1u, 2u}) {
    const auto before = seen(watcher, index).finished;
    EXPECT_TRUE(wait_until([&] { return seen(watcher, index).finished != before; }));
  }
  EXPECT_EQ(seen(watcher, 0).finished, std::nullopt);
}

TEST(DnsWatcher, ARecordWithoutNameServersIsAskedAtThoseThatAreFound) {
  test::PowerDnsOptions options = zone();
  options.records.push_back({"@", "NS", "60", "localhost."});
  const PowerDnsFixture server(options);
  test::write_file(server.file("resolv.conf"), "nameserver 127.0.0.1\n");
  const auto port = static_cast<uint16_t>(server.dns_port());
  const auto make_resolver = [&](Clock& clock, std::stop_token stop) {
    return make_dns_resolver_with({server.file("resolv.conf"), port, port}, clock, std::move(stop));
  };
  DnsWatcher watcher(with_records({record("moved.farshore.test", {server.nameserver()}),
                                   record("orders.farshore.test", {})}),
                     kQuick, system_clock(), make_resolver);
  ASSERT_EQ(watcher.list()->size(), 2u);
  EXPECT_EQ(seen(watcher, 1).nameserver, kUnknownNameserver);
  EXPECT_EQ(seen(watcher, 1).finished, std::nullopt) << "nobody has looked yet";
  watcher.start();
  ASSERT_TRUE(wait_until([&] { return watcher.list()->size() == 3; })) << "localhost and ns1";
  EXPECT_EQ(seen(watcher, 1).nameserver, "localhost:" + std::to_string(port));
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kNone, 1));
  EXPECT_EQ(seen(watcher, 1).finding.ttl_seconds, 7u);
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kNone, 0)) << "the others go on";
}

TEST(DnsWatcher, ARecordWhoseNameServersAreNotFoundIsSeenToBeUnanswered) {
  test::PowerDnsOptions options = zone();
  options.records.push_back({"@", "NS", "60", "localhost."});
  const PowerDnsFixture server(options);
  test::write_file(server.file("resolv.conf"), "nameserver 127.0.0.9\n");  // where nobody is
  const auto port = static_cast<uint16_t>(server.dns_port());
  DnsWatcher watcher(with_records({record("orders.farshore.test", {})}), kQuick, system_clock(),
                     [&](Clock& clock, std::stop_token stop) {
                       return make_dns_resolver_with({server.file("resolv.conf"), port, port}, clock,
                                                     std::move(stop));
                     });
  watcher.start();
  ASSERT_TRUE(wait_failure(watcher, DnsFailure::kNameserverUnknown));
  EXPECT_EQ(watcher.list()->size(), 1u);
  EXPECT_EQ(seen(watcher).nameserver, kUnknownNameserver);
  EXPECT_NE(seen(watcher).finding.failure_text, "");
  const auto first = seen(watcher).finished;
  EXPECT_TRUE(wait_until([&] { return seen(watcher).finished > first; })) << "it stays current";

  test::write_file(server.file("resolv.conf"), "nameserver 127.0.0.1\n");
  ASSERT_TRUE(wait_failure(watcher, DnsFailure::kNone));
  const auto list = watcher.list();
  for (const DnsObservation& entry : *list) EXPECT_NE(entry.nameserver, kUnknownNameserver);
}

// Finds name servers as long as it is let.
class Searching final : public DnsResolver {
 public:
  explicit Searching(const std::atomic<bool>& finds) : finds_(finds) {}
  Result<DnsAnswer> ask(const std::string&, const std::string&, const std::string&, BootTime) override {
    DnsAnswer answer;
    answer.authoritative = true;
    answer.answers = {{"x.", "A", 7, "192.0.2.10"}};
    return answer;
  }
  Result<std::vector<std::string>> nameservers_of(const std::string& name, BootTime) override {
    if (!finds_) return fail(ErrorCode::kNotFound, "no name server is known for {}", name);
    return std::vector<std::string>{"ns:53"};
  }

 private:
  const std::atomic<bool>& finds_;
};

TEST(DnsWatcher, AReloadKeepsTheNameServersThatWereFound) {
  std::atomic<bool> finds = true;
  const auto make_resolver = [&](Clock&, const std::stop_token&) {
    return std::make_unique<Searching>(finds);
  };
  const Topology topology = with_records({record("x", {}), record("y", {"other:53"})});
  DnsWatcher before(topology, kQuick, system_clock(), make_resolver);
  before.start();
  ASSERT_TRUE(wait_failure(before, DnsFailure::kNone));
  finds = false;
  DnsWatcher after(topology, kQuick, system_clock(), make_resolver);
  after.take_over(*before.list());
  ASSERT_EQ(after.list()->size(), 2u);
  EXPECT_EQ(seen(after).nameserver, "ns:53");
  const auto inherited = seen(after).finished;
  EXPECT_NE(inherited, std::nullopt) << "there is no moment without it";
  after.start();
  EXPECT_TRUE(wait_until([&] { return seen(after).finished > inherited; })) << "and it is asked again";
}

TEST(DnsWatcher, AReloadForgetsWhatWasHeldAgainstAnotherTtl) {
  std::atomic<bool> finds = true;
  const auto make_resolver = [&](Clock&, const std::stop_token&) {
    return std::make_unique<Searching>(finds);
  };
  Topology topology = with_records({record("x", {"ns:53"})});
  DnsWatcher before(topology, kQuick, system_clock(), make_resolver);
  before.start();
  ASSERT_TRUE(wait_failure(before, DnsFailure::kNone));
  topology.clusters[0].traffic[0].ttl = 5min;
  DnsWatcher after(topology, kQuick, system_clock(), make_resolver);
  after.take_over(*before.list());
  EXPECT_EQ(seen(after).declared_ttl, 5min);
  EXPECT_EQ(seen(after).finished, std::nullopt);
}

TEST(DnsWatcher, AFailedSearchIsLoggedOnceAndItsEndToo) {
  const LogCapture log;
  std::atomic<bool> finds = false;
  DnsWatcher watcher(with_records({record("x", {})}), {.interval = 5ms, .timeout = 1h}, system_clock(),
                     [&](Clock&, const std::stop_token&) { return std::make_unique<Searching>(finds); });
  watcher.start();
  for (int look = 0; look < 3; ++look) {
    const auto last = seen(watcher).finished;
    EXPECT_TRUE(wait_until([&] { return seen(watcher).finished > last; }));
  }
  finds = true;
  EXPECT_TRUE(wait_failure(watcher, DnsFailure::kNone));
  watcher.stop();
  const auto times = [&](const std::string& text) {
    return std::ranges::count_if(
        log.lines(), [&](const std::string& line) { return line.find(text) != std::string::npos; });
  };
  EXPECT_EQ(times("name servers are not found"), 1);
  EXPECT_EQ(times("no name server is known for x"), 1);
  EXPECT_EQ(times("name servers are found"), 1);
}

TEST(DnsWatcher, TheRealResolverGivesUpWhenTheWatcherEnds) {
  PowerDnsFixture server(zone());
  server.freeze();
  {
    DnsWatcher watcher(with_records({record("orders.farshore.test", {server.nameserver()})}),
                       {.interval = 1h, .timeout = 1h}, system_clock());
    watcher.start();
  }
  server.resume();
}

TEST(DnsWatcher, WhatIsNoDnsRecordIsNotAskedAbout) {
  TrafficConfig command = record("balancer", {});
  command.type.clear();
  DnsWatcher watcher(with_records({command}), kQuick, system_clock());
  watcher.start();
  EXPECT_TRUE(watcher.list()->empty());
}

}  // namespace
}  // namespace farshore
