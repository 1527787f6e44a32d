// What every failure is held to, whatever it is: a scrape is answered, the class is the right one and the
// only one, and nothing is claimed of a server that does not answer.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/exporter/failures/page.h"
#include "tests/exporter/failures/private_network.h"
#include "tests/exporter/running_exporter.h"
#include "tests/support/postgres_server.h"

namespace farshore::test {

inline const std::string kP = "server=\"p\"", kS = "server=\"s\"", kT = "server=\"t\"";

// All that may be said of a server that does not answer.
inline const std::set<std::string> kOfSilence = {"farshore_pg_up", "farshore_pg_failure",
                                                 "farshore_pg_state"};
inline const std::set<std::string> kVotes = {"refused", "timeout", "unreachable"};
inline const std::set<std::string> kNeither = {"dns", "tls", "closed"};

// A primary p and, when it is made, its standby s; the exporter watches what it is given.
class FailureTest : public testing::Test {
 protected:
  void watch(const Servers& servers) { exporter = std::make_unique<RunningExporter>(servers); }
  void make_pair(PostgresOptions primary_options = {}, std::vector<std::string> standby_settings = {}) {
    primary = PostgresFixture::make_primary(std::move(primary_options));
    standby = primary->make_standby(
        {.name = "standby", .port = 0, .settings = std::move(standby_settings), .hba = {}, .start = true});
  }
  void watch_pair() {
    watch({{"p", primary->conninfo()}, {"s", standby->conninfo()}});
    ASSERT_TRUE(wait_page([](const Page& page) {
      return page.value("farshore_pg_up", {kP}) == 1 && page.value("farshore_pg_up", {kS}) == 1 &&
             page.value("farshore_pg_wal_receiver_streaming", {kS}) == 1 &&
             page.value("farshore_replication_lag_seconds", {kS}) == 0;
    }));
  }
  // The body and all it starts in a network of their own, which must not outlive it.
  void in_network(const std::function<void()>& body) {
    in_private_network([&] {
      body();
      exporter.reset();
      standby.reset();
      primary.reset();
    });
  }
  // Throws, which fails the test, when there is no answer within the client's deadline.
  Page scrape() const { return Page(exporter->metrics()); }
  bool wait_page(const std::function<bool(const Page&)>& condition, nanoseconds limit = 20s) const {
    return wait_until([&] { return condition(scrape()); }, limit);
  }
  // That the server is down for this reason alone, that nothing else is said of it, and that it stays so.
  void expect_silent(const std::string& server, const std::string& failure) const {
    ASSERT_TRUE(wait_page([&](const Page& page) {
      return page.value("farshore_pg_failure", {server, "class=\"" + failure + "\""}) == 1;
    })) << server
        << " is never " << failure << "\n"
        << exporter->metrics();
    for (int time = 0; time < 5; ++time) {
      const Page page = scrape();
      EXPECT_EQ(page.value("farshore_pg_up", {server}), 0);
      EXPECT_THAT(page.set_to_one("farshore_pg_failure", "class", server), testing::ElementsAre(failure));
      EXPECT_EQ(page.names_with(server), kOfSilence);
      EXPECT_EQ(page.value("farshore_pg_state", {server}), kVotes.contains(failure)     ? 0
                                                           : kNeither.contains(failure) ? 1
                                                                                        : 2);
    }
  }
  void expect_answers(const std::string& server) const {
    const Page page = scrape();
    EXPECT_EQ(page.value("farshore_pg_up", {server}), 1);
    EXPECT_GE(page.value("farshore_pg_state", {server}), 3);
    EXPECT_THAT(page.set_to_one("farshore_pg_failure", "class", server), testing::IsEmpty());
  }
  bool wait_up(const std::string& server) const {
    return wait_page([&](const Page& page) { return page.value("farshore_pg_up", {server}) == 1; });
  }
  // Some WAL that a standby may lack.
  void write_some() const {
    primary->sql("CREATE TABLE IF NOT EXISTS t (x int); INSERT INTO t SELECT generate_series(1, 1000)");
  }
  // Behind by so much and more as time goes by, with no moment of zero in between.
  void expect_growing_lag() const {
    ASSERT_TRUE(wait_page([](const Page& page) {
      return page.value("farshore_replication_lag_bytes", {kS}).value_or(0) > 10000;
    }));
    const double first = scrape().value("farshore_replication_lag_seconds", {kS}).value_or(-1);
    EXPECT_GE(first, 0);
    double smallest = 1e9;
    EXPECT_TRUE(wait_page([&](const Page& page) {
      const double lag = page.value("farshore_replication_lag_seconds", {kS}).value_or(-1);
      smallest = std::min(smallest, lag);
      return lag > first + 0.5;
    }));
    EXPECT_GE(smallest, first);
  }

  std::unique_ptr<PostgresFixture> primary, standby;
  std::unique_ptr<RunningExporter> exporter;
};

}  // namespace farshore::test
