// The whole actuator tells of its runs: to a real Alertmanager, and to receivers that hang, fail or are dead.
// No run waits for any of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/alertmanager_server.h"
#include "tests/support/http_listener.h"
#include "tests/support/whole/whole_actuator.h"

namespace farshore::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSilent =
    "route: {receiver: nobody, group_wait: 0s}\n"
    "receivers: [{name: nobody}]\n";

std::string webhook(const std::string& url) { return fmt::format("{{kind: webhook, url: \"{}\"}}", url); }

TEST(NotificationsOnRealServers, NoRunWaitsForWhoHangsFailsOrIsDead) {
  HttpListener slow({"/"}), fails({"/"}), limits({"/"}), good({"/"});
  slow.answer_after(10min);
  fails.answer(500);
  limits.answer(429);
  AlertmanagerServer alertmanager(kSilent);
  WholeOptions options;
  options.notify = fmt::format("[{}, {}, {}, {}, {}, {{kind: alertmanager, url: \"{}\"}}]",
                               webhook(slow.url("/")), webhook(fails.url("/")), webhook(limits.url("/")),
                               webhook(fmt::format("http://127.0.0.1:{}/", free_port())),
                               webhook(good.url("/")), alertmanager.url());
  WholeActuator world(options);
  world.start();
  ASSERT_TRUE(world.reign_is(1)) << world.log();
  ASSERT_TRUE(world.standby->wait_for_sql("SELECT count(*) FROM farshore.epoch", "1"));
  world.lose_primary();
  ASSERT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded")
      << world.run_text() << world.log();

  const JsonValue run = parse_json(world.run_text()).value();
  EXPECT_LT(run.get_double("actuator_seconds").value(), 15.0);
  EXPECT_TRUE(wait_until([&] { return good.count("shop-1/succeeded") == 1; }));
  EXPECT_EQ(good.count("\"event\":\"adopted\""), 1u);
  EXPECT_EQ(good.count("is the primary of epoch 2 after shop-us was lost"), 1u) << "the report";
  EXPECT_TRUE(wait_until([&] {
    const auto seen = run_command({"amtool", "--alertmanager.url=" + alertmanager.url(), "alert", "query",
                                   "alertname=FarshoreRunSucceeded", "run_id=shop-1", "-o", "json"});
    return seen.output.find("after shop-us was lost") != std::string::npos;
  })) << alertmanager.log();
  const std::string metrics = world.get("/metrics");
  EXPECT_THAT(metrics, HasSubstr("farshore_notifications_total{kind=\"alertmanager\",outcome=\"sent\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("farshore_notifications_total{kind=\"webhook\",outcome=\"failed\"} "));
}

// The journal's bytes, with what SQLite keeps beside it.
std::string journal_bytes(const WholeActuator& world) {
  std::string all;
  for (const auto& file : std::filesystem::directory_iterator(world.folder.file("storage")))
    if (file.is_regular_file()) all += read_file(file.path().string());
  return all;
}

TEST(NotificationsOnRealServers, WhatWasNotToldWhenItDiedIsToldByTheNextProcess) {
  HttpListener hook({"/T00SECRET"});
  hook.answer(500);
  WholeOptions options;
  options.notify = "[" + webhook(hook.url("/T00SECRET")) + "]";
  WholeActuator world(options);
  world.start();
  ASSERT_TRUE(world.reign_is(1)) << world.log();
  ASSERT_TRUE(world.standby->wait_for_sql("SELECT count(*) FROM farshore.epoch", "1"));
  world.lose_primary();
  ASSERT_EQ(world.wait_for_run({"succeeded", "held", "refused"}), "succeeded")
      << world.run_text() << world.log();
  ASSERT_TRUE(wait_until([&] { return hook.count("shop-1/succeeded") > 0; })) << "tried, and not taken";
  world.kill();
  const size_t before = hook.count("shop-1/succeeded");
  hook.answer(200);
  world.start();
  ASSERT_TRUE(wait_until([&] { return hook.count("shop-1/succeeded") == before + 1; })) << world.log();
  const ServerRequest told = hook.received().back();
  EXPECT_THAT(told.body, HasSubstr("is the primary of epoch 2 after shop-us was lost"));

  ASSERT_TRUE(wait_until([&] {
    return world.get("/metrics").find("kind=\"webhook\",outcome=\"sent\"} 1") != std::string::npos;
  }));
  const std::string receiver = "webhook " + hook.url("");
  ASSERT_TRUE(wait_until([&] { return journal_bytes(world).find(receiver) != std::string::npos; }));
  EXPECT_THAT(world.log(), HasSubstr(receiver));
  const std::string left = world.log() + world.get("/metrics") + journal_bytes(world);
  EXPECT_EQ(left.find("T00SECRET"), std::string::npos) << "the secret of the webhook's URL";
  world.kill();
  world.start();
  ASSERT_TRUE(world.reign_is(2));
  EXPECT_EQ(hook.count("shop-1/succeeded"), before + 1) << "once";
}

}  // namespace
}  // namespace farshore::test
