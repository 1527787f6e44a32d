#include "exporter/watch/application_watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/log.h"
#include "common/http/server.h"
#include "tests/common/http/raw_server.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using test::RawServer;
using test::wait_until;

constexpr WatchSettings kQuick{.interval = 100ms, .timeout = 500ms};

Topology with_applications(const std::vector<std::string>& urls) {
  Topology topology;
  ClusterConfig& cluster = topology.clusters.emplace_back();
  cluster.name = "shop";
  for (const std::string& url : urls) {
    ApplicationConfig& application = cluster.applications.emplace_back();
    application.name = fmt::format("app{}", cluster.applications.size() - 1);
    application.region = "us-east";
    application.health_url = url;
  }
  return topology;
}

// An application whose health can be changed.
class Application {
 public:
  Application() {
    HttpServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    Route route;
    route.method = "GET";
    route.path = "/healthz";
    route.handler = [this](const ServerRequest&) {
      const std::lock_guard lock(mutex_);
      return reply_;
    };
    server_ = std::move(*HttpServer::start(std::move(options), {route}));
  }
  void say(ServerReply reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
  }
  std::string url(const std::string& host = "127.0.0.1") const {
    return fmt::format("http://{}:{}/healthz", host, server_->port());
  }

 private:
  std::mutex mutex_;
  ServerReply reply_{200, "application/json", "{\"status\": \"ok\"}", {}};
  std::unique_ptr<HttpServer> server_;
};

ApplicationObservation seen(const ApplicationWatcher& watcher, size_t index = 0) {
  return (*watcher.list())[index];
}

bool wait_failure(const ApplicationWatcher& watcher, ApplicationFailure failure, size_t index = 0) {
  return wait_until([&] { return seen(watcher, index).finished && seen(watcher, index).failure == failure; });
}

TEST(ApplicationWatcher, FollowsTheHealthOfAnApplication) {
  Application application;
  ApplicationWatcher watcher(with_applications({application.url("localhost")}), kQuick, system_clock());
  EXPECT_EQ(seen(watcher).finished, std::nullopt);
  watcher.start();
  ASSERT_TRUE(wait_failure(watcher, ApplicationFailure::kNone));
  EXPECT_EQ(seen(watcher).status, 200);
  EXPECT_EQ(seen(watcher).state, "ok");
  ASSERT_TRUE(seen(watcher).last_success);
  application.say({503, "application/json", "{\"status\": \"down\"}", {}});
  ASSERT_TRUE(wait_failure(watcher, ApplicationFailure::kStatus));
  EXPECT_EQ(seen(watcher).status, 503);
  EXPECT_EQ(seen(watcher).state, "down");
  EXPECT_TRUE(seen(watcher).last_success) << "it is still true";
  application.say({302, "text/plain", "", {{"Location", "/healthz"}}});
  EXPECT_TRUE(wait_failure(watcher, ApplicationFailure::kRedirect));
  application.say({200, "application/json", "{\"status\"", {}});
  EXPECT_TRUE(wait_failure(watcher, ApplicationFailure::kBody));
  application.say({200, "text/plain", "fine", {}});
  ASSERT_TRUE(wait_failure(watcher, ApplicationFailure::kNone));
  EXPECT_EQ(seen(watcher).state, "");
}

TEST(ApplicationWatcher, WhatIsNotThereHasItsClassAndNoFigures) {
  const RawServer hangs("", RawServer::Then::kHang);
  ApplicationWatcher watcher(with_applications({fmt::format("http://127.0.0.1:{}/", test::free_port()),
                                                hangs.url(), "http://no-such-name.invalid/"}),
                             kQuick, system_clock());
  watcher.start();
  EXPECT_TRUE(wait_failure(watcher, ApplicationFailure::kRefused, 0));
  EXPECT_TRUE(wait_failure(watcher, ApplicationFailure::kTimeout, 1));
  EXPECT_TRUE(wait_failure(watcher, ApplicationFailure::kDns, 2));
  const auto list = watcher.list();
  for (const ApplicationObservation& each : *list) {
    EXPECT_EQ(each.status, std::nullopt);
    EXPECT_EQ(each.latency, std::nullopt);
    EXPECT_EQ(each.last_success, std::nullopt);
    EXPECT_NE(each.failure_text, "");
  }
}

TEST(ApplicationWatcher, OneThatHangsDelaysNoOtherAndNotTheEnd) {
  const RawServer hangs("", RawServer::Then::kHang);
  Application application;
  ApplicationWatcher watcher(with_applications({hangs.url(), application.url()}),
                             {.interval = 50ms, .timeout = 1h}, system_clock());
  watcher.start();
  for (int round = 0; round < 3; ++round) {
    const auto before = seen(watcher, 1).finished;
    ASSERT_TRUE(wait_until([&] { return seen(watcher, 1).finished != before; }));
  }
  EXPECT_EQ(seen(watcher, 0).finished, std::nullopt) << "its one probe is still under way";
}

TEST(ApplicationWatcher, TakesOverWhatWasSeenOfTheSameApplicationsAndStopsWithIt) {
  Application application;
  ApplicationWatcher watcher(with_applications({application.url()}), kQuick, system_clock());
  watcher.start();
  ASSERT_TRUE(wait_failure(watcher, ApplicationFailure::kNone));
  watcher.stop();
  ApplicationWatcher next(with_applications({application.url(), application.url()}), kQuick, system_clock());
  next.take_over(*watcher.list());
  EXPECT_EQ(seen(next, 0).finished, seen(watcher).finished);
  EXPECT_EQ(seen(next, 0).state, "ok");
  EXPECT_EQ(seen(next, 1).finished, std::nullopt) << "it was not there before";
}

TEST(ApplicationWatcher, SaysAChangeOnceAndNeverWhatTheUrlHolds) {
  const LogCapture log;
  Application application;
  ApplicationWatcher watcher(with_applications({application.url() + "?token=geheim"}), kQuick,
                             system_clock());
  watcher.start();
  ASSERT_TRUE(wait_failure(watcher, ApplicationFailure::kNone));
  application.say({500, "text/plain", "", {}});
  ASSERT_TRUE(wait_failure(watcher, ApplicationFailure::kStatus));
  const auto first = seen(watcher).finished;
  ASSERT_TRUE(wait_until([&] { return seen(watcher).finished != first; }));
  EXPECT_EQ(log.lines().size(), 2u);
  EXPECT_TRUE(log.contains("application is up"));
  EXPECT_TRUE(log.contains("class=status status=500"));
  EXPECT_FALSE(log.contains("geheim"));
}

}  // namespace
}  // namespace farshore
