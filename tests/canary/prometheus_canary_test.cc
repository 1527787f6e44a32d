// prometheus-cpp keeps every value as a double and prints it: WAL positions must survive that.
#include <gtest/gtest.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace farshore {
namespace {

std::string printed(double value) {
  prometheus::Registry registry;
  prometheus::BuildGauge().Name("lsn_bytes").Register(registry).Add({}).Set(value);
  const std::string text = prometheus::TextSerializer().Serialize(registry.Collect());
  const size_t at = text.rfind("lsn_bytes ");
  return text.substr(at + 10, text.size() - at - 11);
}

TEST(PrometheusCanary, AnLsnUpTo2To53IsPrintedWithoutLoss) {
  for (const double value : {1.0, 16777216.0, 123456789012345.0, 9007199254740991.0})
    EXPECT_EQ(std::stod(printed(value)), value) << printed(value);
}

TEST(PrometheusCanary, HostileLabelValuesAreEscaped) {
  prometheus::Registry registry;
  prometheus::BuildGauge().Name("g").Register(registry).Add({{"server", "a\"\n\\b"}}).Set(1);
  const std::string text = prometheus::TextSerializer().Serialize(registry.Collect());
  EXPECT_NE(text.find(R"(g{server="a\"\n\\b"} 1)"), std::string::npos) << text;
}

}  // namespace
}  // namespace farshore
