#include "exporter/heartbeat/write_record.h"

#include <gtest/gtest.h>

#include <set>

namespace farshore {
namespace {

PolledAnswer answer_of(const std::string& sqlstate) {
  PolledAnswer answer;
  answer.sent = true;
  answer.failure = classify_sqlstate(sqlstate, "what the server says");
  return answer;
}

PolledAnswer row_of(PgRow row) {
  PolledAnswer answer;
  answer.sent = true;
  answer.rows = {std::move(row)};
  return answer;
}

TEST(WriteClasses, ATransactionNumberIsASuccess) {
  EXPECT_EQ(classify_write(row_of({"f", "f", std::nullopt, "731"})), WriteFailure::kNone);
}

TEST(WriteClasses, WithoutATransactionNumberTheServerSaysWhyNot) {
  EXPECT_EQ(classify_write(row_of({"t", "t", "default", std::nullopt})), WriteFailure::kInRecovery);
  EXPECT_EQ(classify_write(row_of({"f", "t", "configuration file", std::nullopt})), WriteFailure::kReadOnly);
  EXPECT_EQ(classify_write(row_of({"f", "t", "command line", std::nullopt})), WriteFailure::kReadOnly);
  EXPECT_EQ(classify_write(row_of({"f", "t", "global", std::nullopt})), WriteFailure::kReadOnly);
  for (const char* own : {"user", "database", "database user", "client", "session"})
    EXPECT_EQ(classify_write(row_of({"f", "t", own, std::nullopt})), WriteFailure::kRoleReadOnly) << own;
  EXPECT_EQ(classify_write(row_of({})), WriteFailure::kOther);
}

TEST(WriteClasses, EveryErrorHasItsClass) {
  const std::pair<const char*, WriteFailure> expected[] = {
      {"25006", WriteFailure::kReadOnly},  {"53100", WriteFailure::kDiskFull},
      {"53200", WriteFailure::kResources}, {"53400", WriteFailure::kOther},
      {"58030", WriteFailure::kIo},        {"XX001", WriteFailure::kDamaged},
      {"57014", WriteFailure::kTimeout},   {"57P01", WriteFailure::kClosed},
      {"", WriteFailure::kClosed},         {"42501", WriteFailure::kOther},
  };
  for (const auto& [sqlstate, failure] : expected)
    EXPECT_EQ(classify_write(answer_of(sqlstate)), failure) << sqlstate;
}

TEST(WriteClasses, WhatWasNeverSentIsNoWordAboutTheServersDisk) {
  PolledAnswer answer;
  answer.failure = classify_sqlstate("53300", "too many clients");
  EXPECT_EQ(classify_write(answer), WriteFailure::kNoSession);
  EXPECT_FALSE(means_sick(WriteFailure::kNoSession));
}

TEST(WriteClasses, SickIsOnlyWhatStopsTheApplicationsToo) {
  const std::set<WriteFailure> sick = {WriteFailure::kReadOnly,  WriteFailure::kDiskFull,
                                       WriteFailure::kResources, WriteFailure::kIo,
                                       WriteFailure::kDamaged,   WriteFailure::kTimeout};
  std::set<std::string_view> names;
  for (int i = 1; i <= static_cast<int>(WriteFailure::kSilent); ++i) {
    const auto failure = static_cast<WriteFailure>(i);
    EXPECT_EQ(means_sick(failure), sick.contains(failure)) << to_string(failure);
    EXPECT_FALSE(to_string(failure).empty());
    names.insert(to_string(failure));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(WriteFailure::kSilent));
  EXPECT_EQ(to_string(WriteFailure::kNone), "");
}

TEST(WriteStatement, AsksTheServerWhetherItMayBeforeItWrites) {
  for (const bool spills : {false, true}) {
    const std::string sql = write_statement(spills);
    EXPECT_NE(sql.find("CASE WHEN NOT r.in_recovery AND NOT r.read_only THEN pg_current_xact_id()"),
              std::string::npos);
    EXPECT_EQ(sql.find("generate_series") != std::string::npos, spills);
  }
}

}  // namespace
}  // namespace farshore
