// Every case of contract_cases.tsv (beside the descriptions, which were tried with it when they were made):
// what it says is good passes our clouds without a violation, what it says is bad is seen.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/contract/cloud.h"
#include "tests/contract/tests/caller.h"

namespace farshore::test {
namespace {

struct Case {
  std::string provider, method, path, headers, body, status, meaning;
  bool good() const { return status.starts_with("2"); }
  // Seen by a schema, and by nothing that a schema knows: our clouds refuse these, in a form that is
  // described.
  bool beyond_a_schema() const { return meaning.starts_with("LIMIT") || meaning == "legacy key pair"; }
};

std::vector<Case> cases_of(const std::string& provider) {
  std::istringstream file(read_file(openapi_folder() + "/contract_cases.tsv"));
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    Case one;
    for (std::string* field :
         {&one.provider, &one.method, &one.path, &one.headers, &one.body, &one.status, &one.meaning}) {
      std::getline(fields, *field, '\t');
    }
    // "Prefer" speaks to a Prism that makes answers up.
    if (one.provider == provider && one.headers.find("Prefer:") == std::string::npos) cases.push_back(one);
  }
  return cases;
}

HttpRequest to_request(const Case& one, const std::string& url) {
  HttpRequest request;
  request.method = one.method;
  request.url = url + one.path;
  if (one.body != "-") request.body = one.body;
  std::istringstream headers(one.headers);
  for (std::string header; std::getline(headers >> std::ws, header, ';');) {
    if (const size_t colon = header.find(": "); colon != std::string::npos) {
      request.headers[header.substr(0, colon)] = header.substr(colon + 2);
    }
  }
  return request;
}

void play(Cloud& cloud, const std::string& provider) {
  const auto http = make_curl_client();
  const auto cases = cases_of(provider);
  ASSERT_GT(cases.size(), 20);
  for (const Case& one : cases) {
    SCOPED_TRACE(one.method + " " + one.path + " " + one.body + ": " + one.meaning);
    cloud.reset();
    const auto answer = http->send(to_request(one, cloud.through_prism_url()));
    EXPECT_EQ(static_cast<bool>(no_violations(cloud.log())), one.good());
    EXPECT_TRUE(answer);
    if (answer && !one.beyond_a_schema()) {
      EXPECT_EQ(answer->status / 100, one.status.front() - '0') << answer->body;
    }
  }
}

TEST(ContractCases, Linode) {
  if (const std::string why = contract_missing(); !why.empty()) GTEST_SKIP() << why;
  Cloud cloud("linode_cloud.py", {.token = "t", .seed = R"({
      "domains": [{"id": 1, "domain": "example.com", "records": [
          {"id": 2, "type": "A", "name": "db", "target": "192.0.2.10", "ttl_sec": 30}]}],
      "instances": [{"id": 5}], "firewalls": [{"id": 9}],
      "nodebalancers": [{"id": 1, "configs": [{"id": 2, "nodes": [
          {"id": 3, "address": "192.168.1.1:80", "label": "node"}]}]}]})"});
  play(cloud, "linode");
}

TEST(ContractCases, Cloudflare) {
  if (const std::string why = contract_missing(); !why.empty()) GTEST_SKIP() << why;
  // All ids of the cases are the same one.
  const std::string id = R"("id": "023e105f4ecef8ad9ca31a8372d0c353")";
  Cloud cloud("cloudflare_cloud.py",
              {.token = "t",
               .seed = R"({"account": "023e105f4ecef8ad9ca31a8372d0c353",
      "pools": [{)" + id +
                       R"(, "name": "us"}],
      "zones": [{)" + id +
                       R"(, "name": "example.com",
          "records": [{)" +
                       id + R"(, "type": "A", "name": "db.example.com", "content": "192.0.2.10", "ttl": 60}],
          "load_balancers": [{)" +
                       id + R"(, "name": "lb.example.com",
                              "fallback_pool": "023e105f4ecef8ad9ca31a8372d0c353"}]}]})"});
  play(cloud, "cloudflare");
}

TEST(ContractCases, PowerDns) {
  if (const std::string why = contract_missing(); !why.empty()) GTEST_SKIP() << why;
  PowerDnsOptions options;
  options.zone = "example.test";
  PowerDnsFixture server(options);
  Checked checked("powerdns.yaml", server.api_url());
  const auto http = make_curl_client();
  const auto cases = cases_of("powerdns");
  ASSERT_GT(cases.size(), 10);
  for (const Case& one : cases) {
    SCOPED_TRACE(one.method + " " + one.path + " " + one.body + ": " + one.meaning);
    const auto answer = http->send(to_request(one, checked.url()));
    ASSERT_TRUE(answer);
    EXPECT_EQ(std::to_string(answer->status), one.status) << answer->body;
  }
}

}  // namespace
}  // namespace farshore::test
