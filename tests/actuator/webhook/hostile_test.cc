// Label text of somebody who can post to an Alertmanager, on its whole way: webhook, journal, API, metrics,
// farshorectl and log. Nothing of it may come out as anything but harmless text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/log.h"
#include "common/json/json_value.h"
#include "common/json/json_writer.h"
#include "tests/actuator/webhook/stream_world.h"

namespace farshore::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A piece of each that must be nowhere in an answer as it is here; empty: as text it harms nobody.
struct Hostile {
  const char* name;
  std::string text, never;
};

const std::vector<Hostile>& hostiles() {
  static const std::vector<Hostile> all = {
      {"quotes", R"(a"b'c`d)", "a\"b"},
      {"sql", "shop'; DROP TABLE alerts;--\n", "--\n"},
      {"shell", "$(reboot)`reboot`;reboot|reboot&&reboot\n", "&&reboot"},
      {"path", "../../../etc/passwd%00/x", ""},
      {"html", "<script>alert(1)</script>", "<script>"},
      {"terminal", "\x1b[2J\x1b]0;gone\x07", "\x1b"},
      {"line_breaks", "shop\r\nSet-Cookie: a=b\r\n\r\nfarshore_up 1\n", "\r\nSet-Cookie"},
      {"go_template", "{{ .Labels }}{}{0}%s%n\\", "%n\\\""},
      {"right_to_left", "shop\u202egpj.exe", "\u202e"},
      {"c1_control", "shop\u009b2J", "\u009b"},
      {"emoji", "shop \U0001F600", "\U0001F600"},
      {"nul", std::string("shop\0x", 6), std::string("shop\0", 5)},
      {"sixty_four_kib", std::string(65'536, 'x'), std::string(200, 'x')}};
  return all;
}

std::string hostile_alert(const std::string& label, const std::string& text) {
  JsonWriter writer;
  writer.begin_object().field("status", "firing").object("labels");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"alertname", "FarshorePrimaryDown"},
                                                        {"farshore_action", "failover"},
                                                        {"cluster", "shop"},
                                                        {"region", "us-east"},
                                                        {"server", "shop-us"},
                                                        {"epoch", "1"},
                                                        {"note", text}})
    writer.field(name, name == label ? text : value);
  writer.end_object().field("startsAt", label == "startsAt" ? text : "2026-11-22T07:14:00Z");
  writer.field("generatorURL", text).field("fingerprint", label == "fingerprint" ? text : "ab").end_object();
  return writer.str();
}

bool is_printable_ascii(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c < '\x7f'); });
}

// But those of the newest run, which appear with the run that an alert with a strange fingerprint opens, and
// of the rehearsal, which comes when it comes and then says that a run is open.
std::vector<std::string> series(const std::string& metrics) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin < metrics.size();) {
    const size_t end = std::min(metrics.find('\n', begin), metrics.size());
    const std::string line = metrics.substr(begin, end - begin);
    if (line.find("farshore_run_") == std::string::npos &&
        line.find("farshore_failover_") == std::string::npos)
      names.push_back(line.starts_with("#") ? line : line.substr(0, line.rfind(' ')));
    begin = end + 1;
  }
  return names;
}

class HostileLabels : public ::testing::TestWithParam<Hostile> {
 protected:
  HostileLabels() { init_logging(LogLevel::kInfo, LogFormat::kLogfmt); }
  LogCapture log;
  StreamWorld world;
};

INSTANTIATE_TEST_SUITE_P(All, HostileLabels, ::testing::ValuesIn(hostiles()),
                         [](const auto& each) { return each.param.name; });

TEST_P(HostileLabels, ComeOutAsHarmlessTextEverywhere) {
  const Hostile& hostile = GetParam();
  const auto before = series(world.get("/metrics"));
  const std::vector<std::string> labels = {"alertname", "farshore_action", "cluster",  "region",
                                           "server",    "epoch",           "startsAt", "fingerprint"};
  for (const std::string& label : labels)
    ASSERT_EQ(world.deliver(body_json({hostile_alert(label, hostile.text)})).status, 202) << label;
  ASSERT_TRUE(world.decided());
  // A fingerprint is never used but to compare; everything else that is wrong is refused.
  const auto verdicts = world.verdicts();
  ASSERT_EQ(verdicts.size(), labels.size());
  for (size_t i = 0; i + 1 < labels.size(); ++i)
    EXPECT_TRUE(verdicts[i].starts_with("refused: ")) << labels[i];

  const std::string alerts = world.get("/api/v1/alerts");
  const auto parsed = parse_json(alerts, size_t{1} << 22);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->get_array("alerts")->size(), labels.size());
  EXPECT_TRUE(is_printable_ascii(alerts));
  EXPECT_TRUE(hostile.never.empty() || alerts.find(hostile.never) == std::string::npos);
  EXPECT_LT(alerts.size(), 10'000U);
  for (size_t id = 1; id <= labels.size(); ++id) {
    const CtlAnswer why = world.ctl({"why", std::to_string(id)});
    EXPECT_EQ(why.exit_code, 0) << why.err;
    EXPECT_TRUE(is_printable_ascii(why.out)) << why.out;
    EXPECT_TRUE(hostile.never.empty() || why.out.find(hostile.never) == std::string::npos) << why.out;
  }
  const std::string metrics = world.get("/metrics");
  std::vector<std::string> appeared = series(metrics);
  std::erase_if(appeared,
                [&](const std::string& name) { return std::ranges::find(before, name) != before.end(); });
  EXPECT_THAT(appeared, ::testing::IsEmpty()) << "a label made a time series";
  EXPECT_TRUE(is_printable_ascii(metrics));
  EXPECT_TRUE(hostile.never.empty() || metrics.find(hostile.never) == std::string::npos);
  for (const std::string& line : log.lines()) {
    EXPECT_TRUE(is_printable_ascii(line)) << line;
    EXPECT_THAT(line, Not(HasSubstr("\n")));
    EXPECT_LT(line.size(), 2000U);
  }
}

TEST(HostileBodies, InvalidUtf8IsNoDeliveryAndNothingOfItIsKept) {
  const LogCapture log;
  StreamWorld world;
  for (const std::string& bytes :
       {std::string("\xff\xfe"), std::string("\xc0\xaf"), std::string("\xed\xa0\x80")}) {
    LossReport loss;
    loss.cluster = bytes;
    const auto answer = world.deliver(body_json({alert_json(loss)}));
    EXPECT_EQ(answer.status, 400);
    EXPECT_TRUE(is_printable_ascii(answer.body)) << answer.body;
  }
  EXPECT_TRUE(world.verdicts().empty());
  EXPECT_THAT(world.get("/metrics"), HasSubstr("farshore_webhook_refused_total{reason=\"malformed\"} 3\n"));
}

}  // namespace
}  // namespace farshore::test
