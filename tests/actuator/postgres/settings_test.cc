#include "actuator/postgres/settings.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace farshore
