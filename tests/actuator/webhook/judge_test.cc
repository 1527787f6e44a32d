#include "actuator/webhook/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace farshore {
namespace {

using ::testing::HasSubstr;

const WallTime kNow = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}) + 12h;

Topology topology() {
  ServerConfig us;
  us.name = "shop-us";
  us.region = "us-east";
  ServerConfig eu;
  eu.name = "shop-eu";
  eu.region = "eu-west";
  ClusterConfig shop;
  shop.name = "shop";
  shop.servers = {us, eu};
  Topology topology;
  topology.clusters = {shop};
  return topology;
}

WebhookAlert lost_primary() {
  WebhookAlert alert;
  alert.status = AlertStatus::kFiring;
  alert.alertname = "FarshorePrimaryDown";
  alert.action = "failover";
  alert.cluster = "shop";
  alert.region = "us-east";
  alert.server = "shop-us";
  alert.epoch = "3";
  alert.fingerprint = "84a34a6f723c9418";
  alert.starts_at = kNow - 3s;
  return alert;
}

const std::optional<Reign> kReign = Reign{"shop", 3, "shop-us", 1, "77", kNow - 24h};

struct Case {
  const char* name;
  std::function<void(WebhookAlert&)> change;
  const char* verdict;
  const char* reason;
};

// Every verdict that the judge can give.
const std::vector<Case> kTable = {
    Case{"lost_primary", [](WebhookAlert&) {}, "", ""},
    Case{"no_status", [](WebhookAlert& a) { a.status.reset(); }, "refused", "neither firing nor resolved"},
    Case{"resolved", [](WebhookAlert& a) { a.status = AlertStatus::kResolved; }, "noted", "resolved"},
    Case{"other_alert", [](WebhookAlert& a) { a.alertname = "PrimaryDown"; }, "refused", "PrimaryDown"},
    Case{"no_action", [](WebhookAlert& a) { a.action.clear(); }, "refused", "farshore_action"},
    Case{"other_action", [](WebhookAlert& a) { a.action = "failover "; }, "refused", "farshore_action"},
    Case{"no_cluster", [](WebhookAlert& a) { a.cluster.clear(); }, "refused", "label cluster"},
    Case{"hostile_cluster", [](WebhookAlert& a) { a.cluster = "shop';DROP TABLE"; }, "refused",
         "label cluster"},
    Case{"unknown_cluster", [](WebhookAlert& a) { a.cluster = "billing"; }, "refused", "billing is not in"},
    Case{"hostile_region", [](WebhookAlert& a) { a.region = "us east"; }, "refused", "label region"},
    Case{"wrong_region", [](WebhookAlert& a) { a.region = "eu-west"; }, "refused",
         "region us-east, not eu-west"},
    Case{"hostile_server", [](WebhookAlert& a) { a.server = "$(reboot)"; }, "refused", "label server"},
    Case{"wrong_server", [](WebhookAlert& a) { a.server = "shop-eu"; }, "refused", "shop-us is"},
    Case{"no_epoch", [](WebhookAlert& a) { a.epoch.clear(); }, "refused", "label epoch"},
    Case{"hex_epoch", [](WebhookAlert& a) { a.epoch = "0x3"; }, "refused", "label epoch"},
    Case{"signed_epoch", [](WebhookAlert& a) { a.epoch = "+3"; }, "refused", "label epoch"},
    Case{"huge_epoch", [](WebhookAlert& a) { a.epoch = "99999999999999999999"; }, "refused", "label epoch"},
    Case{"earlier_epoch", [](WebhookAlert& a) { a.epoch = "2"; }, "refused", "alert of an earlier reign"},
    Case{"later_epoch", [](WebhookAlert& a) { a.epoch = "4"; }, "refused", "alert of a later reign"},
    Case{"no_time", [](WebhookAlert& a) { a.starts_at.reset(); }, "refused", "startsAt"},
    Case{"ancient", [](WebhookAlert& a) { a.starts_at = WallTime::min(); }, "refused", "no time"},
    Case{"future", [](WebhookAlert& a) { a.starts_at = kNow + 31s; }, "refused", "future"},
    Case{"a_little_future", [](WebhookAlert& a) { a.starts_at = kNow + 29s; }, "", ""},
    Case{"old_is_for_the_worker", [](WebhookAlert& a) { a.starts_at = kNow - 24h; }, "", ""},
    Case{"watchdog", [](WebhookAlert& a) { a.action = "watchdog"; }, "noted", "watchdog"}};

class JudgeTable : public ::testing::TestWithParam<Case> {};

TEST_P(JudgeTable, GivesTheVerdictAndSaysWhy) {
  WebhookAlert alert = lost_primary();
  GetParam().change(alert);
  const auto judgement = judge_alert(alert, false, topology(), kReign, kNow);
  EXPECT_EQ(judgement.verdict, GetParam().verdict);
  EXPECT_THAT(judgement.reason, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(Table, JudgeTable, ::testing::ValuesIn(kTable),
                         [](const auto& table_case) { return table_case.param.name; });

// The thing that is wrong, then what to do about it: one sentence, for somebody who was woken up.
void expect_a_sentence_with_a_remedy(const std::string& reason) {
  EXPECT_THAT(reason, ::testing::MatchesRegex("[a-zA-Z][^:;]+(: |; ).{10,}[^.]")) << "no remedy";
  EXPECT_THAT(reason, ::testing::Not(HasSubstr("\n")));
  EXPECT_LT(reason.size(), 260U) << reason;
}

TEST(Judge, SaysInEveryRefusalWhatIsWrongAndWhatToDo) {
  size_t refused = 0;
  for (const Case& one : kTable) {
    WebhookAlert alert = lost_primary();
    one.change(alert);
    const auto judgement = judge_alert(alert, false, topology(), kReign, kNow);
    if (judgement.verdict != "refused") continue;
    SCOPED_TRACE(one.name);
    ++refused;
    expect_a_sentence_with_a_remedy(judgement.reason);
  }
  EXPECT_EQ(refused, 20U);
  expect_a_sentence_with_a_remedy(judge_alert(lost_primary(), true, topology(), kReign, kNow).reason);
  expect_a_sentence_with_a_remedy(judge_alert(lost_primary(), false, topology(), std::nullopt, kNow).reason);
  const Reign gone{"shop", 3, "shop-ap", 1, "77", kNow};
  WebhookAlert of_gone = lost_primary();
  of_gone.server = "shop-ap";
  const std::string reason = judge_alert(of_gone, false, topology(), gone, kNow).reason;
  EXPECT_THAT(reason, HasSubstr("shop-ap is not in the topology"));
  expect_a_sentence_with_a_remedy(reason);
}

TEST(Judge, ActsOnNothingInATruncatedDelivery) {
  const auto judgement = judge_alert(lost_primary(), true, topology(), kReign, kNow);
  EXPECT_EQ(judgement.verdict, "refused");
  EXPECT_THAT(judgement.reason, HasSubstr("truncated"));
}

TEST(Judge, RefusesWhileTheClusterHasNoEpoch) {
  const auto judgement = judge_alert(lost_primary(), false, topology(), std::nullopt, kNow);
  EXPECT_EQ(judgement.verdict, "refused");
  EXPECT_THAT(judgement.reason, HasSubstr("no epoch was adopted"));
}

TEST(Judge, CountsOnlyAFiringWatchdogAsASightOfTheTriggerPath) {
  WebhookAlert watchdog;
  watchdog.action = "watchdog";
  watchdog.status = AlertStatus::kFiring;
  EXPECT_TRUE(judge_alert(watchdog, false, topology(), kReign, kNow).watchdog);
  watchdog.status = AlertStatus::kResolved;
  EXPECT_FALSE(judge_alert(watchdog, false, topology(), kReign, kNow).watchdog);
}

TEST(Harmless, CutsAndEscapesWhatIsNoPlainText) {
  EXPECT_EQ(harmless("us-east 1"), "us-east 1");
  EXPECT_EQ(harmless("a\"b\\c\n<\x1b"), "a\\x22b\\x5cc\\x0a\\x3c\\x1b");
  EXPECT_EQ(harmless("ü"), "\\xc3\\xbc");
  EXPECT_LE(harmless(std::string(100'000, '\xff')).size(), 140U);
}

TEST(ParseDelivery, TakesOnlyVersion4AndIgnoresWhatItDoesNotKnow) {
  EXPECT_EQ(parse_delivery(R"({"version":"4","alerts":[],"notification_reason":"x","routeLabels":{}})")
                ->alerts.size(),
            0U);
  for (const char* wrong :
       {"", "{", "[]", "null", "{}", R"({"version":"4"})", R"({"version":4,"alerts":[]})",
        R"({"version":"5","alerts":[]})", R"({"version":"4","alerts":{}})", R"({"version":"4","alerts":[1]})",
        R"({"version":"4","alerts":[{}]})", R"({"version":"4","alerts":[{"status":"firing","labels":[]}]})",
        R"({"version":"4","alerts":[{"status":"firing","labels":{"cluster":1}}]})",
        R"({"version":"4","alerts":[{"labels":{}}]})",
        R"({"version":"4","alerts":[],"truncatedAlerts":"no"})", R"({"version":"4","alerts":[]} x)",
        "{\"version\":\"4\",\"alerts\":[],\"x\":\"\xff\"}"}) {
    EXPECT_FALSE(parse_delivery(wrong).has_value()) << wrong;
  }
}

TEST(ParseDelivery, BoundsTheNumberOfAlertsAndTheDepth) {
  std::string many = R"({"version":"4","alerts":[)";
  for (size_t i = 0; i <= kMaxAlertsPerDelivery; ++i) {
    many += std::string(i == 0 ? "" : ",") + R"({"status":"firing","labels":{}})";
  }
  EXPECT_THAT(parse_delivery(many + "]}").error().message, HasSubstr("5001 alerts"));
  EXPECT_FALSE(parse_delivery(R"({"version":"4","alerts":)" + std::string(50'000, '[')).has_value());
}

TEST(ParseDelivery, KeepsAnAlertWhoseTimeIsNone) {
  const auto delivery = parse_delivery(
      R"({"version":"4","alerts":[{"status":"firing","labels":{"cluster":"shop"},"startsAt":"yesterday"}]})");
  ASSERT_TRUE(delivery.has_value()) << delivery.error().message;
  EXPECT_FALSE(delivery->alerts[0].starts_at.has_value());
  EXPECT_EQ(delivery->alerts[0].cluster, "shop");
}

}  // namespace
}  // namespace farshore
