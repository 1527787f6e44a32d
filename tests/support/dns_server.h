// A real authoritative name server for tests: in a folder of its own, as an unprivileged user, on free ports
// of 127.0.0.1, with one zone; stopped by pid and removed when the object goes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace farshore::test {

// Who may change the zone by signed updates.
struct UpdateKey {
  std::string name = "farshore-lab";
  std::string algorithm = "hmac-sha256";
  std::string secret = "c2VjcmV0IG9mIHRoZSBsYWIsIDMyIGJ5dGVzIGxvbmc=";
  std::string line() const { return algorithm + ":" + name + ":" + secret; }
};

// Not thread-safe. Failures throw.
class DnsServerFixture {
 public:
  virtual ~DnsServerFixture() = default;
  DnsServerFixture(const DnsServerFixture&) = delete;
  DnsServerFixture& operator=(const DnsServerFixture&) = delete;

  std::string nameserver() const { return "127.0.0.1:" + std::to_string(dns_port_); }
  int dns_port() const { return dns_port_; }
  const std::string& folder() const { return folder_.path(); }
  std::string file(const std::string& name) const { return folder_.file(name); }
  std::string log() const { return read_file(file("log")); }

  virtual void start() = 0;  // returns when it answers
  void stop() { process_.reset(); }
  void freeze();
  void resume();
  // Whether the server can keep an update. To be forbidden before its first one.
  virtual void allow_writing(bool allowed);

 protected:
  explicit DnsServerFixture(const std::string& prefix) : dns_port_(free_port()), folder_(prefix) {}
  bool answers_for(const std::string& zone) const;
  SpawnOptions as_nobody() const {
    return {.output_file = file("log"), .environment = {}, .run_as = "nobody"};
  }

  std::unique_ptr<ChildProcess> process_;

 private:
  const int dns_port_;
  const TempDir folder_;
};

enum class DnsServerKind { kBind, kKnot };

struct DnsServerOptions {
  std::string zone = "farshore.test";  // without the final dot
  UpdateKey key;
  std::vector<std::string> granted = {"orders", "farshore-epoch.orders"};  // names the key may change
  std::vector<std::string> records;  // lines of the zone: "orders 60 IN A 192.0.2.10"
  std::vector<std::string> wrapper;  // put before the program's own command line
};

std::unique_ptr<DnsServerFixture> make_dns_server(DnsServerKind kind, DnsServerOptions options);

}  // namespace farshore::test
