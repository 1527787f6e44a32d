#include "actuator/fence/linode_power_fence.h"

#include <algorithm>

#include "actuator/cloud/linode_instance.h"
#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

// A guest that does not answer is switched off after about two minutes; how long is nowhere promised.
constexpr nanoseconds kSettlesWithin = 180s;
constexpr int kRequestsOfIsolate = 3;  // look, watchdog, shutdown

constexpr std::string_view kOffline = "offline";

// Everything the API describes. Another word is one that this program cannot judge.
bool is_known_status(std::string_view status) {
  static constexpr std::string_view kKnown[] = {
      "running",  "offline",   "booting",    "busy",    "rebooting", "shutting_down", "provisioning",
      "deleting", "migrating", "rebuilding", "cloning", "restoring", "stopped",       "billing_suspension"};
  return std::ranges::find(kKnown, status) != std::end(kKnown);
}

class LinodePowerFence final : public Fence {
 public:
  LinodePowerFence(const FenceConfig& config, const FenceDeps& deps)
      : server_(config.server),
        timeout_(config.timeout),
        clock_(deps.clock),
        finder_(config.provider),
        api_(deps.http, deps.clock, config.provider, config.timeout) {}

  const std::string& server() const override { return server_; }
  std::string grade() const override { return "power"; }
  nanoseconds settles_within() const override { return kSettlesWithin; }

  Status isolate(BootTime deadline) override {
    const BootTime limit = std::min(deadline, clock_.boot_now() + kRequestsOfIsolate * timeout_);
    return in_context("powering off", ask_off(limit));
  }

  FenceProof proof(BootTime deadline) override {
    FenceProof proof;
    proof.grade = grade();
    proof.read_at = clock_.boot_now();
    const auto seen = finder_.look(api_, std::min(deadline, proof.read_at + timeout_));
    if (!seen) {
      proof.evidence =
          fmt::format("{} of {} could not be looked at: {}", finder_.name(), server_, seen.error().message);
      return proof;
    }
    proof.evidence = fmt::format("{} of {} is {}, its watchdog is {}", finder_.name(), server_, seen->status,
                                 seen->watchdog ? "on" : "off") +
                     change_named(api_);
    if (!is_known_status(seen->status)) return proof;
    const bool off = seen->status == kOffline && !seen->watchdog;
    proof.state = off ? FenceState::kIsolated : FenceState::kNotIsolated;
    return proof;
  }

  Status release(BootTime deadline) override { return in_context("booting", ask_on(deadline)); }

 private:
  Status in_context(std::string_view doing, const Status& status) const {
    if (status) return {};
    return wrap(fmt::format("{} {} of {}", doing, finder_.name(), server_), status.error());
  }

  Status ask_off(BootTime deadline) {
    const auto seen = finder_.look(api_, deadline);
    if (!seen) return tl::unexpected(seen.error());
    // The shutdown is asked for whatever becomes of the watchdog: it ends the writing, and the proof looks at
    // both.
    Status watchdog;
    if (seen->watchdog)
      watchdog = set_watchdog(*seen, false, std::min(deadline, clock_.boot_now() + timeout_));
    if (seen->status == kOffline || seen->status == "shutting_down") return watchdog;
    // A machine that is off by then, or busy with the first one, is not shut down more than that.
    const auto answer =
        api_.change("POST", path_of(*seen) + "/shutdown", "", deadline, IfDoneTwice::kTheSame);
    return answer ? watchdog : tl::unexpected(answer.error());
  }

  Status ask_on(BootTime deadline) {
    const auto seen = finder_.look(api_, deadline);
    if (!seen) return tl::unexpected(seen.error());
    if (seen->status == kOffline) {
      const auto answer =
          api_.change("POST", path_of(*seen) + "/boot", "{}", deadline, IfDoneTwice::kTheSame);
      if (!answer) return tl::unexpected(answer.error());
    } else if (seen->status != "running" && seen->status != "booting") {
      return fail(ErrorCode::kUnavailable, "it is {}", seen->status);
    }
    return seen->watchdog ? Status() : set_watchdog(*seen, true, deadline);
  }

  Status set_watchdog(const LinodeInstance& instance, bool on, BootTime deadline) {
    const auto answer =
        api_.change("PUT", path_of(instance), fmt::format(R"({{"watchdog_enabled":{}}})", on), deadline);
    if (!answer) return tl::unexpected(answer.error());
    const auto seen = finder_.look(api_, deadline);
    if (!seen)
      return fail(ErrorCode::kUnknown, "the watchdog was set and not read back: {}", seen.error().message);
    if (seen->watchdog != on)
      return fail(ErrorCode::kUnavailable, "its watchdog is {} all the same", on ? "off" : "on");
    return {};
  }

  static std::string path_of(const LinodeInstance& instance) {
    return fmt::format("/v4/linode/instances/{}", instance.id);
  }

  const std::string server_;
  const nanoseconds timeout_;  // of one request
  Clock& clock_;
  LinodeFinder finder_;
  LinodeApi api_;
};

}  // namespace

Result<std::unique_ptr<Fence>> make_linode_power_fence(const FenceConfig& config, const FenceDeps& deps) {
  if (text_field(config.provider, "token_file").empty())
    return fail(ErrorCode::kInvalidArgument, "line {}: the linode_power fence of {} needs 'token_file'",
                config.provider.line, config.server);
  if (const Status fine = LinodeFinder(config.provider).check("the linode_power fence of " + config.server);
      !fine)
    return tl::unexpected(fine.error());
  return std::make_unique<LinodePowerFence>(config, deps);
}

}  // namespace farshore
