#include "actuator/check/judge_servers.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace farshore {
namespace {

const ServerConfig& config_of(const std::string& name) {
  static std::map<std::string, ServerConfig> configs;
  ServerConfig& config = configs[name];
  config.name = name;
  return config;
}

ServerReading sound(const std::string& name, bool in_recovery) {
  ServerReading reading;
  reading.config = &config_of(name);
  reading.version = 150018;
  reading.monitors = true;
  reading.facts.in_recovery = in_recovery;
  reading.facts.system_identifier = "7";
  reading.facts.timeline = 1;
  if (in_recovery) reading.facts.receiver.emplace();
  reading.settings = {{"wal_receiver_timeout", "2000"},   {"wal_receiver_status_interval", "1"},
                      {"synchronous_standby_names", ""},  {"primary_slot_name", in_recovery ? "eu" : ""},
                      {"max_connections", "100"},         {"max_worker_processes", "8"},
                      {"max_wal_senders", "10"},          {"max_prepared_transactions", "0"},
                      {"max_locks_per_transaction", "64"}};
  if (!in_recovery) reading.slots = {{"eu", true}};
  reading.look.emplace();
  reading.look->epoch_row = EpochRow{"shop", 1, "shop-us"};
  return reading;
}

// What is not ok: "fail text" or "warn text", a line each.
std::string troubles(const std::vector<CheckLine>& lines) {
  std::string text;
  for (const CheckLine& line : lines)
    if (line.state != CheckState::kOk) text += fmt::format("{} {}\n", to_string(line.state), line.text);
  return text;
}
std::string of_server(const ServerReading& reading) { return troubles(judge_server(reading, {})); }
std::string of_cluster(const std::vector<ServerReading>& readings) {
  return troubles(judge_cluster("shop", readings));
}

class JudgeTest : public ::testing::Test {
 protected:
  ServerReading us = sound("shop-us", false), eu = sound("shop-eu", true);
};

TEST_F(JudgeTest, SoundServersPass) {
  EXPECT_EQ(of_server(us) + of_server(eu) + of_cluster({us, eu}), "");
  EXPECT_GE(judge_server(eu, {}).size(), 4u);
  EXPECT_GE(judge_cluster("shop", {us, eu}).size(), 5u);
}

TEST_F(JudgeTest, AnUnreadableServerFailsOnceForEachRoleAndIsNotJudgedFurther) {
  eu.monitor_error = "timeout";
  eu.admin_error = "timeout";
  eu.look.reset();
  EXPECT_EQ(of_server(eu),
            "fail the monitoring role is not let in: timeout\nfail the admin role is not let in: timeout\n");
  EXPECT_EQ(of_cluster({us, eu}), "");
}

TEST_F(JudgeTest, OtherVersionsThan13To17Fail) {
  for (const int version : {120001, 180001}) {
    us.version = version;
    EXPECT_EQ(of_server(us), fmt::format("fail PostgreSQL {} is not supported\n", version / 10000));
  }
  for (const int version : {130001, 170001}) {
    us.version = version;
    EXPECT_EQ(of_server(us), "");
  }
}

TEST_F(JudgeTest, ReceiverSettingsMustFitTheWindowOfEvidence) {
  eu.settings["wal_receiver_timeout"] = "2001";
  EXPECT_NE(of_server(eu).find("wal_receiver_timeout is 2001 ms"), std::string::npos);
  FailoverSettings wide;
  wide.evidence_window = 4s;
  EXPECT_EQ(troubles(judge_server(eu, wide)), "");
  eu.settings["wal_receiver_timeout"] = "0";
  EXPECT_EQ(of_server(eu), "fail wal_receiver_timeout is off\n");
  eu.settings["wal_receiver_timeout"] = "1000";
  for (const char* interval : {"0", "10"}) {
    eu.settings["wal_receiver_status_interval"] = interval;
    EXPECT_EQ(of_server(eu), fmt::format("fail wal_receiver_status_interval is {} s\n", interval));
  }
}

TEST_F(JudgeTest, AClockThatIsMoreThanASecondOffWarns) {
  us.clock_ahead = 900ms;
  EXPECT_EQ(of_server(us), "");
  us.clock_ahead = -3500ms;
  EXPECT_EQ(of_server(us), "warn its clock is 3.5 s behind of ours\n");
}

TEST_F(JudgeTest, AStandbyThatDelaysOrDoesNotStreamFails) {
  eu.look->apply_delay = 30s;
  EXPECT_EQ(of_server(eu), "fail recovery_min_apply_delay is 30 s: it is no candidate\n");
  eu.look->apply_delay = 0s;
  eu.facts.receiver.reset();
  EXPECT_EQ(of_server(eu), "fail it does not stream\n");
}

TEST_F(JudgeTest, ThereIsExactlyOnePrimary) {
  eu.facts.in_recovery = false;
  EXPECT_EQ(of_cluster({us, eu}), "fail several servers are primaries: shop-us, shop-eu\n");
  us.facts.in_recovery = eu.facts.in_recovery = true;
  EXPECT_EQ(of_cluster({us, eu}), "fail no server is a primary\n");
  EXPECT_EQ(of_cluster({sound("shop-us", false)}), "warn there is no standby\n");
}

TEST_F(JudgeTest, AllServersBelongTogether) {
  eu.facts.system_identifier = "8";
  EXPECT_EQ(of_cluster({us, eu}), "fail shop-eu belongs to another system\n");
  eu.facts.system_identifier = "7";
  eu.facts.timeline = 2;
  EXPECT_EQ(of_cluster({us, eu}), "fail shop-eu is on timeline 2, the primary on 1\n");
  eu.facts.timeline = 1;
  eu.look->epoch_row.reset();
  EXPECT_EQ(of_cluster({us, eu}), "fail shop-eu does not hold the row of epoch 1: it did not follow\n");
  us.look->epoch_row.reset();
  EXPECT_EQ(of_cluster({us, eu}), "warn farshore.epoch holds no row yet\n");
}

TEST_F(JudgeTest, EachSettingOfTheStandbyHasRoomForThePrimarys) {
  for (const char* name : {"max_connections", "max_worker_processes", "max_wal_senders",
                           "max_prepared_transactions", "max_locks_per_transaction"}) {
    us.settings[name] = "101";
    EXPECT_EQ(of_cluster({us, eu}).find(fmt::format("fail {} of shop-eu is ", name)), 0u) << name;
    us.settings[name] = eu.settings[name] = "101";
    EXPECT_EQ(of_cluster({us, eu}), "") << name;
  }
}

TEST_F(JudgeTest, TheSlotOfAStandbyIsThereAndUsed) {
  us.slots = {{"eu", false}};
  EXPECT_EQ(of_cluster({us, eu}), "warn the slot eu of shop-eu is not in use\n");
  us.slots.clear();
  EXPECT_EQ(of_cluster({us, eu}), "fail the slot eu of shop-eu is not on the primary\n");
  eu.settings["primary_slot_name"] = "";
  EXPECT_EQ(of_cluster({us, eu}).find("warn shop-eu uses no replication slot"), 0u);
}

}  // namespace
}  // namespace farshore
