#include "common/topology/conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/topology/address.h"

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(Conninfo, ReadsQuotesAndSpacesAsLibpqDoes) {
  EXPECT_THAT(parse_conninfo("host = a  user='o\\'x y' dbname=a\\ b options=''").value(),
              UnorderedElementsAre(Pair("host", "a"), Pair("user", "o'x y"), Pair("dbname", "a b"),
                                   Pair("options", "")));
}

// Found by fuzzing against PQconninfoParse.
TEST(Conninfo, ABackslashAtTheEndEscapesNothingAndIsDropped) {
  EXPECT_EQ(parse_conninfo("host=a user=b\\").value().at("user"), "b");
  EXPECT_EQ(parse_conninfo("user=b\\\\").value().at("user"), "b\\");
  EXPECT_FALSE(parse_conninfo("user='b\\"));
}

TEST(Conninfo, AKeyIsAWordSoThatNoneCanMakeAUriOfWhatIsPrinted) {
  for (const char* text : {"b=1 postgresql://user=x", "a\\b=1", "Host=a", "1=2"})
    EXPECT_FALSE(parse_conninfo(text)) << text;
}

TEST(Conninfo, WhatIsPrintedIsReadBackTheSame) {
  const Conninfo conninfo = {{"host", "a"}, {"user", "o'x y\\"}, {"options", ""}};
  EXPECT_EQ(parse_conninfo(format_conninfo(conninfo)).value(), conninfo);
}

TEST(Conninfo, APasswordIsRefusedAndNeverRepeated) {
  const Status status = check_conninfo("host=a password=hunter2");
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("passfile"));
  EXPECT_THAT(status.error().message, Not(HasSubstr("hunter2")));
  const Status uri = check_conninfo("postgresql://u:hunter2@a/db");
  ASSERT_FALSE(uri);
  EXPECT_THAT(uri.error().message, Not(HasSubstr("hunter2")));
}

TEST(Conninfo, WhatWouldLookElsewhereIsRefused) {
  for (const char* wrong : {"host=a,b", "dbname=x", "host=a port=0", "host=a port=x", "host=a service=s",
                            "host", "host='a", "host=a host=b", "host=a target_session_attrs=read-write",
                            "host=a usr=x", "host=a require_auth=scram-sha-256" /* libpq 16 */, ""}) {
    EXPECT_FALSE(check_conninfo(wrong)) << wrong;
  }
  EXPECT_THAT(check_conninfo("host=a usr=x").error().message, HasSubstr("did you mean 'user'?"));
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

TEST(Address, HostAndPortAreBothNeeded) {
  EXPECT_EQ(parse_host_port("10.1.0.2:10187").value(), (HostPort{"10.1.0.2", 10187}));
  EXPECT_EQ(parse_host_port("[2001:db8::1]:53").value(), (HostPort{"2001:db8::1", 53}));
  for (const char* wrong :
       {"", "a", ":1", "a:", "a:0", "a:65536", "a:1x", "2001:db8::1:53", "a b:1", "[x]:1"}) {
    EXPECT_FALSE(parse_host_port(wrong)) << wrong;
  }
}

TEST(Address, ABaseUrlHasNothingAfterThePort) {
  EXPECT_TRUE(check_base_url("http://10.1.0.2:9090"));
  EXPECT_TRUE(check_base_url("https://[::1]:9090"));
  for (const char* wrong : {"10.1.0.2:9090", "http://a", "http://a:1/", "http://u:p@a:1", "ftp://a:1"}) {
    EXPECT_FALSE(check_base_url(wrong)) << wrong;
  }
}

TEST(Address, AHealthUrlHoldsNoUser) {
  EXPECT_TRUE(check_url("http://10.1.0.10:8080/healthz?require=writable"));
  EXPECT_TRUE(check_url("https://shop.example.com/healthz"));
  for (const char* wrong : {"http://u:p@a/x", "a/x", "http:///x", "http://a/x y"}) {
    EXPECT_FALSE(check_url(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace farshore
