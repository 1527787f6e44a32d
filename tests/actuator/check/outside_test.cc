#include "actuator/check/outside.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_dns_resolver.h"
#include "tests/fakes/fake_http_client.h"

namespace farshore {
namespace {

std::string in_words(const std::vector<CheckLine>& lines) {
  std::string text;
  for (const CheckLine& line : lines)
    text +=
        fmt::format("{}{} {}: {}", text.empty() ? "" : "; ", to_string(line.state), line.subject, line.text);
  return text;
}

class ScriptedTraffic final : public TrafficSwitch {
 public:
  const std::string& key() const override { return key_; }
  const std::string& kind() const override { return key_; }
  Result<std::string> target_of(const std::string&) const override {
    return fail(ErrorCode::kNotFound, "no");
  }
  Result<std::string> current(BootTime) override { return now; }
  Status point_to(const std::string&, int64_t, BootTime) override {
    ++moved;
    return {};
  }
  Result<TrafficView> observed(BootTime) override { return view; }
  Result<std::vector<std::string>> faults(BootTime) override { return found; }

  Result<std::string> now = std::string("192.0.2.10");
  TrafficView view{{{"ns1:53", {"192.0.2.10"}, ""}}};
  Result<std::vector<std::string>> found = std::vector<std::string>{};
  int moved = 0;

 private:
  const std::string key_ = "orders A";
};

class OutsideTest : public ::testing::Test {
 protected:
  OutsideTest() {
    record.name = "orders";
    record.type = "A";
    record.targets = {{"us-east", "192.0.2.10"}, {"eu-west", "198.51.100.20"}};
    record.nameservers = {"ns1:53", "ns2:53"};
    topology.exporters = {{"us-east", "a:1"}, {"eu-west", "b:1"}};
  }
  std::string of_traffic() { return in_words(check_traffic(record, traffic, BootTime(5s))); }
  std::string of_prometheus(const std::string& series) {
    FakeHttpClient http;
    http.answer(200, R"({"status":"success","data":{"resultType":"vector","result":[)" + series + "]}}");
    return in_words(check_prometheus({"us-east", "http://p"}, topology, http));
  }

  FakeClock clock;
  TrafficConfig record;
  ScriptedTraffic traffic;
  Topology topology;
};

TEST_F(OutsideTest, TrafficIsReadAndNeverMoved) {
  EXPECT_EQ(of_traffic(), "ok traffic orders A: points at 192.0.2.10; ok traffic orders A: ns1:53 answers");
  traffic.view.answers.push_back({"ns2:53", {}, "no answer in time"});
  EXPECT_NE(of_traffic().find("fail traffic orders A: ns2:53: no answer in time"), std::string::npos);
  traffic.view.answers.pop_back();
  traffic.now = std::string("203.0.113.1");
  EXPECT_EQ(of_traffic(),
            "warn traffic orders A: points at 203.0.113.1, which is no target of the topology; "
            "warn traffic orders A: ns1:53 gives 192.0.2.10");
  traffic.now = fail(ErrorCode::kPermission, "401");
  EXPECT_EQ(of_traffic().find("fail traffic orders A: the provider does not say where it points: 401"), 0u);
  EXPECT_EQ(traffic.moved, 0);
}

TEST_F(OutsideTest, ATtlLongerThanTheTopologySaysFails) {
  FakeDnsResolver dns;
  EXPECT_EQ(in_words(check_ttl(record, dns, clock, BootTime(5s))), "")
      << "another check says that nobody answers";
  dns.answer("ns2:53", {0, true, {{"orders.", "A", 30, "192.0.2.10"}}});
  EXPECT_EQ(in_words(check_ttl(record, dns, clock, BootTime(5s))), "ok traffic orders A: its TTL is 30 s");
  dns.answer("ns2:53", {0, true, {{"orders.", "A", 3600, "192.0.2.10"}}});
  EXPECT_EQ(in_words(check_ttl(record, dns, clock, BootTime(5s))),
            "fail traffic orders A: its TTL is 3600 s, the topology says 30 s");
}

TEST_F(OutsideTest, WhatWouldKeepClientsBehindIsFoundBeforeTheDay) {
  traffic.found = std::vector<std::string>{"its TTL is 3600 s, configured are 30 s",
                                           "a CNAME record to x.example. is in the way"};
  EXPECT_NE(of_traffic().find("fail traffic orders A: its TTL is 3600 s, configured are 30 s; "
                              "fail traffic orders A: a CNAME record to x.example. is in the way"),
            std::string::npos);
  traffic.now = fail(ErrorCode::kPermission, "401");
  traffic.found = fail(ErrorCode::kPermission, "401");
  EXPECT_EQ(of_traffic().find("401"), of_traffic().rfind("401")) << "one reason is told once";
}

TEST_F(OutsideTest, NameServersThatAreNotConfiguredAreLookedUp) {
  FakeDnsResolver dns;
  record.nameservers.clear();
  dns.answer("ns9.example.com:53", {0, true, {{"orders.", "A", 31, "192.0.2.10"}}});
  EXPECT_EQ(in_words(check_ttl(record, dns, clock, BootTime(5s))), "");
  dns.nameservers(std::vector<std::string>{"ns9.example.com:53"});
  EXPECT_EQ(in_words(check_ttl(record, dns, clock, BootTime(5s))),
            "fail traffic orders A: its TTL is 31 s, the topology says 30 s");
}

TEST_F(OutsideTest, PrometheusScrapesEveryExporter) {
  const std::string a = R"({"metric":{"instance":"a:1"},"value":[1,"1"]})";
  EXPECT_EQ(of_prometheus(a + R"(,{"metric":{"instance":"b:1"},"value":[1,"1"]})"),
            "ok prometheus us-east: answers and scrapes 2 exporters");
  EXPECT_EQ(of_prometheus(a + R"(,{"metric":{"instance":"b:1"},"value":[1,"0"]})"),
            "fail prometheus us-east: cannot scrape the exporter b:1 of eu-west");
  EXPECT_EQ(of_prometheus(a), "fail prometheus us-east: does not know the exporter b:1 of eu-west");
  EXPECT_EQ(of_prometheus("7").find("fail prometheus us-east: does not answer a query"), 0u);
}

TEST_F(OutsideTest, AnExporterAnswersAsItsVantage) {
  FakeHttpClient http;
  http.answer(200, "x{vantage=\"eu-west\"} 1\n");
  EXPECT_EQ(in_words(check_exporter({"eu-west", "b:1"}, http)), "ok exporter eu-west: answers as eu-west");
  EXPECT_EQ(in_words(check_exporter({"us-east", "b:1"}, http)),
            "fail exporter us-east: answers as another vantage");
}

TEST_F(OutsideTest, AnAlertmanagerIsReady) {
  FakeHttpClient http;
  http.answer(503);
  http.answer(200, "OK");
  EXPECT_EQ(in_words(check_alertmanager({"us-east", "http://a"}, http)),
            "fail alertmanager us-east: is not ready: answers 503");
  EXPECT_EQ(in_words(check_alertmanager({"us-east", "http://a"}, http)), "ok alertmanager us-east: is ready");
}

TEST(CheckHook, ItsProgramsMustBeThereAndExecutable) {
  HookConfig hook;
  hook.name = "env";
  hook.act = {"/bin/true", "x"};
  hook.check = {"/bin/true"};
  EXPECT_EQ(in_words(check_hook(hook)),
            "ok hook env: /bin/true can be run; ok hook env: /bin/true can be run");
  hook.act = {"/nonexistent/hook"};
  hook.check = {"/etc/passwd"};
  EXPECT_EQ(in_words(check_hook(hook)),
            "fail hook env: /nonexistent/hook cannot be run; fail hook env: /etc/passwd cannot be run");
  hook.act = {"/tmp"};
  hook.check.clear();
  EXPECT_EQ(in_words(check_hook(hook)),
            "fail hook env: /tmp cannot be run; "
            "warn hook env: has no check: nobody will know whether it took effect");
}

}  // namespace
}  // namespace farshore
