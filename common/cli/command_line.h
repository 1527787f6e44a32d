// Flags in the manner of the Prometheus family: --config.file=FILE, --web.listen-address, --version, --help.
//
//   CommandLine line("farshore-exporter", "Observes every server of the topology from one vantage.");
//   line.root().flag("config.file", file, "The topology file.", Need::kRequired);
//   if (const auto exit_code = line.parse(argc, argv)) return *exit_code;
//
// A flag takes `--name=value` or `--name value`, once unless its target is a vector; a target keeps its value
// as the default when the flag is absent. Nothing is read from the environment. Not thread-safe; used in main
// only.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/log.h"

namespace farshore {

// Exit codes every program shares; farshorectl adds its own from 3 on.
inline constexpr int kExitOk = 0;       // also --help and --version
inline constexpr int kExitFailure = 1;  // it was tried and did not succeed
inline constexpr int kExitUsage = 2;    // the command line is wrong; nothing was tried

enum class Need { kOptional, kRequired };

// The program itself or one of its subcommands. Lives as long as its CommandLine; targets must outlive
// parse().
class Command {
 public:
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Command& flag(const std::string& name, std::string& target, const std::string& help,
                Need need = Need::kOptional);
  Command& flag(const std::string& name, int64_t& target, const std::string& help,
                Need need = Need::kOptional);
  // Repeatable: --name=a --name=b.
  Command& flag(const std::string& name, std::vector<std::string>& target, const std::string& help,
                Need need = Need::kOptional);
  // A switch: present is true.
  Command& flag(const std::string& name, bool& target, const std::string& help);
  // One of a few words.
  Command& choice(const std::string& name, std::string& target, const std::vector<std::string>& words,
                  const std::string& help);
  Command& positional(const std::string& name, std::string& target, const std::string& help,
                      Need need = Need::kRequired);
  // All remaining words.
  Command& positional(const std::string& name, std::vector<std::string>& target, const std::string& help,
                      Need need = Need::kRequired);

  // A subcommand; flags of the parent are understood after it too. With `must_choose` on the parent, one is
  // needed.
  Command& command(const std::string& name, const std::string& help);
  Command& must_choose();
  // True after parse() when this subcommand was named.
  bool chosen() const;

 private:
  friend class CommandLine;
  struct Impl;
  explicit Command(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class CommandLine {
 public:
  // --help and --version come by themselves.
  CommandLine(const std::string& program, const std::string& description);
  ~CommandLine();

  Command& root();

  // nullopt: go on. A value: exit with it; what had to be said was said (help and version on `out`, errors on
  // `err`).
  std::optional<int> parse(int argc, const char* const* argv);
  std::optional<int> parse(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// --log.level and --log.format, the same in every program.
struct LogFlags {
  std::string level = "info";
  std::string format = "logfmt";

  void add_to(Command& command);
  // After parse(): sets up logging.
  void apply() const;
};

}  // namespace farshore
