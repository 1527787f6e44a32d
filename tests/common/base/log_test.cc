#include "common/base/log.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "common/base/utf8.h"

namespace farshore {
namespace {

const WallTime kTime = WallTime(1795331628970ms);  // 2026-11-22T07:13:48.970Z

std::string logfmt(std::string_view message, LogFields fields = {}) {
  return render_log_line(LogFormat::kLogfmt, kTime, LogLevel::kInfo, message, fields);
}
std::string json(std::string_view message, LogFields fields = {}) {
  return render_log_line(LogFormat::kJson, kTime, LogLevel::kWarn, message, fields);
}

class Logging : public testing::Test {
 protected:
  void TearDown() override { init_logging(LogLevel::kInfo, LogFormat::kLogfmt); }
};

TEST_F(Logging, WritesLogfmtLikeThePrometheusFamily) {
  EXPECT_EQ(logfmt("webhook accepted",
                   {{"cluster", "shop"}, {"alerts", 2}, {"dry", true}, {"took_seconds", 250ms}}),
            "ts=2026-11-22T07:13:48.970Z level=info msg=\"webhook accepted\" cluster=shop alerts=2 dry=true "
            "took_seconds=0.25");
}

TEST_F(Logging, WritesOneJsonObject) {
  EXPECT_EQ(
      json("held", {{"run", std::string("r-1")}, {"epoch", uint64_t{18446744073709551615U}}, {"lag", -1}}),
      "{\"ts\":\"2026-11-22T07:13:48.970Z\",\"level\":\"warn\",\"msg\":\"held\",\"run\":\"r-1\","
      "\"epoch\":18446744073709551615,\"lag\":-1}");
}

TEST_F(Logging, HostileTextCannotForgeASecondLineOrField) {
  const std::string_view hostile = "ok\nts=1 level=info msg=\"forged\" \x1b[2J\xFF";
  for (const std::string& line : {logfmt(hostile, {{"name", hostile}}), json(hostile, {{"name", hostile}})}) {
    EXPECT_EQ(line.find_first_of("\n\r\x1b"), std::string::npos) << line;
    EXPECT_TRUE(is_valid_utf8(line));
    EXPECT_NE(line.find("ok\\nts=1 level=info msg=\\\"forged\\\""), std::string::npos) << line;
  }
}

TEST_F(Logging, QuotesInLogfmtOnlyWhereNeeded) {
  EXPECT_EQ(logfmt("m", {{"a", "x=y"}, {"b", "C:\\"}, {"c", "caf\xC3\xA9"}, {"d", ""}}),
            "ts=2026-11-22T07:13:48.970Z level=info msg=m a=\"x=y\" b=\"C:\\\\\" c=caf\xC3\xA9 d=");
}

TEST_F(Logging, CutsAHugeValueAndSaysHowMuchIsMissing) {
  const std::string line = logfmt(std::string(1 << 20, 'x'));
  EXPECT_LT(line.size(), 5000U);
  EXPECT_NE(line.find("(1044480 bytes more)"), std::string::npos);
}

TEST_F(Logging, NotANumberStaysValidJson) {
  EXPECT_NE(json("m", {{"v", std::numeric_limits<double>::quiet_NaN()}}).find("\"v\":\"nan\""),
            std::string::npos);
}

TEST_F(Logging, LevelAndFormatAreObeyed) {
  LogCapture capture;
  init_logging(LogLevel::kWarn, LogFormat::kJson);
  log_debug("one");
  log_info("two");
  log_warn("three");
  log_error("four");
  ASSERT_EQ(capture.lines().size(), 2U);
  EXPECT_NE(capture.lines()[0].find("\"level\":\"warn\",\"msg\":\"three\""), std::string::npos);
  EXPECT_TRUE(capture.contains("four"));
}

TEST_F(Logging, BracesInAMessageAreText) {
  LogCapture capture;
  log_info("{} {0} {");
  EXPECT_TRUE(capture.contains("msg=\"{} {0} {\""));
}

TEST_F(Logging, LinesOfManyThreadsStayWhole) {
  LogCapture capture;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([i] {
        for (int n = 0; n < 100; ++n) log_info("from a thread", {{"thread", i}, {"n", n}});
      });
  }
  const auto lines = capture.lines();
  ASSERT_EQ(lines.size(), 400U);
  for (const auto& line : lines) EXPECT_EQ(line.find("ts=", 1), std::string::npos);
}

TEST_F(Logging, NamesOfLevelsAndFormatsAreParsed) {
  EXPECT_EQ(parse_log_level("debug").value(), LogLevel::kDebug);
  EXPECT_EQ(parse_log_format("json").value(), LogFormat::kJson);
  EXPECT_EQ(parse_log_level("loud").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(parse_log_format("xml").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace farshore
