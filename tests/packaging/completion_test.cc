// The bash completion and the manual pages know the flags that the programs say they have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "tests/packaging/packages.h"

namespace farshore {
namespace {

using test::kPackages;
using test::output_of;
using test::Unpacked;
using testing::HasSubstr;
using testing::IsSupersetOf;

std::set<std::string> matches(const std::string& text, const std::regex& what) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), what), end; it != end; ++it) found.insert((*it)[1]);
  return found;
}

std::set<std::string> flags_in(const std::string& help) {
  return matches(help, std::regex("\n  (?:-[a-z],)?(--[a-z][a-z0-9.-]*)[ \n]"));
}

std::set<std::string> verbs_in(const std::string& help) {
  const auto at = help.find("\nSubcommands:\n");
  if (at == std::string::npos) return {};
  return matches(help.substr(at), std::regex("\n  ([a-z][a-z-]*) "));
}

class Program {
 public:
  explicit Program(const std::string& name) : name_(name), unpacked_(name) {}

  std::string help(std::vector<std::string> verbs = {}) const {
    verbs.insert(verbs.begin(), unpacked_.file("/usr/bin/" + name_));
    verbs.emplace_back("--help");
    return output_of(verbs);
  }

  // What bash offers for `line`, which begins after the program's name.
  std::set<std::string> offered(const std::string& line) const {
    static const std::string kDriver =
        "PATH=$1:$PATH; source \"$2\"; COMP_LINE=\"$3\"; COMP_POINT=${#COMP_LINE}; "
        "function=$(complete -p \"${3%% *}\" | sed -E 's/.* -F ([^ ]+) .*/\\1/'); \"$function\" \"${3%% "
        "*}\"; "
        "printf '%s\\n' \"${COMPREPLY[@]}\"";
    std::istringstream lines(
        output_of({"bash", "-c", kDriver, "bash", unpacked_.file("/usr/bin"),
                   unpacked_.file("/usr/share/bash-completion/completions/" + name_), name_ + " " + line}));
    std::set<std::string> words;
    for (std::string word; std::getline(lines, word);) {
      if (!word.empty()) words.insert(word);
    }
    return words;
  }

  std::string manual() const {
    const std::string section = name_ == "farshorectl" ? "1" : "8";
    const std::string page =
        output_of({"gzip", "-dc",
                   unpacked_.file("/usr/share/man/man" + section + "/" + name_ + "." + section + ".gz")});
    return std::regex_replace(page, std::regex(R"(\\-)"), "-");
  }

 private:
  std::string name_;
  Unpacked unpacked_;
};

TEST(Completion, OffersEveryFlagOfEveryProgram) {
  for (const std::string& name : kPackages) {
    const Program program(name);
    const auto flags = flags_in(program.help());
    EXPECT_GT(flags.size(), 4U) << name;
    EXPECT_EQ(program.offered("--"), flags) << name;
  }
}

TEST(Completion, OffersEveryVerbAndItsFlagsBesideThoseOfTheProgram) {
  const Program ctl("farshorectl");
  const auto verbs = verbs_in(ctl.help());
  const auto flags = flags_in(ctl.help());
  EXPECT_GT(verbs.size(), 10U);
  EXPECT_EQ(ctl.offered(""), verbs);
  for (const std::string& verb : verbs) {
    const auto offered = ctl.offered(verb + " --");
    EXPECT_THAT(offered, IsSupersetOf(flags_in(ctl.help({verb})))) << verb;
    EXPECT_THAT(offered, IsSupersetOf(flags)) << verb;
  }
}

TEST(Completion, GoesIntoVerbsOfVerbs) {
  const Program ctl("farshorectl");
  EXPECT_EQ(ctl.offered("--json generate "), verbs_in(ctl.help({"generate"})));
  EXPECT_THAT(ctl.offered("generate alertmanager --"), testing::Contains("--token-file"));
}

TEST(Completion, OffersTheWordsThatAFlagTakes) {
  const Program exporter("farshore-exporter");
  EXPECT_EQ(exporter.offered("--log.format="), (std::set<std::string>{"json", "logfmt"}));
  EXPECT_EQ(exporter.offered("--log.level in"), (std::set<std::string>{"info"}));
}

TEST(Completion, OffersFilesAsTheValueOfOtherFlags) {
  const test::TempDir folder;
  test::write_file(folder.file("topology.yml"), "");
  const Program actuator("farshore-actuator");
  EXPECT_EQ(actuator.offered("--config.file=" + folder.file("topo")),
            (std::set<std::string>{folder.file("topology.yml")}));
  EXPECT_EQ(actuator.offered("--config.file " + folder.file("topo")),
            (std::set<std::string>{folder.file("topology.yml")}));
}

TEST(ManualPages, NameEveryFlag) {
  for (const std::string& name : kPackages) {
    const Program program(name);
    const std::string manual = program.manual();
    auto flags = flags_in(program.help());
    for (const std::string& verb : verbs_in(program.help())) flags.merge(flags_in(program.help({verb})));
    flags.erase("--help");
    for (const std::string& flag : flags) EXPECT_THAT(manual, HasSubstr(flag)) << name;
  }
}

}  // namespace
}  // namespace farshore
