#include "common/topology/plain_text.h"

#include <gtest/gtest.h>

#include <string>

namespace farshore {
namespace {

TEST(PlainText, PathsThatNoProgramExpands) {
  for (const char* path : {"/data", "/var/lib/postgresql/15/main", "/srv/pg_15/a.b+c@d-e"})
    EXPECT_TRUE(check_plain_path(path)) << path;
  for (const char* path : {"", "/", "data", "/a b", "/a%h", "/a;b", "/a$b", "/a/../b", "/a/..", "/a//b",
                           "/a/", "/-a", "/a/-b", "/a\nb", "~/a", "/a*", "/a\"b"})
    EXPECT_FALSE(check_plain_path(path)) << path;
  EXPECT_FALSE(check_plain_path("/" + std::string(2000, 'a')));
}

TEST(PlainText, LoginNames) {
  for (const char* name : {"root", "postgres", "_farshore", "far-shore2"})
    EXPECT_TRUE(check_login_name(name)) << name;
  for (const char* name : {"", "-l", "2a", "Root", "a b", "a@b", "a;b"})
    EXPECT_FALSE(check_login_name(name)) << name;
  EXPECT_FALSE(check_login_name(std::string(33, 'a')));
}

TEST(PlainText, UnitNames) {
  for (const char* unit : {"postgresql@15-main.service", "patroni.service", "a:b_c.d.service"})
    EXPECT_TRUE(check_unit_name(unit)) << unit;
  for (const char* unit : {"", ".service", "postgresql", "a.target", "-a.service", "a b.service",
                           "a\\x2d.service", "$(a).service", "a/b.service", "service"})
    EXPECT_FALSE(check_unit_name(unit)) << unit;
}

}  // namespace
}  // namespace farshore
