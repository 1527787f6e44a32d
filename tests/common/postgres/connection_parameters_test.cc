#include "common/postgres/connection_parameters.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

ConnectionParameters parsed(const std::string& text) {
  Result<ConnectionParameters> result = ConnectionParameters::parse(text);
  if (!result) throw std::runtime_error(result.error().message);
  return *result;
}

TEST(ConnectionParameters, OnlyNamesNeedResolving) {
  EXPECT_EQ(parsed("host=db.example.com").name_to_resolve(), "db.example.com");
  EXPECT_EQ(parsed("host=10.1.0.5").name_to_resolve(), "");
  EXPECT_EQ(parsed("host=2001:db8::1").name_to_resolve(), "");
  EXPECT_EQ(parsed("host=/var/run/postgresql").name_to_resolve(), "");
  EXPECT_EQ(parsed("host=db.example.com hostaddr=10.1.0.5").name_to_resolve(), "");
  EXPECT_EQ(parsed("dbname=x").name_to_resolve(), "");
  EXPECT_EQ(parsed("postgresql://u@db.example.com:5433/x").name_to_resolve(), "db.example.com");
}

TEST(ConnectionParameters, KeepTheNameForCertificatesWhenAddressesAreKnown) {
  ConnectionParameters parameters = parsed("host=db port=5433");
  parameters.use_addresses({"10.0.0.1", "10.0.0.2"});
  EXPECT_EQ(parameters.get("host"), "db,db");
  EXPECT_EQ(parameters.get("hostaddr"), "10.0.0.1,10.0.0.2");
  EXPECT_EQ(parameters.get("port"), "5433");
}

TEST(ConnectionParameters, OurDefaultsYieldToWhatTheFileSays) {
  ConnectionParameters parameters = parsed("host=a application_name=mine options='-c work_mem=1MB'");
  parameters.set_session_defaults("farshore", std::chrono::milliseconds(1500));
  parameters.add_setting("statement_timeout", "1500");
  EXPECT_EQ(parameters.get("application_name"), "mine");
  EXPECT_EQ(parameters.get("tcp_user_timeout"), "1500");
  EXPECT_EQ(parameters.get("keepalives_idle"), "2");
  EXPECT_EQ(parameters.get("options"), "-c work_mem=1MB -c statement_timeout=1500");
}

TEST(ConnectionParameters, ErrorsNeverRepeatAPassword) {
  const auto result = ConnectionParameters::parse("host=a password=hunter2 geheim");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(result.error().message.find("geheim"), std::string::npos);
}

}  // namespace
}  // namespace farshore
