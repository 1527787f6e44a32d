#include "common/cli/command_line.h"

#include <gtest/gtest.h>

#include <sstream>

namespace farshore {
namespace {

class CommandLineTest : public testing::Test {
 protected:
  std::optional<int> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "farshore-test");
    return line.parse(static_cast<int>(words.size()), words.data(), out, err);
  }

  CommandLine line{"farshore-test", "A program under test."};
  std::ostringstream out, err;
};

TEST_F(CommandLineTest, TakesDottedFlagsInBothForms) {
  std::string file, address = ":10187";
  int64_t limit = 5;
  line.root().flag("config.file", file, "The file.", Need::kRequired);
  line.root().flag("web.listen-address", address, "Where to listen.").flag("limit", limit, "A number.");
  EXPECT_EQ(parse({"--config.file=/etc/farshore.yml", "--web.listen-address", "127.0.0.1:0"}), std::nullopt);
  EXPECT_EQ(file, "/etc/farshore.yml");
  EXPECT_EQ(address, "127.0.0.1:0");
  EXPECT_EQ(limit, 5);
}

TEST_F(CommandLineTest, AMissingRequiredFlagIsAUsageErrorThatNamesIt) {
  std::string file;
  line.root().flag("config.file", file, "The file.", Need::kRequired);
  EXPECT_EQ(parse({}), kExitUsage);
  EXPECT_NE(err.str().find("--config.file"), std::string::npos) << err.str();
  EXPECT_EQ(out.str(), "");
}

TEST_F(CommandLineTest, UnknownFlagsAndWordsAreRefused) {
  std::string file;
  line.root().flag("config.file", file, "The file.");
  EXPECT_EQ(parse({"--config.fil=x"}), kExitUsage);
  EXPECT_EQ(parse({"stray"}), kExitUsage);
}

TEST_F(CommandLineTest, AFlagGivenTwiceIsRefusedUnlessRepeatable) {
  std::string once;
  std::vector<std::string> many;
  line.root().flag("once", once, "Once.").flag("server", many, "A server.");
  EXPECT_EQ(parse({"--once=a", "--once=b"}), kExitUsage);
  EXPECT_EQ(parse({"--server=a", "--server", "b"}), std::nullopt);
  EXPECT_EQ(many, (std::vector<std::string>{"a", "b"}));
}

TEST_F(CommandLineTest, AChoiceRefusesOtherWords) {
  LogFlags flags;
  flags.add_to(line.root());
  EXPECT_EQ(parse({"--log.level=loud"}), kExitUsage);
  EXPECT_EQ(parse({"--log.level=debug", "--log.format=json"}), std::nullopt);
  EXPECT_EQ(flags.format, "json");
}

TEST_F(CommandLineTest, NumbersMustBeNumbers) {
  int64_t limit = 0;
  line.root().flag("limit", limit, "A number.");
  EXPECT_EQ(parse({"--limit=many"}), kExitUsage);
  EXPECT_EQ(parse({"--limit=-3"}), std::nullopt);
  EXPECT_EQ(limit, -3);
}

TEST_F(CommandLineTest, VersionGoesToStandardOutputAndNeedsNoOtherFlag) {
  std::string file;
  line.root().flag("config.file", file, "The file.", Need::kRequired);
  EXPECT_EQ(parse({"--version"}), kExitOk);
  EXPECT_EQ(out.str().rfind("farshore-test, version 0.", 0), 0U) << out.str();
  EXPECT_EQ(err.str(), "");
}

TEST_F(CommandLineTest, HelpListsFlagsWithTheirDefaults) {
  std::string address = ":10187";
  line.root().flag("web.listen-address", address, "Where to listen.");
  EXPECT_EQ(parse({"--help"}), kExitOk);
  EXPECT_NE(out.str().find("--web.listen-address"), std::string::npos);
  EXPECT_NE(out.str().find(":10187"), std::string::npos);
}

TEST_F(CommandLineTest, HelpListsTheDefaultOfARepeatableFlagAsOneWouldWriteIt) {
  std::vector<std::string> addresses = {":10187"}, none;
  line.root().flag("web.listen-address", addresses, "Where to listen.").flag("server", none, "A server.");
  EXPECT_EQ(parse({"--help"}), kExitOk);
  EXPECT_NE(out.str().find("--web.listen-address TEXT=:10187 "), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("--server TEXT ..."), std::string::npos) << out.str();
  EXPECT_EQ(parse({"--web.listen-address=127.0.0.1:1"}), std::nullopt);
  EXPECT_EQ(addresses, std::vector<std::string>{"127.0.0.1:1"}) << "not beside the default";
}

class SubcommandTest : public CommandLineTest {
 protected:
  SubcommandTest() {
    line.root().flag("actuator.url", url, "Where the actuator is.").must_choose();
    pause.positional("cluster", cluster, "Which cluster.").flag("reason", reason, "Why.");
    generate.must_choose();
  }

  std::string url, cluster, reason;
  Command& status = line.root().command("status", "Shows the state.");
  Command& pause = line.root().command("pause", "Stops automatic failover.");
  Command& generate = line.root().command("generate", "Renders files.");
  Command& rules = generate.command("rules", "Alert rules.");
};

TEST_F(SubcommandTest, ASubcommandTakesPositionalsAndFlagsOfTheProgram) {
  EXPECT_EQ(parse({"pause", "shop", "--reason", "maintenance", "--actuator.url=http://x"}), std::nullopt);
  EXPECT_TRUE(pause.chosen());
  EXPECT_FALSE(status.chosen());
  EXPECT_EQ(cluster, "shop");
  EXPECT_EQ(reason, "maintenance");
  EXPECT_EQ(url, "http://x");
}

TEST_F(SubcommandTest, NestedSubcommandsAreChosenTogether) {
  EXPECT_EQ(parse({"generate", "rules"}), std::nullopt);
  EXPECT_TRUE(generate.chosen());
  EXPECT_TRUE(rules.chosen());
}

TEST_F(SubcommandTest, WithoutASubcommandOrItsPositionalItIsAUsageError) {
  EXPECT_EQ(parse({}), kExitUsage);
  EXPECT_EQ(parse({"pause"}), kExitUsage);
  EXPECT_EQ(parse({"generate"}), kExitUsage);
  EXPECT_EQ(parse({"explode"}), kExitUsage);
}

TEST_F(SubcommandTest, HelpOfASubcommandIsAboutIt) {
  EXPECT_EQ(parse({"pause", "--help"}), kExitOk);
  EXPECT_NE(out.str().find("cluster"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("Stops automatic failover."), std::string::npos) << out.str();
}

}  // namespace
}  // namespace farshore
