// A record on a real name server that takes signed updates: BIND, Knot or PowerDNS.
#pragma once

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "actuator/traffic/rfc2136_traffic.h"
#include "tests/actuator/traffic/contract_suite.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/powerdns_server.h"

namespace farshore {

struct Rfc2136Options {
  std::vector<std::vector<std::string>> records{{"orders", "A", "1", TrafficWorld::kTargetA}};
  std::vector<std::string> wrapper;
};

using MakeUpdatable = std::unique_ptr<test::DnsServerFixture> (*)(const Rfc2136Options& options);

inline std::unique_ptr<test::DnsServerFixture> make_plain(test::DnsServerKind kind,
                                                          const Rfc2136Options& options) {
  test::DnsServerOptions made;
  made.wrapper = options.wrapper;
  for (const auto& set : options.records)
    for (size_t i = 3; i < set.size(); ++i)
      made.records.push_back(fmt::format("{} {} IN {} {}", set[0], set[2], set[1], set[i]));
  return test::make_dns_server(kind, made);
}

inline std::unique_ptr<test::DnsServerFixture> make_bind(const Rfc2136Options& options) {
  return make_plain(test::DnsServerKind::kBind, options);
}
inline std::unique_ptr<test::DnsServerFixture> make_knot(const Rfc2136Options& options) {
  return make_plain(test::DnsServerKind::kKnot, options);
}
inline std::unique_ptr<test::DnsServerFixture> make_powerdns(const Rfc2136Options& options) {
  test::PowerDnsOptions made;
  made.records = options.records;
  made.wrapper = options.wrapper;
  made.update_key = test::UpdateKey();
  return std::make_unique<test::PowerDnsFixture>(made);
}

class Rfc2136World final : public TrafficWorld {
 public:
  explicit Rfc2136World(MakeUpdatable make, const Rfc2136Options& options = {}) : server_(make(options)) {
    test::write_file(key_file(), test::UpdateKey().line() + "\n");
    traffic_ = make_rfc2136_traffic(config(), deps()).value();
  }

  TrafficSwitch& traffic() override { return *traffic_; }
  test::DnsServerFixture& server() { return *server_; }
  std::string key_file() const { return server_->file("key"); }
  TrafficDeps deps() { return {http_, commands_, *dns_, system_clock(), "shop"}; }
  TrafficConfig config() const {
    TrafficConfig config;
    config.name = "orders.farshore.test";
    config.type = "A";
    config.ttl = 1s;
    config.timeout = 5s;
    config.targets = {{kRegionA, kTargetA}, {kRegionB, kTargetB}};
    config.nameservers = {server_->nameserver()};
    config.provider.kind = "rfc2136";
    config.provider.line = 30;
    config.provider.text = {
        {"server", server_->nameserver()}, {"zone", "farshore.test"}, {"key_file", key_file()}};
    return config;
  }
  std::unique_ptr<TrafficSwitch> another(const TrafficConfig& config) {
    return make_rfc2136_traffic(config, deps()).value();
  }

  Result<DnsAnswer> ask(const std::string& name, const std::string& type) {
    return dns_->ask(server_->nameserver(), name, type, system_clock().boot_now() + 20s);
  }
  uint32_t serial() {
    std::istringstream soa(ask("farshore.test", "SOA").value().answers.at(0).data);
    std::string primary, person;
    uint32_t serial = 0;
    soa >> primary >> person >> serial;
    return serial;
  }
  std::string token() {
    const auto answer = ask("farshore-epoch.orders.farshore.test", "TXT").value();
    return answer.answers.empty() ? "" : answer.answers.front().data;
  }

 private:
  std::unique_ptr<test::DnsServerFixture> server_;
  std::unique_ptr<DnsResolver> dns_ = make_dns_resolver(system_clock());
  FakeHttpClient http_;
  FakeCommandRunner commands_;
  std::unique_ptr<TrafficSwitch> traffic_;
};

}  // namespace farshore
