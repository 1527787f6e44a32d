#include "actuator/fence/command_fence.h"

#include <algorithm>

namespace farshore {
namespace {

constexpr int kProofIsolated = 0;
constexpr int kProofNotIsolated = 1;

class CommandFence final : public Fence {
 public:
  CommandFence(const FenceConfig& config, const FenceDeps& deps)
      : server_(config.server),
        timeout_(config.timeout),
        act_(config.provider.lists.at("act")),
        proof_(config.provider.lists.at("proof")),
        deps_(deps) {}

  const std::string& server() const override { return server_; }
  std::string grade() const override { return "command"; }

  Status isolate(BootTime deadline) override {
    const Result<CommandResult> result = run(act_, deadline);
    if (!result) return wrap("fence act of " + server_, result.error());
    if (result->succeeded()) return {};
    // Killed half-way it may have done its work; an exit of its own is its word that it did not.
    const ErrorCode code = result->signal != 0 ? ErrorCode::kUnknown : ErrorCode::kUnavailable;
    return fail(code, "fence act of {}: {}", server_, describe(*result));
  }

  FenceProof proof(BootTime deadline) override {
    FenceProof proof;
    proof.grade = grade();
    proof.read_at = deps_.clock.boot_now();
    const Result<CommandResult> result = run(proof_, deadline);
    if (!result) {
      const bool silent =
          result.error().code == ErrorCode::kUnknown || result.error().code == ErrorCode::kTimeout;
      proof.evidence =
          silent
              ? fmt::format("the proof command of {} did not answer within {:.1f} s", server_,
                            to_seconds(std::min<nanoseconds>(deadline - proof.read_at, timeout_)))
              : fmt::format("the proof command of {} could not be run: {}", server_, result.error().message);
      return proof;
    }
    proof.evidence = fmt::format("proof of {}: {}", server_, describe(*result));
    if (result->signal == 0 && result->exit_code == kProofIsolated) proof.state = FenceState::kIsolated;
    if (result->signal == 0 && result->exit_code == kProofNotIsolated) proof.state = FenceState::kNotIsolated;
    return proof;
  }

 private:
  Result<CommandResult> run(const std::vector<std::string>& argv, BootTime deadline) {
    const BootTime own_limit = deps_.clock.boot_now() + timeout_;
    const Environment variables{
        {"FARSHORE_CLUSTER", deps_.cluster}, {"FARSHORE_SERVER", server_}, {"FARSHORE_REGION", deps_.region}};
    return deps_.commands.run(argv, variables, std::min(deadline, own_limit));
  }

  const std::string server_;
  const nanoseconds timeout_;
  const std::vector<std::string> act_, proof_;
  const FenceDeps deps_;
};

}  // namespace

Result<std::unique_ptr<Fence>> make_command_fence(const FenceConfig& config, const FenceDeps& deps) {
  for (const char* key : {"act", "proof"}) {
    const auto list = config.provider.lists.find(key);
    if (list == config.provider.lists.end() || list->second.empty() || !list->second.front().starts_with('/'))
      return fail(ErrorCode::kInvalidArgument,
                  "line {}: the command fence of {} needs '{}', a list that begins with an absolute path",
                  config.provider.line, config.server, key);
  }
  return std::make_unique<CommandFence>(config, deps);
}

}  // namespace farshore
