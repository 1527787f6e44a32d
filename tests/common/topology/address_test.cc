#include "common/topology/address.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

TEST(Address, AUrlLeadsToItsHostAndPort) {
  const auto leads = [](const char* url) { return host_port_of_url(url).value_or(HostPort{}); };
  EXPECT_EQ(leads("http://app.example/healthz?x=1"), (HostPort{"app.example", 80}));
  EXPECT_EQ(leads("https://app.example"), (HostPort{"app.example", 443}));
  EXPECT_EQ(leads("http://10.1.0.10:8080/healthz"), (HostPort{"10.1.0.10", 8080}));
  EXPECT_EQ(leads("https://[::1]:8443/"), (HostPort{"::1", 8443}));
}

TEST(Address, WhatIsNoUrlLeadsNowhere) {
  for (const char* url : {"", "ftp://a/", "http://", "http://user@a/", "http://a:0/", "http://a b/"})
    EXPECT_FALSE(host_port_of_url(url)) << url;
}

TEST(Address, ATargetMayBeWrittenInMoreThanOneWay) {
  EXPECT_TRUE(same_target("2001:db8::1", "2001:DB8:0:0:0:0:0:1"));
  EXPECT_TRUE(same_target("DB.example.com.", "db.example.com"));
  EXPECT_FALSE(same_target("192.0.2.1", "192.0.2.10"));
}

}  // namespace
}  // namespace farshore
