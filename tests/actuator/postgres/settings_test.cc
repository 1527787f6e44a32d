#include "actuator/postgres/settings.h"

#include <gtest/gtest.h>

#include "actuator/postgres/postgres_server.h"

namespace farshore {
namespace {

TEST(AlterSystem, AValueCannotEndItsLiteral) {
  EXPECT_EQ(alter_system("restore_command", "cp '/a/%f' \"%p\"").value(),
            R"(ALTER SYSTEM SET restore_command = 'cp ''/a/%f'' "%p"')");
  EXPECT_EQ(alter_system("restore_command", R"(\'; DROP TABLE x; --)").value(),
            R"(ALTER SYSTEM SET restore_command =  E'\\''; DROP TABLE x; --')");
  EXPECT_FALSE(alter_system("restore_command", "a\nb"));
  EXPECT_FALSE(alter_system("restore_command", std::string_view("a\0b", 3)));
}

TEST(AlterSystem, OnlyWhatAFailoverChangesIsEverSet) {
  EXPECT_TRUE(alter_system("primary_conninfo", ""));
  for (const char* name : {"archive_command", "primary_conninfo ", "PRIMARY_CONNINFO", "", "x; SELECT 1"})
    EXPECT_EQ(alter_system(name, "").error().code, ErrorCode::kInvalidArgument) << name;
}

TEST(WithoutPassword, HidesItAndLeavesTheRest) {
  EXPECT_EQ(without_password("host=a user=b"), "host=a user=b");
  const std::string hidden = without_password("host=a password='s3 cret' user=b");
  EXPECT_EQ(hidden.find("s3"), std::string::npos);
  EXPECT_NE(hidden.find("host=a"), std::string::npos);
  EXPECT_EQ(without_password("host password=s3cret ="), "***");
}

TEST(ConninfoForNewPrimary, ChangesWhereAndNothingElse) {
  const auto changed = conninfo_for_new_primary(
      "user=repl passfile=/p host=10.1.0.5 hostaddr=10.1.0.5 port=6432 application_name=shop_eu "
      "sslmode=require",
      "host=10.2.0.5 dbname=postgres user=farshore_monitor port=5433");
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(*changed,
            "application_name=shop_eu host=10.2.0.5 passfile=/p port=5433 sslmode=require user=repl");
}

TEST(ConninfoForNewPrimary, TheDefaultPortIsNotTheOldOne) {
  EXPECT_EQ(conninfo_for_new_primary("user=r host=a port=6432", "host=b").value(), "host=b user=r");
}

TEST(ConninfoForNewPrimary, WithoutAHostOrAMeaningItIsRefused) {
  EXPECT_FALSE(conninfo_for_new_primary("user=r host=a", "port=1"));
  EXPECT_FALSE(conninfo_for_new_primary("user", "host=b"));
}

}  // namespace
}  // namespace farshore
