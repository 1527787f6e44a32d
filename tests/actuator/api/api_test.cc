#include "actuator/api/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/http/client.h"
#include "common/json/json_value.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_journal.h"
#include "tests/fakes/recording_control.h"

namespace farshore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WordAuthenticator : public Authenticator {
 public:
  Result<Principal> authenticate(const std::string& authorization) const override {
    if (authorization == "Bearer webhook") return Principal{"am", {Role::kWebhook}};
    if (authorization == "Bearer viewer") return Principal{"ben", {Role::kViewer}};
    if (authorization == "Bearer operator") return Principal{"anna", {Role::kOperator}};
    return fail(ErrorCode::kPermission, "not known");
  }
};

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    HttpServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    options.threads = 16;
    options.authenticator = std::make_shared<WordAuthenticator>();
    auto server = HttpServer::start(std::move(options),
                                    actuator_routes({journal_, control_, topology_, clock_, counters_}));
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
    RunRecord run;
    run.cluster = "shop";
    ASSERT_TRUE(journal_.create_run(run));
    ASSERT_TRUE(
        journal_.record_step({run.id, 0, 0, "promote", StepEvent::kIntent, clock_.wall_now(), "", {}}));
    std::vector<AlertRecord> alerts(3);
    ASSERT_TRUE(journal_.record_alerts(alerts));
    ClusterStatus shop;
    shop.cluster = "shop";
    control_.clusters = {shop};
  }

  HttpResponse ask(const std::string& method, const std::string& path, const std::string& who,
                   const std::string& body = "") {
    HttpRequest request{method, fmt::format("http://127.0.0.1:{}{}", server_->port(), path), {}, body};
    if (!who.empty()) request.headers["Authorization"] = "Bearer " + who;
    if (!body.empty()) request.headers["Content-Type"] = "application/json";
    auto response = client_->send(request);
    EXPECT_TRUE(response.has_value()) << response.error().message;
    return response.value_or(HttpResponse{});
  }
  HttpResponse get(const std::string& path, const std::string& who = "viewer") {
    return ask("GET", path, who);
  }
  HttpResponse act(const std::string& path, const std::string& body = "",
                   const std::string& who = "operator") {
    return ask("POST", path, who, body);
  }

  FakeClock clock_;
  MemoryJournal journal_;
  RecordingControl control_;
  WebhookCounters counters_;
  Topology topology_;
  std::unique_ptr<HttpClient> client_ = make_curl_client();
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ApiTest, GivesStateRunsAndAlertsToViewersAndOperators) {
  for (const char* path : {"/api/v1/status", "/api/v1/runs", "/api/v1/runs/shop-1", "/api/v1/alerts"}) {
    EXPECT_EQ(get(path, "viewer").status, 200) << path;
    EXPECT_EQ(get(path, "operator").status, 200) << path;
    EXPECT_EQ(get(path, "webhook").status, 403) << path;
    EXPECT_EQ(get(path, "").status, 401) << path;
    EXPECT_TRUE(parse_json(get(path).body).has_value()) << path;
  }
}

TEST_F(ApiTest, ShowsARunWithItsSteps) {
  const auto run = parse_json(get("/api/v1/runs/shop-1").body);
  EXPECT_EQ(run->get_string("state"), "running");
  EXPECT_EQ(run->get_array("steps")->at(0).get_string("name"), "promote");
  EXPECT_EQ(parse_json(get("/api/v1/runs").body)->get_array("runs")->size(), 1U);
}

TEST_F(ApiTest, ShowsTheNewestRehearsalOfACluster) {
  EXPECT_EQ(get("/api/v1/clusters/shop/plan").status, 503) << "none yet";
  EXPECT_EQ(get("/api/v1/clusters/books/plan").status, 404);
  EXPECT_TRUE(parse_json(get("/api/v1/status").body)->get_array("clusters")->at(0).get("plan")->is_null());
  FailoverPlan plan;
  plan.cluster = "shop";
  plan.candidate = "shop-eu";
  plan.looked_at = clock_.boot_now() - 4s;
  plan.loss_bytes = 17;
  plan.steps = {{2, "admit", "starting what cannot end well", PlanState::kBlocked, "seen"}};
  plan.obstacles = {{"mode_approve", "failover.mode is approve", true}};
  control_.clusters.front().plan = plan;
  const auto shown = parse_json(get("/api/v1/clusters/shop/plan").body);
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->get_bool("ready"), false);
  EXPECT_EQ(shown->get_string("candidate"), "shop-eu");
  EXPECT_EQ(shown->get_double("age_seconds"), 4.0);
  EXPECT_EQ(shown->get_double("loss_bytes"), 17);
  EXPECT_TRUE(shown->get("loss_seconds")->is_null());
  EXPECT_EQ(shown->get_array("steps")->at(0).get_string("state"), "blocked");
  EXPECT_EQ(shown->get_array("obstacles")->at(0).get_string("reason"), "mode_approve");
  EXPECT_EQ(shown->get_array("obstacles")->at(0).get_bool("approvable"), true);
  const auto status = parse_json(get("/api/v1/status").body);
  EXPECT_EQ(status->get_array("clusters")->at(0).get("plan")->to_json(), shown->to_json());
  EXPECT_EQ(get("/api/v1/clusters/shop/plan", "webhook").status, 403);
}

TEST_F(ApiTest, SaysInJsonThatARunIsNotThere) {
  const auto reply = get("/api/v1/runs/shop-9");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(parse_json(reply.body)->get("error")->get_string("code"), "not_found");
}

TEST_F(ApiTest, BoundsTheListsByLimit) {
  const auto count = [&](const std::string& query) {
    return parse_json(get("/api/v1/alerts" + query).body)->get_array("alerts")->size();
  };
  EXPECT_EQ(count(""), 3U);
  EXPECT_EQ(count("?limit=2"), 2U);
  EXPECT_EQ(count("?x=1&limit=1"), 1U);
  EXPECT_EQ(count("?limit=0"), 1U);
  EXPECT_EQ(count("?limit=junk"), 3U);
}

TEST_F(ApiTest, GivesOneAlertByItsNumber) {
  const auto alert = parse_json(get("/api/v1/alerts/2").body);
  EXPECT_EQ(alert->get_int("id"), 2);
  EXPECT_EQ(get("/api/v1/alerts/2", "webhook").status, 403);
  for (const char* wrong : {"4", "-1", "2x", "99999999999999999999"})
    EXPECT_EQ(get(std::string("/api/v1/alerts/") + wrong).status, 404) << wrong;
}

TEST_F(ApiTest, PassesWhatAPersonDoesOnWithTheName) {
  EXPECT_EQ(act("/api/v1/clusters/shop/pause", R"({"reason":"moving racks"})").status, 200);
  EXPECT_EQ(act("/api/v1/clusters/shop/resume").status, 200);
  EXPECT_EQ(act("/api/v1/clusters/shop/adopt", R"({"server":"shop-eu"})").status, 200);
  EXPECT_EQ(act("/api/v1/clusters/shop/adopt", "{}").status, 400);
  EXPECT_EQ(act("/api/v1/runs/shop-1/approve", R"({"digest":"abc"})").status, 200);
  EXPECT_EQ(act("/api/v1/runs/shop-1/retry", "{}").status, 200);
  EXPECT_EQ(act("/api/v1/runs/shop-1/abandon").status, 200);
  EXPECT_EQ(act("/api/v1/unlatch").status, 200);
  EXPECT_THAT(control_.asked(),
              ElementsAre("pause shop by anna: moving racks", "resume shop by anna",
                          "adopt shop-eu for shop by anna", "approve shop-1 by anna: abc",
                          "retry shop-1 by anna", "abandon shop-1 by anna", "unlatch by anna"));
}

TEST_F(ApiTest, LetsOnlyOperatorsAct) {
  for (const char* who : {"viewer", "webhook"}) {
    EXPECT_EQ(act("/api/v1/unlatch", "{}", who).status, 403);
    EXPECT_EQ(act("/api/v1/clusters/shop/adopt", R"({"server":"shop-eu"})", who).status, 403);
    EXPECT_EQ(act("/api/v1/clusters/shop/pause", R"({"reason":"x"})", who).status, 403);
    EXPECT_EQ(act("/api/v1/runs/shop-1/approve", R"({"digest":"x"})", who).status, 403);
  }
  EXPECT_EQ(act("/api/v1/runs/shop-1/retry", "{}", "").status, 401);
  EXPECT_EQ(get("/api/v1/runs/shop-1/retry", "operator").status, 405);
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(ApiTest, AsksForAReasonAndADigest) {
  for (const char* body : {"", "{", "{}", R"({"reason":""})", R"({"reason":5})"}) {
    EXPECT_EQ(act("/api/v1/clusters/shop/pause", body).status, 400) << body;
  }
  EXPECT_EQ(act("/api/v1/clusters/shop/pause", R"({"reason":")" + std::string(600, 'x') + "\"}").status, 400);
  EXPECT_EQ(act("/api/v1/clusters/shop/pause", std::string(5000, ' ')).status, 413);
  EXPECT_EQ(act("/api/v1/runs/shop-1/approve", "{}").status, 400);
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(ApiTest, TurnsTheErrorsOfAnActionIntoStatusCodes) {
  const std::vector<std::pair<ErrorCode, int>> table = {{ErrorCode::kNotFound, 404},
                                                        {ErrorCode::kConflict, 409},
                                                        {ErrorCode::kUnavailable, 503},
                                                        {ErrorCode::kInternal, 500}};
  for (const auto& [code, status] : table) {
    control_.answer = fail(code, "why \"not\"");
    const auto reply = act("/api/v1/runs/shop-1/retry");
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(parse_json(reply.body)->get("error")->get_string("message"), "why \"not\"");
  }
}

TEST_F(ApiTest, IsOpenForMetricsAndHealth) {
  const auto metrics = get("/metrics", "");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.headers.at("content-type"), HasSubstr("version=0.0.4"));
  EXPECT_THAT(metrics.body, HasSubstr("farshore_cluster_paused{cluster=\"shop\"} 0"));
  EXPECT_EQ(get("/-/healthy", "").status, 200);
  EXPECT_EQ(get("/-/ready", "").status, 200);
  EXPECT_EQ(ask("HEAD", "/metrics", "").status, 200);
}

TEST_F(ApiTest, IsAliveButNotReadyWhileTheJournalIsGone) {
  journal_.lose_power();
  EXPECT_EQ(get("/-/healthy", "").status, 200);
  EXPECT_EQ(get("/-/ready", "").status, 503);
  EXPECT_THAT(get("/-/ready", "").body, HasSubstr("the journal cannot be written: "));
  EXPECT_EQ(get("/metrics", "").status, 200);
  EXPECT_THAT(get("/metrics", "").body, HasSubstr("farshore_journal_writable 0"));
  EXPECT_EQ(get("/api/v1/runs").status, 503);
}

}  // namespace
}  // namespace farshore
