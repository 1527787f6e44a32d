#include "actuator/fence/ssh_fence.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <random>

#include "common/topology/address.h"
#include "common/topology/plain_text.h"

namespace farshore {
namespace {

constexpr int kIsolated = 0;
constexpr int kNotIsolated = 1;
constexpr int kSshFailed = 255;  // ssh's own: no connection, wrong host key, key refused, connection lost
// A host that is gone must not keep the rungs beside this one waiting, and a proof counts for 2 s only, from
// the beginning of the look of all rungs together.
constexpr nanoseconds kConnectLimit = 2s;  // one lost SYN
constexpr nanoseconds kProofConnectLimit = 1s;
constexpr nanoseconds kProofLimit = 1700ms;
constexpr nanoseconds kToAnswer = 2s;  // of an isolate: to connect, and to answer before ssh is stopped
// While a host that was silent a moment ago is taken to be so still.
constexpr nanoseconds kSilentFor = 5s;
constexpr size_t kMostEvidence = 300;

struct Host {
  HostPort address;
  std::string user, identity_file, known_hosts_file;
};

std::string printable(std::string_view text) {
  std::string line(text.substr(0, std::min(text.find('\n'), kMostEvidence)));
  for (char& c : line)
    if (c < ' ' || c > '~') c = '?';
  return line;
}

// Of several lines the last: before it ssh draws a warning of many, or a server its banner.
std::string last_line(std::string_view text) {
  const size_t end = text.find_last_not_of(" \r\n");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  return printable(text.substr(text.rfind('\n') + 1));
}

// What only this look knows.
std::string make_nonce() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", static_cast<uint32_t>(random()), static_cast<uint32_t>(random()));
}

// Nothing of the machine's or the user's configuration takes part, and nothing is asked of a person.
std::vector<std::string> ssh_command(const Host& host, nanoseconds connect_limit,
                                     const std::string& request) {
  std::vector<std::string> argv = {"/usr/bin/ssh", "-F", "none", "-T", "-n"};
  const auto seconds_to_connect = std::max<int64_t>(1, std::chrono::floor<seconds>(connect_limit).count());
  for (const std::string& option : {
           std::string("BatchMode=yes"),
           std::string("StrictHostKeyChecking=yes"),
           "UserKnownHostsFile=" + host.known_hosts_file,
           std::string("GlobalKnownHostsFile=none"),
           std::string("UpdateHostKeys=no"),
           std::string("VerifyHostKeyDNS=no"),
           "IdentityFile=" + host.identity_file,
           std::string("IdentitiesOnly=yes"),
           std::string("IdentityAgent=none"),
           std::string("PreferredAuthentications=publickey"),
           fmt::format("ConnectTimeout={}", seconds_to_connect),
           std::string("ConnectionAttempts=1"),
           std::string("ServerAliveInterval=1"),
           std::string("ServerAliveCountMax=3"),
           std::string("ControlMaster=no"),
           std::string("ControlPath=none"),
           std::string("ClearAllForwardings=yes"),
           std::string("ForwardAgent=no"),
           std::string("LogLevel=ERROR"),
       }) {
    argv.emplace_back("-o");
    argv.push_back(option);
  }
  for (const std::string& word : {std::string("-p"), std::to_string(host.address.port), std::string("-l"),
                                  host.user, std::string("--"), host.address.host, request})
    argv.push_back(word);
  return argv;
}

class SshFence final : public Fence {
 public:
  SshFence(const FenceConfig& config, const FenceDeps& deps, Host host)
      : server_(config.server),
        timeout_(config.timeout),
        host_(std::move(host)),
        subject_(subject(config.provider)),
        deps_(deps) {}

  const std::string& server() const override { return server_; }
  std::string grade() const override { return "stopped over ssh"; }

  Status isolate(BootTime deadline) override {
    const BootTime limit = std::min(deadline, deps_.clock.boot_now() + timeout_);
    const nanoseconds left = limit - deps_.clock.boot_now();
    const auto budget = std::clamp<int64_t>(std::chrono::floor<seconds>(left - kToAnswer).count(), 1, 60);
    const FenceProof answer = ask("isolate", fmt::format("{} {}", budget, subject_), kConnectLimit, limit);
    if (answer.state == FenceState::kIsolated) return {};
    const ErrorCode code =
        answer.state == FenceState::kNotIsolated ? ErrorCode::kUnavailable : ErrorCode::kUnknown;
    return fail(code, "ssh fence of {}: {}", server_, answer.evidence);
  }

  FenceProof proof(BootTime deadline) override {
    const BootTime now = deps_.clock.boot_now();
    if (auto silent = silent_a_moment_ago(now)) return *silent;
    return ask("proof", subject_, kProofConnectLimit,
               std::min({deadline, now + timeout_, now + kProofLimit}));
  }

 private:
  // The agent knows which instance it is for and refuses any other.
  static std::string subject(const ProviderConfig& provider) {
    const auto unit = provider.text.find("unit");
    return provider.text.at("data_directory") + " " + (unit == provider.text.end() ? "-" : unit->second);
  }

  FenceProof ask(std::string_view verb, const std::string& what, nanoseconds connect_limit, BootTime limit) {
    const BootTime began = deps_.clock.boot_now();
    const std::string nonce = make_nonce();
    const auto result =
        deps_.commands.run(ssh_command(host_, std::min<nanoseconds>(limit - began, connect_limit),
                                       fmt::format("{} {} {}", verb, nonce, what)),
                           {}, limit);
    FenceProof answer;
    if (result) answer = read(*result, nonce);
    if (!result) answer.evidence = why_no_answer(result.error(), limit - began);
    answer.grade = grade();
    answer.read_at = began;
    const bool timed_out = result ? result->stderr_text.find("timed out") != std::string::npos : true;
    remember_silence(answer, answer.state == FenceState::kUnknown && timed_out);
    return answer;
  }

  std::string why_no_answer(const Error& error, nanoseconds limit) const {
    if (error.code == ErrorCode::kUnknown || error.code == ErrorCode::kTimeout)
      return fmt::format("the host of {} did not answer within {:.1f} s", server_, to_seconds(limit));
    return fmt::format("ssh could not be run: {}", error.message);
  }

  // What is remembered is only that nothing is known: no proof is ever older than its look.
  void remember_silence(const FenceProof& answer, bool silent) {
    const std::lock_guard lock(mutex_);
    silence_.reset();
    if (silent) silence_ = Silence{deps_.clock.boot_now() + kSilentFor, answer.evidence};
  }

  std::optional<FenceProof> silent_a_moment_ago(BootTime now) {
    const std::lock_guard lock(mutex_);
    if (!silence_ || now >= silence_->until) return std::nullopt;
    return FenceProof{FenceState::kUnknown, grade(), silence_->why + ", a moment ago", now};
  }

  // The exit and the words must agree, and the words must be an answer to this look.
  FenceProof read(const CommandResult& result, const std::string& nonce) const {
    FenceProof proof;
    const auto said = [&](std::string_view verdict) {
      return result.stdout_text.starts_with(fmt::format("{} {} ", verdict, nonce));
    };
    const auto evidence = [&](std::string_view verdict) {
      return printable(std::string_view(result.stdout_text).substr(verdict.size() + nonce.size() + 2));
    };
    for (const std::string_view verdict : {"isolated", "not-isolated", "unknown"})
      if (said(verdict)) proof.evidence = evidence(verdict);
    const bool exited = result.signal == 0;
    if (exited && result.exit_code == kIsolated && said("isolated")) {
      proof.state = FenceState::kIsolated;
    } else if (exited && result.exit_code == kNotIsolated && said("not-isolated")) {
      proof.state = FenceState::kNotIsolated;
    } else if (proof.evidence.empty() || !said("unknown")) {
      const std::string why = last_line(result.stderr_text);
      proof.evidence =
          result.exit_code == kSshFailed
              ? fmt::format("ssh to the host of {} failed: {}", server_, why.empty() ? "no reason" : why)
              : fmt::format("no answer of the fence agent of {}, but {}", server_, describe(result));
    }
    return proof;
  }

  const std::string server_;
  const nanoseconds timeout_;
  const Host host_;
  const std::string subject_;
  const FenceDeps deps_;
  struct Silence {
    BootTime until;
    std::string why;
  };
  std::mutex mutex_;
  std::optional<Silence> silence_;
};

// The loader asks the same; these end up on ssh's command line, so nobody else's word counts for it.
Status check_fields(const ProviderConfig& provider) {
  for (const char* key : {"user", "identity_file", "known_hosts_file", "data_directory"}) {
    const auto value = provider.text.find(key);
    if (value == provider.text.end()) return fail(ErrorCode::kInvalidArgument, "'{}' is missing", key);
    const bool is_path = std::string_view(key) != "user";
    if (const Status fit = is_path ? check_plain_path(value->second) : check_login_name(value->second); !fit)
      return wrap(fmt::format("'{}'", key), fit.error());
  }
  if (const auto unit = provider.text.find("unit"); unit != provider.text.end())
    if (const Status fit = check_unit_name(unit->second); !fit) return wrap("'unit'", fit.error());
  return {};
}

}  // namespace

Result<std::unique_ptr<Fence>> make_ssh_fence(const FenceConfig& config, const FenceDeps& deps) {
  const ProviderConfig& provider = config.provider;
  const auto refused = [&](const std::string& why) {
    return fail(ErrorCode::kInvalidArgument, "line {}: the ssh fence of {}: {}", provider.line, config.server,
                why);
  };
  if (const Status fields = check_fields(provider); !fields) return refused(fields.error().message);
  const auto written = provider.text.find("address");
  if (written == provider.text.end()) return refused("'address' is missing");
  Result<HostPort> address = parse_host_port(written->second);
  if (!address || address->host.starts_with('-')) return refused("'address' must be host:port");
  return std::make_unique<SshFence>(
      config, deps,
      Host{std::move(*address), provider.text.at("user"), provider.text.at("identity_file"),
           provider.text.at("known_hosts_file")});
}

}  // namespace farshore
