// A person at the status page of the real actuator: signs in with the credentials of the access file, sees
// the held run, approves it, and the real standby is promoted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/whole/whole_actuator.h"

namespace farshore::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const size_t at = text.find(before);
  if (at == std::string::npos) return "";
  const size_t start = at + before.size();
  return text.substr(start, text.find(after, start) - start);
}

class Browser {
 public:
  explicit Browser(int port) : port_(port) {}

  HttpResponse send(const std::string& method, const std::string& path, const std::string& form = "") {
    HttpRequest request{method, fmt::format("http://127.0.0.1:{}{}", port_, path), {}, form};
    if (!cookie_.empty()) request.headers["Cookie"] = cookie_;
    if (method == "POST") request.headers["Content-Type"] = "application/x-www-form-urlencoded";
    const auto response = http_->send(request);
    EXPECT_TRUE(response.has_value()) << response.error().message;
    if (!response) return {};
    if (const auto set = response->headers.find("set-cookie"); set != response->headers.end())
      cookie_ = set->second.substr(0, set->second.find(';'));
    return *response;
  }
  std::string page(const std::string& path) { return send("GET", path).body; }

 private:
  const int port_;
  std::unique_ptr<HttpClient> http_ = make_curl_client();
  std::string cookie_;
};

TEST(StatusPageOfTheRealActuator, LetsAPersonApproveTheHeldRun) {
  WholeOptions options;
  options.failover = "{mode: approve, max_data_loss: {bytes: 16MiB, time: 10s}, cooldown: 1h}";
  WholeActuator world(options);
  world.start();
  ASSERT_TRUE(world.reign_is(1)) << world.log();
  ASSERT_TRUE(world.standby->wait_for_sql("SELECT count(*) FROM farshore.epoch", "1"));
  Browser browser(world.port());
  EXPECT_THAT(browser.page("/"), AllOf(HasSubstr("Sign in to Farshore"), Not(HasSubstr("shop-us"))));
  EXPECT_EQ(browser.send("POST", "/sign-in", "name=alice&secret=wrong-secret-of-the-test").status, 403);
  EXPECT_EQ(browser.send("POST", "/sign-in", "name=alice&secret=person-secret-of-the-test").status, 303);
  EXPECT_THAT(browser.page("/"), HasSubstr("shop-us is the primary of epoch 1"));
  EXPECT_THAT(world.get("/metrics"), HasSubstr("farshore_page_failed_sign_ins_total 1\n"));

  world.lose_primary();
  ASSERT_EQ(world.wait_for_run({"held", "succeeded"}), "held") << world.run_text();
  EXPECT_THAT(browser.page("/"),
              AllOf(HasSubstr("<strong>HELD</strong>"), HasSubstr("Decide about run shop-1")));
  const std::string run = browser.page("/runs/shop-1");
  const std::string form = "csrf=" + between(run, "name=\"csrf\" value=\"", "\"") + "&digest=";
  EXPECT_EQ(browser.send("POST", "/runs/shop-1/approve", form + "0000000000000000").status, 303);
  EXPECT_THAT(browser.page("/runs/shop-1"), HasSubstr("not the ones you were shown: look again"));
  const std::string digest = between(run, "name=\"digest\" value=\"", "\"");
  EXPECT_EQ(browser.send("POST", "/runs/shop-1/approve", form + digest).headers.at("location"), "/");
  EXPECT_EQ(world.wait_for_run({"succeeded", "refused"}), "succeeded") << world.run_text();
  EXPECT_EQ(world.standby->sql("SELECT pg_is_in_recovery()"), "f");
  EXPECT_THAT(browser.page("/"),
              AllOf(HasSubstr("shop-eu is the primary of epoch 2"),
                    HasSubstr("<th scope=\"row\">alice</th><td>approve shop-1</td><td>done</td>"),
                    HasSubstr("shop-us to shop-eu")));
}

}  // namespace
}  // namespace farshore::test
