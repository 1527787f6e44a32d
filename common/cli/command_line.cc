// The only file that sees CLI11: its header costs seconds of compiling per file.
#include "common/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "common/base/version.h"

namespace farshore {
namespace {

void finish(CLI::Option* option, Need need) {
  // Once only, and a vector takes one value per flag: `--server a b` must not swallow the positional b.
  option->allow_extra_args(false);
  if (need == Need::kRequired) option->required();
}

}  // namespace

struct Command::Impl {
  CLI::App* app;
  std::vector<std::unique_ptr<Command>> commands;
};

Command::Command(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Command::~Command() = default;

Command& Command::flag(const std::string& name, std::string& target, const std::string& help, Need need) {
  finish(impl_->app->add_option("--" + name, target, help)->capture_default_str(), need);
  return *this;
}

Command& Command::flag(const std::string& name, int64_t& target, const std::string& help, Need need) {
  finish(impl_->app->add_option("--" + name, target, help)->capture_default_str(), need);
  return *this;
}

Command& Command::flag(const std::string& name, std::vector<std::string>& target, const std::string& help,
                       Need need) {
  CLI::Option* option = impl_->app->add_option("--" + name, target, help + " Can be repeated.");
  if (!target.empty()) option->default_str(CLI::detail::join(target));
  finish(option, need);
  return *this;
}

Command& Command::flag(const std::string& name, bool& target, const std::string& help) {
  impl_->app->add_flag("--" + name, target, help);
  return *this;
}

Command& Command::choice(const std::string& name, std::string& target, const std::vector<std::string>& words,
                         const std::string& help) {
  finish(
      impl_->app->add_option("--" + name, target, help)->check(CLI::IsMember(words))->capture_default_str(),
      Need::kOptional);
  return *this;
}

Command& Command::positional(const std::string& name, std::string& target, const std::string& help,
                             Need need) {
  finish(impl_->app->add_option(name, target, help), need);
  return *this;
}

Command& Command::positional(const std::string& name, std::vector<std::string>& target,
                             const std::string& help, Need need) {
  CLI::Option* option = impl_->app->add_option(name, target, help);
  if (need == Need::kRequired) option->required();
  return *this;
}

Command& Command::command(const std::string& name, const std::string& help) {
  CLI::App* app = impl_->app->add_subcommand(name, help);
  app->fallthrough();
  auto impl = std::make_unique<Impl>();
  impl->app = app;
  impl_->commands.push_back(std::unique_ptr<Command>(new Command(std::move(impl))));
  return *impl_->commands.back();
}

Command& Command::must_choose() {
  impl_->app->require_subcommand(1);
  return *this;
}

bool Command::chosen() const { return impl_->app->parsed(); }

struct CommandLine::Impl {
  Impl(const std::string& name, const std::string& description) : app(description, name), program(name) {
    app.set_version_flag("--version", version_text(name), "Show the version and exit");
    app.set_help_flag("-h,--help", "Show this help and exit");
    // Values never come from a file or the environment behind the operator's back.
    app.set_config();
  }

  CLI::App app;
  std::string program;
  std::unique_ptr<Command> root;
};

CommandLine::CommandLine(const std::string& program, const std::string& description)
    : impl_(std::make_unique<Impl>(program, description)) {
  auto root = std::make_unique<Command::Impl>();
  root->app = &impl_->app;
  impl_->root.reset(new Command(std::move(root)));
}

CommandLine::~CommandLine() = default;

Command& CommandLine::root() { return *impl_->root; }

std::optional<int> CommandLine::parse(int argc, const char* const* argv) {
  return parse(argc, argv, std::cout, std::cerr);
}

std::optional<int> CommandLine::parse(int argc, const char* const* argv, std::ostream& out,
                                      std::ostream& err) {
  try {
    impl_->app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForVersion& version) {
    out << version.what();
    return kExitOk;
  } catch (const CLI::CallForHelp&) {
    // Help of the subcommand that was named, if one was.
    const CLI::App* app = &impl_->app;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
    out << app->help();
    return kExitOk;
  } catch (const CLI::Error& error) {
    err << impl_->program << ": " << error.what() << "\nTry '" << impl_->program << " --help'.\n";
    return kExitUsage;
  }
}

void LogFlags::add_to(Command& command) {
  command.choice("log.level", level, {"debug", "info", "warn", "error"}, "Only log from this severity on.");
  command.choice("log.format", format, {"logfmt", "json"}, "How log lines are written.");
}

void LogFlags::apply() const {
  init_logging(parse_log_level(level).value_or(LogLevel::kInfo),
               parse_log_format(format).value_or(LogFormat::kLogfmt));
}

}  // namespace farshore
