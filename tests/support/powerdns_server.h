// A real PowerDNS with a SQLite backend and its HTTP API for tests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/dns_server.h"

namespace farshore::test {

struct PowerDnsOptions {
  std::string zone = "farshore.test";  // without the final dot
  std::string api_key = "labkey";
  // {"orders", "A", "60", "192.0.2.10"}: one rrset each, more contents after the first
  std::vector<std::vector<std::string>> records = {};
  std::vector<std::string> settings = {};    // further lines of pdns.conf
  std::optional<UpdateKey> update_key = {};  // takes updates that are signed with it
  std::vector<std::string> wrapper = {};     // put before the program's own command line
};

// Not thread-safe. Failures throw.
class PowerDnsFixture final : public DnsServerFixture {
 public:
  explicit PowerDnsFixture(PowerDnsOptions options = {});

  std::string api_url() const { return "http://127.0.0.1:" + std::to_string(api_port_); }
  const PowerDnsOptions& options() const { return options_; }

  void start() override;
  void allow_writing(bool allowed) override;

 private:
  void pdnsutil(std::vector<std::string> arguments);
  void sql(const std::string& statements);
  void take_updates(const UpdateKey& key);

  PowerDnsOptions options_;
  int api_port_;
};

}  // namespace farshore::test
