#include "actuator/ctl/ctl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <sstream>

#include "actuator/failover/steps.h"
#include "common/cli/command_line.h"
#include "common/http/server.h"
#include "common/json/json_value.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kProtected =
    R"({"time":"2026-11-22T17:00:00.000Z","clusters":[{"cluster":"shop","mode":"automatic",
"paused":false,"pause":null,"reign":{"epoch":3,"server":"shop-us","timeline":2,"system_identifier":"7",
"since":"2026-11-22T16:00:00.000Z"},"claim":null,"open_run":null,"problem":"","approval_digest":"","servers":[
{"server":"shop-us","region":"us-east","up":true,"failure":"","failure_text":"","seen_seconds_ago":0.4,"role":"primary",
"timeline":2,"flush_lsn":"0/3000148","receive_lsn":null,"replay_lsn":null},
{"server":"shop-eu","region":"eu-west","up":false,"failure":"refused","failure_text":"x","seen_seconds_ago":12.5,
"role":"standby","timeline":2,"flush_lsn":null,"receive_lsn":"0/3000148","replay_lsn":"0/3000100"}]}]})";

constexpr const char* kRun =
    R"({"id":"shop-4","cluster":"shop","state":"held","reason":"the fence gives no proof",
"step":"fence_old_primary","retryable":false,"promoting":false,"from_epoch":3,"epoch":4,"old_primary":"shop-us",
"old_region":"us-east","candidate":"","region":"","accepted_at":"2026-11-22T17:00:00.000Z",
"started_at":"2026-11-22T17:00:00.100Z","ended_at":null,"quorum_wait_seconds":0.1,"actuator_seconds":null,
"write_outage_seconds":null,"exposure_seconds":4.5,"fork_lsn":null,"predicted_loss_bytes":{"lower":0,"upper":4096},
"facts":{"needs":"proof,loss","best_candidate":"shop-eu","shown_loss_bytes":"0"},
"steps":[{"name":"confirm_outage","attempt":1,"state":"done","started_at":"2026-11-22T17:00:00.100Z","seconds":0.42,
"detail":"all agree"},{"name":"fence_old_primary","attempt":1,"state":"failed",
"started_at":"2026-11-22T17:00:01.000Z","seconds":30.0,"detail":"proof of shop-us: exit 1"}]})";

std::string held_status() {
  std::string status = kProtected;
  const std::string open = R"("open_run":null)", digest = R"("approval_digest":"")";
  status.replace(status.find(open), open.size(), std::string(R"("open_run":)") + kRun);
  status.replace(status.find(digest), digest.size(), R"("approval_digest":"00ff")");
  return status;
}

constexpr const char* kAlert =
    R"({"id":17,"received_at":"2026-11-22T17:00:00.000Z","principal":"am",
"status":"firing","alertname":"FarshorePrimaryDown","action":"failover","cluster":"shop","region":"us-east",
"server":"shop-us","epoch":2,"fingerprint":"ab","starts_at":"2026-11-22T16:59:00.000Z","verdict":"refused",
"reason":"epoch 2 is over","run_id":""})";

struct Order {
  std::string path, body;
};

// An actuator that says what the test wants and remembers the orders it got.
class StubActuator {
 public:
  StubActuator() {
    HttpServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    server_ =
        HttpServer::start(
            options,
            {get("/api/v1/status"), get("/api/v1/clusters/{cluster}/plan"), get("/api/v1/runs"),
             get("/api/v1/runs/{id}"), get("/api/v1/alerts"), get("/api/v1/alerts/{id}"),
             post("/api/v1/clusters/{cluster}/pause"), post("/api/v1/clusters/{cluster}/resume"),
             post("/api/v1/clusters/{cluster}/adopt"), post("/api/v1/runs/{id}/approve"),
             post("/api/v1/unlatch"), post("/api/v1/runs/{id}/retry"), post("/api/v1/runs/{id}/abandon")})
            .value();
    answers_["/api/v1/status"] = {200, kProtected};
    answers_["/api/v1/runs"] = {200, std::string(R"({"runs":[)") + kRun + "]}"};
    answers_["/api/v1/runs/shop-4"] = {200, kRun};
    answers_["/api/v1/alerts/17"] = {200, kAlert};
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->port()); }
  void answer(const std::string& path, int status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    answers_[path] = {status, body};
  }
  std::vector<Order> orders() {
    const std::lock_guard lock(mutex_);
    return orders_;
  }

 private:
  ServerReply reply(const ServerRequest& request) {
    const std::lock_guard lock(mutex_);
    if (request.method == "POST") orders_.push_back({request.path, request.body});
    ServerReply reply;
    reply.content_type = "application/json";
    const auto found = answers_.find(request.path);
    if (found != answers_.end()) {
      reply.status = found->second.first;
      reply.body = found->second.second;
    } else if (request.method == "POST") {
      reply.body = "{}";
    } else {
      reply.status = 404;
      reply.body = R"({"error":{"code":"not_found","message":"no such run"}})";
    }
    return reply;
  }
  Route get(const std::string& path) {
    Route route;
    route.method = "GET";
    route.path = path;
    route.handler = [this](const ServerRequest& request) { return reply(request); };
    return route;
  }
  Route post(const std::string& path) {
    Route route = get(path);
    route.method = "POST";
    route.max_body_bytes = 4096;
    return route;
  }

  std::mutex mutex_;
  std::map<std::string, std::pair<int, std::string>> answers_;
  std::vector<Order> orders_;
  std::unique_ptr<HttpServer> server_;
};

class CtlTest : public ::testing::Test {
 protected:
  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "farshorectl");
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    out_.str("");
    err_.str("");
    return run_ctl(static_cast<int>(argv.size()), argv.data(),
                   {out_, err_, *http_, [this](const std::string&) { return answer_; }});
  }
  int ask(std::vector<std::string> arguments) {
    arguments.push_back("--actuator.url=" + actuator_.url());
    return run(arguments);
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  StubActuator actuator_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
  bool answer_ = true;
  std::ostringstream out_, err_;
};

TEST_F(CtlTest, StatusSaysProtectedAndShowsEveryServer) {
  EXPECT_EQ(ask({"status"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("shop: protected\n"));
  EXPECT_THAT(out(), HasSubstr("shop-us, epoch 3 since 2026-11-22 16:00:00Z, timeline 2"));
  EXPECT_THAT(out(), HasSubstr("no answer (refused)"));
  EXPECT_THAT(out(), HasSubstr("12.5 s ago"));
}

TEST_F(CtlTest, StatusOfAHeldOrPausedClusterExitsWithThree) {
  actuator_.answer("/api/v1/status", 200, held_status());
  EXPECT_EQ(ask({"status", "shop"}), kExitNotProtected);
  EXPECT_THAT(out(),
              HasSubstr("NOT PROTECTED: run shop-4 is held at fence_old_primary: the fence gives no proof"));
  std::string paused = kProtected;
  const std::string pause = R"("pause":null)";
  paused.replace(paused.find(pause), pause.size(),
                 R"("pause":{"by":"ann","reason":"maintenance","since":"2026-11-22T16:30:00.000Z"})");
  actuator_.answer("/api/v1/status", 200, paused);
  EXPECT_EQ(ask({"status"}), kExitNotProtected);
  EXPECT_THAT(out(), HasSubstr("paused by ann since 2026-11-22 16:30:00Z: maintenance"));
  EXPECT_EQ(ask({"status", "books"}), kExitRefused);
}

TEST_F(CtlTest, PlanExitsWithThreeUnlessTheFailoverCouldRunNow) {
  const std::string plan = R"({"cluster":"shop","age_seconds":2,"ready":true,"candidate":"shop-eu"})";
  actuator_.answer("/api/v1/clusters/shop/plan", 200, plan);
  EXPECT_EQ(ask({"plan", "shop"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("shop: ready: shop-eu would take over"));
  actuator_.answer("/api/v1/clusters/shop/plan", 200, R"({"cluster":"shop","age_seconds":2,"ready":false})");
  EXPECT_EQ(ask({"plan", "shop"}), kExitNotProtected);
  EXPECT_EQ(ask({"plan", "shop", "--json"}), kExitNotProtected);
  EXPECT_TRUE(parse_json(out())) << out();
  EXPECT_EQ(ask({"plan", "books"}), kExitRefused);
}

TEST_F(CtlTest, EveryReadingVerbPrintsTheAnswerAsJson) {
  for (const auto& verb : std::vector<std::vector<std::string>>{
           {"status"}, {"runs"}, {"show", "shop-4"}, {"why", "shop-4"}, {"why", "17"}, {"steps"}}) {
    std::vector<std::string> arguments = verb;
    arguments.emplace_back("--json");
    EXPECT_EQ(ask(arguments), kExitOk) << verb[0];
    EXPECT_TRUE(parse_json(out())) << verb[0] << ": " << out();
  }
}

TEST_F(CtlTest, ShowTellsStepsFactsAndTheDigest) {
  actuator_.answer("/api/v1/status", 200, held_status());
  EXPECT_EQ(ask({"show", "shop-4"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("0 to 4096 bytes of WAL"));
  EXPECT_THAT(out(), HasSubstr("best_candidate"));
  EXPECT_THAT(out(), HasSubstr("Digest for an approval: 00ff"));
}

TEST_F(CtlTest, WhyTellsTheStoryWithTheDangersAndWhatToDo) {
  EXPECT_EQ(ask({"why", "shop-4"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("Because the fence gives no proof."));
  EXPECT_THAT(out(),
              HasSubstr("fence_old_primary (attempt 1): failed after 30.0 s: proof of shop-us: exit 1"));
  EXPECT_THAT(out(), HasSubstr("guards against two writers"));
  EXPECT_THAT(out(), HasSubstr("farshorectl approve shop-4"));
  EXPECT_EQ(ask({"why", "17"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("It was refused: epoch 2 is over."));
  EXPECT_EQ(ask({"why", "18"}), kExitRefused);
  EXPECT_EQ(ask({"why", "shop"}), kExitOk) << "the alert FarshoreRunHeld gives the cluster's name";
  EXPECT_THAT(out(), HasSubstr("Run shop-4 of cluster shop: held"));
  EXPECT_EQ(ask({"why", "shop-9"}), kExitRefused);
}

TEST_F(CtlTest, ApproveShowsTheFactsFirstAndSendsTheirDigest) {
  actuator_.answer("/api/v1/status", 200, held_status());
  EXPECT_EQ(ask({"approve", "shop-4"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("WITHOUT PROOF"));
  EXPECT_THAT(out(), HasSubstr("00ff"));
  ASSERT_EQ(actuator_.orders().size(), 1u);
  EXPECT_EQ(actuator_.orders()[0].path, "/api/v1/runs/shop-4/approve");
  EXPECT_EQ(actuator_.orders()[0].body, R"({"digest":"00ff"})");
}

TEST_F(CtlTest, ApproveSendsNothingWhenThePersonSaysNoOrNothingWaits) {
  EXPECT_EQ(ask({"approve", "shop-4"}), kExitRefused) << "no digest: nothing waits for an approval";
  actuator_.answer("/api/v1/status", 200, held_status());
  answer_ = false;
  EXPECT_EQ(ask({"approve", "shop-4"}), kExitFailure);
  EXPECT_TRUE(actuator_.orders().empty());
  EXPECT_EQ(ask({"approve", "shop-4", "--yes", "--digest=abc"}), kExitOk);
  EXPECT_EQ(actuator_.orders().at(0).body, R"({"digest":"abc"})");
}

TEST_F(CtlTest, OrdersGoWhereTheyBelong) {
  EXPECT_EQ(ask({"pause", "shop", "--reason=upgrade \"15\""}), kExitOk);
  EXPECT_EQ(ask({"resume", "shop"}), kExitOk);
  EXPECT_EQ(ask({"retry", "shop-4"}), kExitOk);
  EXPECT_EQ(ask({"abandon", "shop-4"}), kExitOk);
  EXPECT_EQ(ask({"unlatch"}), kExitOk);
  EXPECT_EQ(ask({"adopt", "shop", "--server=shop-eu"}), kExitOk);
  EXPECT_EQ(ask({"adopt", "shop"}), kExitUsage);
  const auto orders = actuator_.orders();
  ASSERT_EQ(orders.size(), 6u);
  EXPECT_EQ(orders[0].path, "/api/v1/clusters/shop/pause");
  EXPECT_EQ(orders[0].body, R"({"reason":"upgrade \"15\""})");
  EXPECT_EQ(orders[1].path, "/api/v1/clusters/shop/resume");
  EXPECT_EQ(orders[2].path, "/api/v1/runs/shop-4/retry");
  EXPECT_EQ(orders[3].path, "/api/v1/runs/shop-4/abandon");
  EXPECT_EQ(orders[4].path, "/api/v1/unlatch");
  EXPECT_EQ(orders[5].path, "/api/v1/clusters/shop/adopt");
  EXPECT_EQ(orders[5].body, R"({"server":"shop-eu"})");
}

TEST_F(CtlTest, ARefusalHasItsOwnExitCodeAndTheActuatorsWords) {
  actuator_.answer("/api/v1/runs/shop-4/retry", 409,
                   R"({"error":{"code":"conflict","message":"run shop-4 is running, not held"}})");
  EXPECT_EQ(ask({"retry", "shop-4"}), kExitRefused);
  EXPECT_THAT(err(), HasSubstr("run shop-4 is running, not held"));
  EXPECT_EQ(ask({"show", "shop-9"}), kExitRefused);
  EXPECT_THAT(err(), HasSubstr("no such run"));
  actuator_.answer("/api/v1/status", 503, "<html>");
  EXPECT_EQ(ask({"status"}), kExitFailure);
  EXPECT_THAT(err(), Not(HasSubstr("html")));
}

TEST_F(CtlTest, TheSecondActuatorIsAskedWhenTheFirstCannotBeReached) {
  const std::string nowhere = fmt::format("--actuator.url=http://127.0.0.1:{}", test::free_port());
  EXPECT_EQ(run({"status", nowhere, "--actuator.url=" + actuator_.url()}), kExitOk);
  EXPECT_EQ(run({"pause", "shop", nowhere, "--actuator.url=" + actuator_.url()}), kExitOk);
  EXPECT_EQ(run({"status", nowhere}), kExitFailure);
  EXPECT_THAT(err(), HasSubstr("no actuator answers"));
}

TEST_F(CtlTest, AMissingTokenFileIsToldBeforeAnythingIsSent) {
  EXPECT_EQ(ask({"pause", "shop", "--actuator.token-file=/nonexistent/token"}), kExitFailure);
  EXPECT_THAT(err(), HasSubstr("/nonexistent/token"));
  EXPECT_TRUE(actuator_.orders().empty());
}

TEST_F(CtlTest, WhyOfAnAlertTellsWhatBecameOfItsRun) {
  std::string alert = kAlert;
  alert.replace(alert.find(R"("run_id":"")"), 11, R"("run_id":"shop-4")");
  actuator_.answer("/api/v1/alerts/17", 200, alert);
  EXPECT_EQ(ask({"why", "17"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("It belongs to run shop-4, which is held, because the fence gives no proof: "
                               "farshorectl why shop-4"));
  actuator_.answer("/api/v1/runs/shop-4", 503, "{}");
  EXPECT_EQ(ask({"why", "17"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("It belongs to run shop-4: farshorectl why shop-4"));
}

TEST_F(CtlTest, TextFromElsewhereCannotSteerTheTerminal) {
  std::string run = kRun;
  const std::string reason = "the fence gives no proof";
  run.replace(run.find(reason), reason.size(), "\\u001b[2J gone");
  actuator_.answer("/api/v1/runs/shop-4", 200, run);
  for (const char* verb : {"why", "show"}) {
    EXPECT_EQ(ask({verb, "shop-4"}), kExitOk);
    EXPECT_THAT(out(), HasSubstr("?[2J gone"));
    EXPECT_THAT(out(), Not(HasSubstr("\x1b")));
  }
}

TEST_F(CtlTest, TheManualNamesEveryVerbAndOption) {
  std::string manual = test::read_file(std::string(FARSHORE_SOURCE_DIR) + "/docs/man/farshorectl.1");
  std::erase(manual, '\\');
  int named = 0;
  for (const auto& command : std::vector<std::vector<std::string>>{{"--help"},
                                                                   {"runs", "--help"},
                                                                   {"pause", "--help"},
                                                                   {"approve", "--help"},
                                                                   {"check-config", "--help"},
                                                                   {"steps", "--help"},
                                                                   {"generate", "--help"},
                                                                   {"generate", "prometheus", "--help"},
                                                                   {"generate", "alertmanager", "--help"},
                                                                   {"generate", "sql", "--help"}}) {
    ASSERT_EQ(run(command), kExitOk);
    const bool lists_verbs = command.size() == 1 || command == std::vector<std::string>{"generate", "--help"};
    std::istringstream help(out());
    for (std::string line; std::getline(help, line);) {
      const std::string name = line.starts_with("  ") ? line.substr(2, line.find(' ', 2) - 2) : "";
      if (name.empty() || !(name.starts_with("--") || (lists_verbs && name != "-h,--help"))) continue;
      EXPECT_THAT(manual, HasSubstr(name)) << "docs/man/farshorectl.1 lacks: " << line;
      ++named;
    }
  }
  EXPECT_GT(named, 25);
}

TEST_F(CtlTest, AWrongCommandLineIsUsage) {
  EXPECT_EQ(run({}), kExitUsage);
  EXPECT_EQ(run({"fly"}), kExitUsage);
  EXPECT_EQ(run({"show"}), kExitUsage);
  EXPECT_EQ(run({"generate"}), kExitUsage);
  EXPECT_EQ(run({"generate", "prometheus"}), kExitUsage);
  EXPECT_EQ(run({"--help"}), kExitOk);
}

class CtlLocalTest : public CtlTest {
 protected:
  const std::string config_ =
      std::string("--config.file=") + FARSHORE_SOURCE_DIR + "/alerting/example-topology.yml";
};

TEST_F(CtlLocalTest, CheckConfigSaysValidOrEveryFaultWithItsPlace) {
  EXPECT_EQ(run({"check-config", config_}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("valid; clusters 1"));
  EXPECT_EQ(run({"check-config", config_, "--print"}), kExitOk);
  const test::TempDir folder;
  const std::string printed = folder.file("printed.yml"), broken = folder.file("broken.yml");
  test::write_file(printed, out());
  EXPECT_EQ(run({"check-config", printed}), kExitOk) << err();
  test::write_file(broken, "vantages: {names: [a]}\nnonsense: 1\n");
  EXPECT_EQ(run({"check-config", broken}), kExitFailure);
  EXPECT_THAT(err(), HasSubstr("broken.yml:2:1"));
  EXPECT_EQ(run({"check-config", broken, "--json"}), kExitFailure);
  EXPECT_FALSE(parse_json(out())->get_bool("valid").value());
}

TEST_F(CtlLocalTest, GenerateRendersWhatIsCommitted) {
  const std::string alerting = std::string(FARSHORE_SOURCE_DIR) + "/alerting/";
  EXPECT_EQ(run({"generate", "rules", config_}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("FarshorePrimaryDown"));
  EXPECT_EQ(run({"generate", "rules", config_, "--threshold=lag_share=0.25",
                 "--threshold=snapshot_age_seconds=7", "--runbook-url=https://wiki"}),
            kExitOk)
      << err();
  EXPECT_THAT(out(),
              AllOf(HasSubstr(" > 0.25 * "), HasSubstr(" > 7\n"), HasSubstr("\"https://wiki/Farshore")));
  EXPECT_EQ(run({"generate", "rules", config_, "--threshold=lag_shore=0.25"}), kExitFailure);
  EXPECT_THAT(err(), HasSubstr("did you mean 'lag_share'?"));
  EXPECT_EQ(run({"generate", "alertmanager", config_, "--tls-folder=/t"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("key_file: \"/t/alertmanager.key\""));
  EXPECT_EQ(run({"generate", "sql", config_}), kExitOk);
  EXPECT_EQ(out(), test::read_file(alerting + "shop.sql"));
  EXPECT_EQ(run({"generate", "alertmanager", config_, "--token-file=/t"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("/t"));
  EXPECT_EQ(run({"generate", "prometheus", config_, "--region=us-east", "--rule-file=/r.yml"}), kExitOk);
  EXPECT_THAT(out(), HasSubstr("/r.yml"));
  EXPECT_EQ(run({"generate", "prometheus", config_, "--region=nowhere"}), kExitFailure);
  EXPECT_EQ(run({"generate", "sql", config_, "--postgres-version=9"}), kExitFailure);
}

TEST_F(CtlLocalTest, TheCommittedStepsAreThoseOfTheTable) {
  EXPECT_EQ(run({"steps", "--markdown"}), kExitOk);
  EXPECT_EQ(out(), test::read_file(std::string(FARSHORE_SOURCE_DIR) + "/docs/failover-steps.md"))
      << "farshorectl steps --markdown > docs/failover-steps.md";
  EXPECT_EQ(run({"steps"}), kExitOk);
  for (const Step& step : failover_steps()) EXPECT_THAT(out(), HasSubstr(std::string(step.name)));
}

}  // namespace
}  // namespace farshore
