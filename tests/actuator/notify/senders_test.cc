#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "actuator/notify/registry.h"
#include "common/json/json_value.h"
#include "common/topology/provider_kinds.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SendersTest : public ::testing::Test {
 protected:
  Senders make(const std::string& kind, std::map<std::string, std::string> text) {
    NotifyConfig config;
    config.timeout = 3s;
    config.provider.kind = kind;
    config.provider.line = 9;
    config.provider.text = std::move(text);
    return make_senders(config, {http_, clock_, alertmanagers_}).value();
  }
  std::string token_file(const std::string& token) {
    std::ofstream(folder_.file("token")) << token << "\n";
    return folder_.file("token");
  }
  Notice held() {
    RunRecord run;
    run.id = "shop-3";
    run.cluster = "shop";
    run.old_region = "us-east";
    run.state = RunState::kHeld;
    run.started_at = clock_.wall_now() - 30s;
    run.ended_at = clock_.wall_now() - 10s;
    return {"shop", "shop-3", "held", "no proof that <shop-us> & co cannot write", clock_.wall_now(), run};
  }
  JsonValue sent() { return parse_json(http_.requests().back().body).value(); }
  std::string after(nanoseconds time) const { return format_rfc3339(clock_.wall_now() + time); }

  TemporaryFolder folder_;
  FakeHttpClient http_;
  FakeClock clock_;
  std::vector<RegionUrl> alertmanagers_ = {{"us-east", "http://10.1.0.4:9093"},
                                           {"eu-west", "http://10.2.0.4:9093"}};
};

TEST_F(SendersTest, EveryKindOfTheTopologyCanBeMade) {
  std::vector<std::string> known;
  for (const ProviderKind& kind : notify_kinds()) known.push_back(kind.kind);
  EXPECT_EQ(registered_notify_kinds(), known);
}

TEST_F(SendersTest, EveryAlertmanagerOfTheTopologyIsToldByItself) {
  const Senders all = make("alertmanager", {});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]->name(), "alertmanager http://10.1.0.4:9093");
  EXPECT_EQ(all[1]->name(), "alertmanager http://10.2.0.4:9093");
  const Senders one = make("alertmanager", {{"url", "http://10.9.0.4:9093"}});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0]->name(), "alertmanager http://10.9.0.4:9093");
}

TEST_F(SendersTest, AHeldRunIsACriticalAlertThatEndsUnlessItIsToldAgain) {
  const Senders all = make("alertmanager", {{"url", "http://a:1"}, {"token_file", token_file("secret")}});
  http_.answer(200);
  ASSERT_TRUE(all[0]->send(held()));
  const HttpRequest request = http_.requests().back();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://a:1/api/v2/alerts");
  EXPECT_EQ(request.headers.at("Authorization"), "Bearer secret");
  EXPECT_EQ(request.timeout, 3s);
  const JsonValue alert = sent().items().at(0);
  EXPECT_EQ(alert.get("labels")->to_json(),
            R"({"alertname":"FarshoreRunHeld","cluster":"shop","run_id":"shop-3","region":"us-east",)"
            R"("severity":"critical"})");
  EXPECT_EQ(alert.get_object("annotations")->get_string("description").value(), held().message);
  EXPECT_EQ(alert.get_object("annotations")->get_string("next_step").value(), "farshorectl why shop-3");
  EXPECT_EQ(alert.get_string("startsAt").value(), after(-10s));
  EXPECT_EQ(alert.get_string("endsAt").value(), after(10min));
}

TEST_F(SendersTest, AHoldThatIsOverEndsTheSameAlert) {
  const Senders all = make("alertmanager", {{"url", "http://a:1"}});
  http_.answer(200);
  ASSERT_TRUE(all[0]->send(held()));
  const std::string labels = sent().items().at(0).get("labels")->to_json();
  Notice over = held();
  over.over = true;
  over.run->state = RunState::kRunning;
  over.run->ended_at.reset();
  ASSERT_TRUE(all[0]->send(over));
  const JsonValue alert = sent().items().at(0);
  EXPECT_EQ(alert.get("labels")->to_json(), labels);
  EXPECT_EQ(alert.get_string("endsAt").value(), after(0s));
}

TEST_F(SendersTest, NoAlertAsksForAFailover) {
  const Senders all = make("alertmanager", {{"url", "http://a:1"}});
  http_.answer(200);
  for (const char* kind : {"held", "refused", "succeeded"}) {
    Notice notice = held();
    notice.kind = kind;
    ASSERT_TRUE(all[0]->send(notice));
    EXPECT_THAT(http_.requests().back().body, Not(HasSubstr("farshore_action")));
  }
  Notice adopted = held();
  adopted.kind = "adopted";
  EXPECT_FALSE(all[0]->wants(adopted)) << "no outcome of a run";
}

TEST_F(SendersTest, GrafanaGetsTheRegionOfARun) {
  const Senders all = make("grafana", {{"url", "https://g.example/sub/"}, {"token_file", token_file("t")}});
  http_.answer(200, R"({"message":"Annotation added","id":1})");
  ASSERT_TRUE(all[0]->send(held()));
  EXPECT_EQ(http_.requests().back().url, "https://g.example/sub/api/annotations");
  const JsonValue annotation = sent();
  const auto ms = [&](nanoseconds time) {
    return std::chrono::floor<milliseconds>((clock_.wall_now() + time).time_since_epoch()).count();
  };
  EXPECT_EQ(annotation.get_int("time").value(), ms(-30s));
  EXPECT_EQ(annotation.get_int("timeEnd").value(), ms(-10s));
  EXPECT_EQ(annotation.get("tags")->to_json(), R"(["farshore","cluster:shop","held","run:shop-3"])");
  EXPECT_THAT(annotation.get_string("text").value(), HasSubstr("&lt;shop-us&gt; &amp; co"))
      << "it is shown as HTML";
}

TEST_F(SendersTest, GrafanaGetsAPointForWhatIsNoRun) {
  const Senders all = make("grafana", {{"url", "http://g:3000"}, {"token_file", token_file("t")}});
  http_.answer(200);
  ASSERT_TRUE(all[0]->send({"shop", "", "adopted", "shop-us is the primary of epoch 1", clock_.wall_now()}));
  EXPECT_FALSE(sent().find("timeEnd"));
  EXPECT_EQ(sent().get("tags")->to_json(), R"(["farshore","cluster:shop","adopted"])");
}

TEST_F(SendersTest, AWebhookGetsEverythingAndAnIdentity) {
  const Senders all = make("webhook", {{"url", "https://hooks.example/farshore?x=1"}});
  http_.answer(204);
  ASSERT_TRUE(all[0]->send(held()));
  EXPECT_EQ(http_.requests().back().url, "https://hooks.example/farshore?x=1");
  EXPECT_FALSE(http_.requests().back().headers.contains("Authorization"));
  const JsonValue object = sent();
  EXPECT_EQ(object.get_int("version").value(), 1);
  EXPECT_EQ(object.get_string("event").value(), "held");
  EXPECT_EQ(object.get_string("id").value(), "shop-3/held/" + after(-10s));
  EXPECT_EQ(object.get_object("run")->get_string("old_region").value(), "us-east");
  EXPECT_EQ(object.get_object("run")->get_string("state").value(), "held");
}

TEST_F(SendersTest, TheTokenIsReadAtEachUseAndNeverShown) {
  const Senders all = make("webhook", {{"url", "http://w:1/"}, {"token_file", folder_.file("token")}});
  http_.answer(401, "bad token");
  const Status missing = all[0]->send(held());
  EXPECT_EQ(missing.error().code, ErrorCode::kPermission);
  EXPECT_TRUE(http_.requests().empty());
  (void)token_file("one");
  EXPECT_THAT(all[0]->send(held()).error().message, Not(HasSubstr("one")));
  EXPECT_EQ(http_.requests().back().headers.at("Authorization"), "Bearer one");
  (void)token_file("two");
  (void)all[0]->send(held());
  EXPECT_EQ(http_.requests().back().headers.at("Authorization"), "Bearer two");
}

constexpr const char* kSecretUrl = "https://hooks.example:8443/services/T00SECRET/B00?key=S3CRETKEY";

TEST_F(SendersTest, WhatFollowsThePortOfAUrlStandsInNoNameAndNoMessage) {
  const Senders all = make("webhook", {{"url", kSecretUrl}});
  EXPECT_EQ(all[0]->name(), "webhook https://hooks.example:8443");
  EXPECT_EQ(make("grafana", {{"url", "http://g:3000/of/shop"}, {"token_file", "/t"}})[0]->name(),
            "grafana http://g:3000");
  http_.answer(404, "Cannot POST /services/T00SECRET/B00");
  http_.answer(403, "key S3CRETKEY is not valid");
  http_.answer(400, "invalid_payload");
  http_.answer(
      fail(ErrorCode::kUnavailable, "POST https://hooks.example:8443/services/T00SECRET/B00: refused"));
  http_.answer(fail(ErrorCode::kTimeout, "no time was left for POST {}", kSecretUrl));
  EXPECT_EQ(all[0]->send(held()).error().message,
            "answers 404 (its words repeat its address and are not shown)");
  EXPECT_THAT(all[0]->send(held()).error().message, Not(HasSubstr("S3CRET")));
  EXPECT_EQ(all[0]->send(held()).error().message, "answers 400 invalid_payload");
  EXPECT_EQ(all[0]->send(held()).error().message, "refused");
  EXPECT_EQ(all[0]->send(held()).error().message, "it could not be asked");
  const Senders padded = make("webhook", {{"url", "https://hooks.example/run?code=AbCdEfGh12=="}});
  http_.answer(401, "bad code AbCdEfGh12==");
  EXPECT_THAT(padded[0]->send(held()).error().message, Not(HasSubstr("AbCd")));
  FakeHttpClient grafana;
  grafana.answer(403, "Permissions needed: annotations:create");
  NotifyConfig config;
  config.provider.kind = "grafana";
  config.provider.text = {{"url", "http://g:3000"}, {"token_file", token_file("t")}};
  EXPECT_EQ(make_senders(config, {grafana, clock_, alertmanagers_}).value()[0]->send(held()).error().message,
            "answers 403 Permissions needed: annotations:create")
      << "the path that every Grafana has is no secret";
}

TEST_F(SendersTest, AUrlFileIsReadAtEachUseAndNeverShown) {
  const std::string file = folder_.file("hook.url");
  const Senders all = make("webhook", {{"url_file", file}});
  EXPECT_EQ(all[0]->name(), "webhook " + file)
      << "whatever it holds, so that a rotated one is no new receiver";
  http_.answer(204);
  EXPECT_EQ(all[0]->send(held()).error().code, ErrorCode::kPermission) << "it is not there yet";
  (void)folder_.write("hook.url", std::string(kSecretUrl) + "\n");
  ASSERT_TRUE(all[0]->send(held()));
  EXPECT_EQ(http_.requests().back().url, kSecretUrl);
  (void)folder_.write("hook.url", "https://hooks.example/rotated\n");
  ASSERT_TRUE(all[0]->send(held()));
  EXPECT_EQ(http_.requests().back().url, "https://hooks.example/rotated");
  (void)folder_.write("hook.url", "https://me:S3CRETKEY@hooks.example/\n");
  const Status refused = all[0]->send(held());
  EXPECT_EQ(refused.error().code, ErrorCode::kPermission) << "who mends the file needs no restart";
  EXPECT_THAT(refused.error().message, Not(HasSubstr("S3CRETKEY")));
  EXPECT_EQ(http_.requests().size(), 2u);
  (void)folder_.write("hook.url", "https://s3cretname.hooks.example/\n");
  http_.answer(
      fail(ErrorCode::kUnavailable,
           "POST https://s3cretname.hooks.example/: Could not resolve host: s3cretname.hooks.example"));
  EXPECT_TRUE(all[0]->send(held())) << "the answer before";
  EXPECT_EQ(all[0]->send(held()).error().message, "it could not be asked") << "the host may be the secret";
}

TEST_F(SendersTest, EveryKindTrustsTheConfiguredAuthorityAndGoesThroughTheConfiguredProxy) {
  http_.answer(200);
  for (const std::string& kind : registered_notify_kinds()) {
    const Senders all = make(kind, {{"url", "https://a:1"},
                                    {"token_file", token_file("t")},
                                    {"ca_file", "/etc/farshore/ca.pem"},
                                    {"proxy", "http://proxy:3128"}});
    ASSERT_TRUE(all[0]->send(held())) << kind;
    EXPECT_EQ(http_.requests().back().ca_file, "/etc/farshore/ca.pem") << kind;
    EXPECT_EQ(http_.requests().back().proxy, "http://proxy:3128") << kind;
    EXPECT_EQ(http_.requests().back().timeout, 3s) << kind;
  }
}

TEST_F(SendersTest, OnlyWhatWillNeverBeTakenIsFinal) {
  const auto code = [&](int status) {
    FakeHttpClient http;
    http.answer(status, "<html>");
    NotifyConfig config;
    config.provider.kind = "webhook";
    config.provider.text = {{"url", "http://w:1/"}};
    const Senders all = make_senders(config, {http, clock_, alertmanagers_}).value();
    const Status sent = all[0]->send(held());
    EXPECT_THAT(sent ? "" : sent.error().message, Not(HasSubstr("html")));
    return sent ? std::string("taken") : std::string(to_string(sent.error().code));
  };
  for (const int status : {200, 201, 202, 204}) EXPECT_EQ(code(status), "taken") << status;
  for (const int status : {400, 405, 413, 415, 422})
    EXPECT_EQ(code(status), to_string(ErrorCode::kInvalidArgument)) << status;
  for (const int status : {408, 429, 503})
    EXPECT_EQ(code(status), to_string(ErrorCode::kUnavailable)) << status;
  for (const int status : {401, 403}) EXPECT_EQ(code(status), to_string(ErrorCode::kPermission)) << status;
  EXPECT_EQ(code(404), to_string(ErrorCode::kNotFound));
  for (const int status : {301, 500, 502, 504})
    EXPECT_EQ(code(status), to_string(ErrorCode::kUnknown)) << status;
}

}  // namespace
}  // namespace farshore
