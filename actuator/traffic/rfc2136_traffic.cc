#include "actuator/traffic/rfc2136_traffic.h"

#include <algorithm>

#include "common/dns/updater.h"
#include "common/topology/address.h"

namespace farshore {
namespace {

constexpr int kNoError = 0, kServfail = 2, kNxdomain = 3;

class Rfc2136Record final : public RecordApi {
 public:
  Rfc2136Record(const TrafficConfig& config, const TrafficDeps& deps)
      : type_(config.type),
        name_(config.name),
        zone_(config.provider.text.at("zone")),
        server_(config.provider.text.at("server")),
        key_file_(config.provider.text.at("key_file")),
        timeout_(config.timeout),
        style_(wants_epoch_token(config.provider) ? TokenStyle::kCompared : TokenStyle::kNone),
        clock_(deps.clock),
        dns_(deps.dns),
        updater_(make_dns_updater(deps.clock)) {}

  TokenStyle token_style() const override { return style_; }

  // At the server that is written to: what the next update is compared with.
  Result<RecordState> read(BootTime deadline) override {
    deadline = limited(deadline);
    const auto records = ask(name_, type_, deadline);
    if (!records) return tl::unexpected(records.error());
    RecordState state;
    for (const DnsRecord& record : *records) {
      if (!same_target(record.name, name_)) continue;  // what a CNAME in the way leads to
      if (record.type == type_) {
        state.values.push_back(record.data);
        state.ttl = record.ttl_seconds;
      } else if (record.type == "CNAME") {
        state.trouble = fmt::format("a CNAME record to {} is in the way", record.data);
      }
    }
    if (style_ == TokenStyle::kNone) return state;
    const Status token = read_token(deadline, state);
    return token ? Result<RecordState>(state) : tl::unexpected(token.error());
  }

  Status write(const RecordChange& change, BootTime deadline) override {
    const Result<TsigKey> key = read_tsig_key(key_file_);
    if (!key) return tl::unexpected(key.error());
    // The server would pass over an address beside a CNAME in silence, and say yes (RFC 2136
    // section 3.4.2.2).
    if (!change.seen.trouble.empty()) return fail(ErrorCode::kInvalidArgument, "{}", change.seen.trouble);
    const auto ttl = static_cast<uint32_t>(std::max<int64_t>(change.ttl, 0));
    DnsUpdate update{zone_, {{name_, type_, change.seen.values}}, {{name_, type_, {change.target}, ttl}}};
    if (change.epoch) {
      update.required.push_back({token_name(), "TXT", token_values(change.seen.epoch)});
      update.replaced.push_back({token_name(), "TXT", token_values(change.epoch), ttl});
    }
    const auto answer = updater_->send(server_, update, *key, limited(deadline));
    if (!answer) return tl::unexpected(answer.error());
    const Status judged = judge_update(*answer);
    return judged ? judged : wrap(server_, judged.error());
  }

 private:
  std::string token_name() const { return epoch_token_name(name_); }
  static std::vector<std::string> token_values(std::optional<int64_t> epoch) {
    return epoch ? std::vector{epoch_token_text(*epoch)} : std::vector<std::string>{};
  }
  BootTime limited(BootTime deadline) const { return std::min(deadline, clock_.boot_now() + timeout_); }

  Status read_token(BootTime deadline, RecordState& state) {
    const auto records = ask(token_name(), "TXT", deadline);
    if (!records) return tl::unexpected(records.error());
    for (const DnsRecord& record : *records) {
      if (record.type != "TXT") continue;
      const auto epoch = parse_epoch_token(record.data);
      if (!epoch || state.epoch)
        return fail(ErrorCode::kConflict, "{} is not one epoch token of ours: remove it", token_name());
      state.epoch = epoch;
    }
    return {};
  }

  // No such name is an answer, and an empty one.
  Result<std::vector<DnsRecord>> ask(const std::string& name, const std::string& type, BootTime deadline) {
    Result<DnsAnswer> answer = dns_.ask(server_, name, type, deadline);
    if (!answer) return tl::unexpected(answer.error());
    if (answer->rcode == kServfail) return fail(ErrorCode::kUnavailable, "{} answers SERVFAIL", server_);
    if ((answer->rcode != kNoError && answer->rcode != kNxdomain) || !answer->authoritative)
      return fail(ErrorCode::kNotFound, "{} answers {} and does not have the zone {}", server_,
                  rcode_name(answer->rcode), zone_);
    return std::move(answer->answers);
  }

  const std::string type_, name_, zone_, server_, key_file_;
  const nanoseconds timeout_;
  const TokenStyle style_;
  Clock& clock_;
  DnsResolver& dns_;
  const std::unique_ptr<DnsUpdater> updater_;
};

}  // namespace

std::unique_ptr<RecordApi> make_rfc2136_record(const TrafficConfig& config, const TrafficDeps& deps) {
  return std::make_unique<Rfc2136Record>(config, deps);
}

Result<std::unique_ptr<TrafficSwitch>> make_rfc2136_traffic(const TrafficConfig& config,
                                                            const TrafficDeps& deps) {
  for (const char* key : {"server", "zone", "key_file"})
    if (!config.provider.text.contains(key) || config.provider.text.at(key).empty())
      return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} of kind rfc2136 needs '{}'",
                  config.provider.line, config.name, key);
  if (config.type.empty())
    return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} needs a record type", config.provider.line,
                config.name);
  return make_record_traffic(config, deps, make_rfc2136_record(config, deps));
}

}  // namespace farshore
