#include "actuator/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/log.h"
#include "common/http/client.h"
#include "tests/actuator/page/page_states.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/recording_control.h"

namespace farshore {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class PeopleOfTheTest : public Authenticator {
 public:
  Result<Principal> authenticate(const std::string&) const override {
    return fail(ErrorCode::kPermission, "not known");
  }
  Result<Principal> log_in(const std::string& name, const std::string& secret) const override {
    if (busy) return fail(ErrorCode::kUnavailable, "busy");
    if (secret != "right & proper") return fail(ErrorCode::kPermission, "not known");
    if (name == "anna") return Principal{name, {Role::kOperator}};
    if (name == "ben") return Principal{name, {Role::kViewer}};
    return Principal{name, {Role::kWebhook}};
  }
  std::atomic<bool> busy{false};
};

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const size_t at = text.find(before);
  if (at == std::string::npos) return "";
  const size_t start = at + before.size();
  return text.substr(start, text.find(after, start) - start);
}

class StatusPageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    init_logging(LogLevel::kError, LogFormat::kLogfmt);
    serve("held");
  }
  void serve(const std::string& state) {
    server_.reset();
    world_ = std::make_unique<page_states::World>();
    show(state);
    HttpServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    const StatusPage page({world_->journal, control_, clock_, people_});
    auto server = HttpServer::start(std::move(options), page.routes());
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }
  void show(const std::string& state) {
    page_states::make(state, *world_, clock_.wall_now(), clock_.boot_now());
    control_.clusters = world_->clusters;
  }

  HttpResponse send(const std::string& method, const std::string& path, const std::string& body = "",
                    std::map<std::string, std::string> headers = {}) {
    HttpRequest request{method, fmt::format("http://127.0.0.1:{}{}", server_->port(), path), {}, body};
    request.headers = std::move(headers);
    if (!cookie_.empty()) request.headers["Cookie"] = "other=1; " + cookie_;
    if (method == "POST") request.headers["Content-Type"] = "application/x-www-form-urlencoded";
    auto response = client_->send(request);
    EXPECT_TRUE(response.has_value()) << response.error().message;
    return response.value_or(HttpResponse{});
  }
  HttpResponse get(const std::string& path) { return send("GET", path); }
  HttpResponse sign_in(const std::string& name, const std::string& secret = "right+%26+proper",
                       const std::string& more = "") {
    auto reply = send("POST", "/sign-in", "name=" + name + "&secret=" + secret + more);
    if (reply.headers.count("set-cookie") > 0)
      cookie_ = reply.headers["set-cookie"].substr(0, reply.headers["set-cookie"].find(';'));
    return reply;
  }
  // Sends the form with the token of the session, as the page would.
  HttpResponse act(const std::string& path, const std::string& fields = "") {
    const std::string csrf = between(get("/").body, "name=\"csrf\" value=\"", "\"");
    return send("POST", path, "csrf=" + csrf + (fields.empty() ? "" : "&" + fields));
  }

  FakeClock clock_;
  std::unique_ptr<page_states::World> world_;
  RecordingControl control_;
  std::shared_ptr<PeopleOfTheTest> people_ = std::make_shared<PeopleOfTheTest>();
  std::unique_ptr<HttpClient> client_ = make_curl_client();
  std::unique_ptr<HttpServer> server_;
  std::string cookie_;
};

TEST_F(StatusPageTest, ShowsAStrangerNothingButTheWayIn) {
  for (const char* path : {"/", "/runs/shop-1", "/clusters/shop", "/latch"}) {
    const auto reply = get(path);
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_THAT(reply.body, HasSubstr("<h1>Sign in to Farshore</h1>")) << path;
    EXPECT_THAT(reply.body, Not(HasSubstr("shop-us"))) << path;
    EXPECT_THAT(reply.body, HasSubstr(fmt::format("name=\"next\" value=\"{}\"", path)));
  }
}

TEST_F(StatusPageTest, LetsAPersonInAndOutAgain) {
  const auto reply = sign_in("anna");
  EXPECT_EQ(reply.status, 303);
  EXPECT_EQ(reply.headers.at("location"), "/");
  EXPECT_THAT(reply.headers.at("set-cookie"), AllOf(HasSubstr("; HttpOnly"), HasSubstr("; SameSite=Lax"),
                                                    HasSubstr("; Path=/"), Not(HasSubstr("Secure"))));
  EXPECT_THAT(get("/").body,
              AllOf(HasSubstr("<h1>State of the clusters</h1>"), HasSubstr("anna (operator)")));
  const auto out = act("/sign-out");
  EXPECT_EQ(out.status, 303);
  EXPECT_THAT(out.headers.at("set-cookie"), HasSubstr("farshore_session=; Path=/; Max-Age=0"));
  EXPECT_THAT(get("/").body, HasSubstr("Sign in to Farshore"));  // with the old cookie
}

TEST_F(StatusPageTest, KeepsTheCookieToTlsWhenAProxySaysSo) {
  const auto reply =
      send("POST", "/sign-in", "name=anna&secret=right+%26+proper", {{"X-Forwarded-Proto", "https"}});
  EXPECT_THAT(reply.headers.at("set-cookie"), HasSubstr("; Secure"));
}

TEST_F(StatusPageTest, SendsBackOnlyToItsOwnPages) {
  EXPECT_EQ(sign_in("anna", "right+%26+proper", "&next=%2Fruns%2Fshop-1").headers.at("location"),
            "/runs/shop-1");
  for (const char* elsewhere : {"https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2Fruns%2F..%2F..%2Fx",
                                "%2Fruns%2F%0D%0AX%3A+y", "%2Fmetrics"})
    EXPECT_EQ(sign_in("anna", "right+%26+proper", std::string("&next=") + elsewhere).headers.at("location"),
              "/");
}

TEST_F(StatusPageTest, SaysNoToAWrongPasswordAndMakesItWaitAfterFive) {
  for (int i = 0; i < 5; ++i) {
    const auto reply = sign_in("anna", "wrong");
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(reply.headers.count("set-cookie"), 0U);
    EXPECT_EQ(reply.headers.count("www-authenticate"), 0U);
    EXPECT_THAT(reply.body, HasSubstr("That name and password are not known."));
  }
  const auto waits = sign_in("anna");
  EXPECT_EQ(waits.status, 429) << "also with the right password: or guessing would go on";
  EXPECT_EQ(waits.headers.count("set-cookie"), 0U);
  EXPECT_EQ(waits.headers.at("retry-after"), "61");
  EXPECT_EQ(sign_in("ben").status, 303) << "nobody else is kept out";
  clock_.advance(61s);
  EXPECT_EQ(sign_in("anna").status, 303);
}

TEST_F(StatusPageTest, TellsApartWhoMayNotAndWhoCannotBeCheckedNow) {
  const auto hook = sign_in("am");
  EXPECT_EQ(hook.status, 403);
  EXPECT_THAT(hook.body, HasSubstr("needs the role viewer or operator"));
  people_->busy = true;
  EXPECT_EQ(sign_in("anna").status, 503);
  people_->busy = false;
  EXPECT_EQ(sign_in("anna").status, 303);
}

TEST_F(StatusPageTest, TakesNoSignInFromAnotherSite) {
  const auto reply =
      send("POST", "/sign-in", "name=anna&secret=right+%26+proper", {{"Sec-Fetch-Site", "cross-site"}});
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.headers.count("set-cookie"), 0U);
}

TEST_F(StatusPageTest, ForgetsASessionAfterEightHours) {
  sign_in("anna");
  clock_.advance(7h + 59min);
  EXPECT_THAT(get("/").body, HasSubstr("State of the clusters"));
  clock_.advance(2min);
  EXPECT_THAT(get("/").body, HasSubstr("Sign in to Farshore"));
}

TEST_F(StatusPageTest, ForbidsTheBrowserEverythingThatThePageDoesNotNeed) {
  sign_in("anna");
  const auto reply = get("/");
  const std::string& policy = reply.headers.at("content-security-policy");
  EXPECT_THAT(policy,
              AllOf(StartsWith("default-src 'none';"), HasSubstr("frame-ancestors 'none'"),
                    HasSubstr("base-uri 'none'"), HasSubstr("form-action 'self'"), Not(HasSubstr("unsafe"))));
  EXPECT_EQ(reply.headers.at("x-frame-options"), "DENY");
  EXPECT_EQ(reply.headers.at("referrer-policy"), "no-referrer");
  EXPECT_EQ(reply.headers.at("cache-control"), "no-store");
  EXPECT_EQ(reply.headers.at("x-content-type-options"), "nosniff");
}

TEST_F(StatusPageTest, LetsAnOperatorActUnderTheOwnName) {
  sign_in("anna");
  EXPECT_EQ(act("/runs/shop-1/approve", "digest=00c0ffee00c0ffee").status, 303);
  EXPECT_THAT(get("/").body, HasSubstr("Run shop-1 is approved: it starts again with new observations."));
  act("/runs/shop-1/retry");
  act("/runs/shop-1/abandon");
  act("/clusters/shop/pause", "reason=moving+racks+%26+more");
  act("/clusters/shop/resume");
  act("/unlatch");
  EXPECT_THAT(control_.asked(),
              ElementsAre("approve shop-1 by anna: 00c0ffee00c0ffee", "retry shop-1 by anna",
                          "abandon shop-1 by anna", "pause shop by anna: moving racks & more",
                          "resume shop by anna", "unlatch by anna"));
}

TEST_F(StatusPageTest, DoesNothingForAFormWithoutTheTokenOfTheSession) {
  sign_in("anna");
  const std::string stolen = cookie_;
  sign_in("anna");
  const std::string own = between(get("/").body, "name=\"csrf\" value=\"", "\"");
  cookie_ = stolen;
  for (const std::string& body :
       {std::string(), std::string("csrf="), std::string("csrf=0"), "csrf=" + own}) {
    const auto reply = send("POST", "/runs/shop-1/retry", body);
    EXPECT_EQ(reply.status, 403) << body;
    EXPECT_THAT(reply.body, HasSubstr("Load the page again"));
  }
  EXPECT_EQ(send("POST", "/sign-out", "").status, 403);
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(StatusPageTest, DoesNothingForAFormOfAnotherSiteEvenWithTheToken) {
  sign_in("anna");
  const std::string csrf = between(get("/").body, "name=\"csrf\" value=\"", "\"");
  for (const char* site : {"cross-site", "same-site"})
    EXPECT_EQ(send("POST", "/runs/shop-1/retry", "csrf=" + csrf, {{"Sec-Fetch-Site", site}}).status, 403);
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(StatusPageTest, LetsAViewerReadButNotAct) {
  sign_in("ben");
  EXPECT_THAT(get("/").body, AllOf(HasSubstr("ben (viewer)"), Not(HasSubstr("Pause or resume"))));
  const std::string run = get("/runs/shop-1").body;
  EXPECT_THAT(run, AllOf(HasSubstr("an operator can decide"), Not(HasSubstr("action=\"/runs/"))));
  for (const char* path : {"/runs/shop-1/approve", "/runs/shop-1/retry", "/runs/shop-1/abandon",
                           "/clusters/shop/pause", "/clusters/shop/resume", "/unlatch"})
    EXPECT_EQ(act(path, "digest=00c0ffee00c0ffee&reason=x").status, 403) << path;
  EXPECT_EQ(get("/clusters/shop").status, 403);
  EXPECT_EQ(get("/latch").status, 403);
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(StatusPageTest, DoesNothingForSomebodyWhoIsNotSignedIn) {
  const auto reply = send("POST", "/runs/shop-1/retry", "csrf=");
  EXPECT_EQ(reply.status, 403);
  EXPECT_THAT(reply.body, HasSubstr("not signed in any more"));
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(StatusPageTest, ShowsWhatAnApprovalPermitsAndIsBoundTo) {
  sign_in("anna");
  const std::string run = get("/runs/shop-1").body;
  EXPECT_THAT(run, HasSubstr("to act at all, which failover.mode leaves to a person"));
  EXPECT_THAT(run, HasSubstr("<input type=\"hidden\" name=\"digest\" value=\"00c0ffee00c0ffee\">"));
  EXPECT_THAT(run, HasSubstr("<dt>Best candidate</dt><dd>shop-eu</dd>"));
  EXPECT_THAT(run, HasSubstr("<dt>Loss</dt><dd>9432 bytes of WAL at least</dd>"));
  EXPECT_THAT(run, Not(HasSubstr("name=\"sure\"")));
}

TEST_F(StatusPageTest, ARunSaysWhenClientsFollowAndWhoStays) {
  sign_in("anna");
  EXPECT_THAT(get("/runs/shop-1").body, Not(HasSubstr("Old answers leave caches")));
  ASSERT_TRUE(world_->journal.record_step(
      {"shop-1",
       0,
       1,
       "account",
       StepEvent::kDone,
       clock_.wall_now(),
       "verified",
       {{"traffic_caches_clear_at", "2026-11-22T12:00:32.500Z"}, {"old_primary_sessions", "7"}}}));
  const std::string run = get("/runs/shop-1").body;
  EXPECT_THAT(run, HasSubstr("<dt>Old answers leave caches</dt><dd><time datetime=\"2026-11-22T12:00:32"));
  EXPECT_THAT(run, HasSubstr("<dt>Sessions left on the old primary</dt><dd>7</dd>"));
}

TEST_F(StatusPageTest, SaysWhenTheFactsAreNoLongerTheOnesThatWereShown) {
  sign_in("anna");
  control_.answer =
      fail(ErrorCode::kConflict, "the facts of run shop-1 are not the ones you were shown: look again");
  const auto reply = act("/runs/shop-1/approve", "digest=0000000000000000");
  EXPECT_EQ(reply.status, 303);
  EXPECT_EQ(reply.headers.at("location"), "/runs/shop-1");
  EXPECT_THAT(
      get("/runs/shop-1").body,
      HasSubstr("Nothing was done: the facts of run shop-1 are not the ones you were shown: look again."));
  clock_.advance(61s);
  EXPECT_THAT(get("/runs/shop-1").body, Not(HasSubstr("Nothing was done")));
}

TEST_F(StatusPageTest, ApprovesWithoutProofOnlyWhenThePersonSaysThatTheyKnow) {
  serve("proof");
  sign_in("anna");
  EXPECT_THAT(get("/runs/shop-1").body,
              HasSubstr("I know by other means that shop-us cannot write any more."));
  act("/runs/shop-1/approve", "digest=00c0ffee00c0ffee");
  EXPECT_THAT(control_.asked(), IsEmpty());
  EXPECT_THAT(get("/runs/shop-1").body, HasSubstr("say first that you know"));
  act("/runs/shop-1/approve", "digest=00c0ffee00c0ffee&sure=yes");
  EXPECT_THAT(control_.asked(), ElementsAre("approve shop-1 by anna: 00c0ffee00c0ffee"));
}

TEST_F(StatusPageTest, AsksForAReasonToPause) {
  sign_in("anna");
  EXPECT_THAT(get("/clusters/shop").body, HasSubstr("<label for=\"reason\">"));
  for (const std::string& reason : {std::string(), std::string(501, 'x')}) {
    EXPECT_EQ(act("/clusters/shop/pause", "reason=" + reason).headers.at("location"), "/clusters/shop");
    EXPECT_THAT(get("/clusters/shop").body, HasSubstr("a pause needs a reason of 1 to 500 bytes"));
  }
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(StatusPageTest, RefusesFormsThatAreNoForms) {
  sign_in("anna");
  EXPECT_EQ(send("POST", "/runs/shop-1/retry", "csrf=%zz").status, 400);
  EXPECT_EQ(send("POST", "/runs/shop-1/retry", "a=1&a=2").status, 400);
  EXPECT_EQ(send("POST", "/sign-in", "name=%").status, 400);
  EXPECT_EQ(send("POST", "/sign-in", "name=" + std::string(9000, 'x')).status, 413);
  EXPECT_EQ(send("POST", "/sign-in", "name=" + std::string(100, 'x')).status, 400);
  EXPECT_THAT(control_.asked(), IsEmpty());
}

TEST_F(StatusPageTest, SaysWhatIsNotThereAndWhatCannotBeRead) {
  sign_in("anna");
  EXPECT_EQ(get("/runs/shop-9").status, 404);
  EXPECT_EQ(get("/clusters/nope").status, 404);
  world_->journal.lose_power();
  EXPECT_EQ(get("/runs/shop-1").status, 503);
  const auto page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("The journal cannot be read"));
}

}  // namespace
}  // namespace farshore
