// A real PowerDNS with a SQLite backend for tests: in a folder of its own, as user nobody, on free ports of
// 127.0.0.1, with one zone; stopped by pid and removed when the object goes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace farshore::test {

struct PowerDnsOptions {
  std::string zone = "farshore.test";  // without the final dot
  std::string api_key = "labkey";
  std::vector<std::vector<std::string>>
      records;  // {"orders", "A", "60", "192.0.2.10"}: one rrset each, more contents after the first
  std::vector<std::string> settings;  // further lines of pdns.conf
};

// Not thread-safe. Failures throw.
class PowerDnsFixture {
 public:
  explicit PowerDnsFixture(PowerDnsOptions options = {});
  PowerDnsFixture(const PowerDnsFixture&) = delete;
  PowerDnsFixture& operator=(const PowerDnsFixture&) = delete;

  std::string nameserver() const { return "127.0.0.1:" + std::to_string(dns_port_); }
  std::string api_url() const { return "http://127.0.0.1:" + std::to_string(api_port_); }
  const PowerDnsOptions& options() const { return options_; }
  const std::string& folder() const { return folder_.path(); }
  std::string log() const { return read_file(folder_.file("log")); }

  void start();
  void stop();
  void freeze();
  void resume();

 private:
  void pdnsutil(std::vector<std::string> arguments);

  PowerDnsOptions options_;
  int dns_port_, api_port_;
  TempDir folder_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace farshore::test
