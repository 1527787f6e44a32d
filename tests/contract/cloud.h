// What stands for a cloud in tests, and what checks every call to it against the cloud's published
// description.
//
//   client -> front (faults no description allows, the log) -> prism proxy --errors <description> -> cloud ->
//   PowerDNS
//
//   if (const auto why = test::contract_missing(); !why.empty()) GTEST_SKIP() << why;
//   test::PowerDnsFixture pdns;
//   test::Cloud linode("linode_cloud.py", {.seed = R"({"domains": [...]})", .publish_into = &pdns});
//   use(linode.through_prism_url(), linode.token_file());
//   linode.fault({.method = "PUT", .kind = "status", .with = R"("status": 429, "retry_after": 1)"});
//   EXPECT_TRUE(test::no_violations(linode.log()));
//
// A start costs seconds (Prism): make one per program and reset() it between tests. What the clouds take as
// seed, faults and changes: examples/lab/clouds/README.md. Failures of the helpers throw. Not thread-safe.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/http/client.h"
#include "tests/support/child_process.h"
#include "tests/support/powerdns_server.h"

namespace farshore::test {

// Why no contract test can run here (no description folder, node or Prism), or "". The descriptions are
// looked for in $FARSHORE_OPENAPI, else in ../shared/openapi beside the sources; Prism where
// scripts/install-prism.sh puts it.
std::string contract_missing();
// The same of route53_cloud.py, which needs the model in that folder and python3-botocore instead of Prism.
std::string route53_missing();
std::string openapi_folder();

struct Fault {
  std::string method = {};  // "" = any
  std::string path = {};    // a regular expression that is searched for in the path; "" = any
  int times = 1;            // 0 = for ever
  int after = 0;            // so many fitting calls pass first
  std::string kind = {};    // "status", "html", "timeout_before", ...
  std::string with = {};    // the kind's own members as JSON: R"("status": 429)"
};

struct CloudCall {
  std::string method, path, query, body;
  std::optional<int> status;  // none: no answer was given
  std::string fault;          // its kind; "" = none
  std::vector<std::string> violations;
};

// Fails with every violation that Prism found, in a request or in an answer. No call at all is a failure too.
::testing::AssertionResult no_violations(const std::vector<CloudCall>& calls);

// One of our servers with a control address: started on a free port, stopped with the object.
class ControlledServer {
 public:
  ControlledServer(const std::string& script, std::vector<std::string> arguments);
  const std::string& url() const { return url_; }
  // A call to /_control/<name>; throws unless it succeeded.
  std::string control(const std::string& method, const std::string& name, const std::string& body = "");

 private:
  TempDir folder_;
  std::string url_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
};

// Front and Prism before any server. `description` is a file of openapi_folder().
class Checked {
 public:
  Checked(const std::string& description, const std::string& upstream_url, bool upstream_is_a_cloud = false);
  const std::string& url() const { return front_->url(); }
  void fault(const Fault& fault);  // only those that any server can play: not "edit" and what a cloud adds
  std::vector<CloudCall> log();    // since the start or the last reset
  void reset();

 private:
  TempDir folder_;
  std::unique_ptr<ChildProcess> prism_;
  std::unique_ptr<ControlledServer> front_;
};

struct CloudOptions {
  std::string token = "token-of-the-cloud";  // further words: its scopes
  std::string seed = "{}";
  const PowerDnsFixture* publish_into = nullptr;  // must outlive the cloud and serve the seed's zones
  nanoseconds delay = 2s;
  std::vector<std::string> arguments = {};
};

class Cloud {
 public:
  // `program`: a file of examples/lab/clouds; its description is found by its name.
  explicit Cloud(std::string program, CloudOptions options = {});

  const std::string& url() const { return server_->url(); }  // unchecked
  const std::string& through_prism_url();                    // starts Prism at the first call
  std::string token_file() const { return folder_.file("token"); }

  void fault(const Fault& fault);
  void change(const std::string& rows);  // a JSON list: what somebody else changes meanwhile
  void pause_publication(bool paused);
  // Whatever is held was taken by PowerDNS.
  bool all_published();
  // Back to the seed, published; no faults, an empty log.
  void reset();
  // Calls of clients: through Prism once through_prism_url() was asked for, else direct ones.
  std::vector<CloudCall> log();

 private:
  std::string program_;
  TempDir folder_;
  std::unique_ptr<ControlledServer> server_;
  std::unique_ptr<Checked> checked_;
};

// As its reset(), and fails the test for every violation that it would forget.
template <typename CloudOrChecked>
void reset_judged(CloudOrChecked& cloud) {
  if (const auto calls = cloud.log(); !calls.empty()) {
    EXPECT_TRUE(no_violations(calls));
  }
  cloud.reset();
}

// For tests of a provider, all of whose calls are to be as described, those on error paths too: Prism's word
// on a call is never forgotten unread.
class JudgedCloud {
 public:
  JudgedCloud(std::string program, CloudOptions options) : cloud_(std::move(program), std::move(options)) {}

  Cloud& cloud() { return cloud_; }
  const std::string& url() { return cloud_.through_prism_url(); }
  void reset() {
    url();  // what is not asked through Prism is not judged
    reset_judged(cloud_);
  }
  // Fails the test for every violation since reset(), and unless there was a call if `made` and none if not.
  void expect_calls(bool made = true);
  size_t count(const std::string& method, const std::string& path_part);

 private:
  Cloud cloud_;
};

}  // namespace farshore::test
