#include "actuator/traffic/linode_dns_traffic.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

#include "actuator/cloud/linode_api.h"
#include "actuator/traffic/record_traffic.h"
#include "common/base/log.h"
#include "common/json/json_writer.h"
#include "common/topology/address.h"
#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

// 30 and 120 came with linode-api-docs#927. 0 means the domain's default, a day.
constexpr std::array<int64_t, 14> kTtlSteps = {30,    120,   300,    3600,   7200,   14400,   28800,
                                               57600, 86400, 172800, 345600, 604800, 1209600, 2419200};
constexpr int64_t kDefaultTtl = 86400;
constexpr size_t kLongestName = 100;
// Its name servers are given the zones within about a minute, and stand behind a cache (docs/providers.md).
constexpr nanoseconds kPublishedWithin = 90s;
// A token that was asked for without an answer is looked for this often before that is called unknown.
constexpr int kLooksForToken = 3;
constexpr nanoseconds kLookForTokenEvery = 300ms;

std::string bare_name(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

tl::unexpected<Error> not_of_this_api() {
  return fail(ErrorCode::kUnavailable, "the answer is not of the Linode API");
}

struct Domain {
  int64_t id = 0;
  std::string name;          // without final dot, in lower case
  std::string trouble = {};  // why nothing of it is published
};

Result<Domain> parse_domain(const JsonValue& json) {
  const auto id = json.get_int("id");
  const auto name = json.get_string("domain");
  const auto type = json.get_string("type");
  const auto status = json.get_string("status");
  if (!id || !name || !type || !status) return not_of_this_api();
  if (*type != "master")
    return fail(ErrorCode::kInvalidArgument, "{} is a {} domain at Linode: its records are edited elsewhere",
                *name, one_line(*type));
  Domain domain{*id, bare_name(*name)};
  if (*status != "active")
    domain.trouble =
        fmt::format("its domain is {} at Linode, so nothing of it is answered", one_line(*status));
  return domain;
}

struct Entry {
  int64_t id = 0;
  std::string name, type, target;  // the name is relative to the domain; empty = the domain itself
  int64_t ttl = 0;
};

Result<Entry> parse_entry(const JsonValue& json) {
  const auto id = json.get_int("id");
  const auto name = json.get_string("name");
  const auto type = json.get_string("type");
  const auto target = json.get_string("target");
  const auto ttl = json.get_int("ttl_sec");
  if (!id || !name || !type || !target || !ttl) return not_of_this_api();
  return Entry{*id, bare_name(*name), *type, *target, *ttl == 0 ? kDefaultTtl : *ttl};
}

class LinodeRecord final : public RecordApi {
 public:
  LinodeRecord(const TrafficConfig& config, const TrafficDeps& deps)
      : type_(config.type),
        name_(bare_name(config.name)),
        ttl_(std::chrono::floor<seconds>(config.ttl).count()),
        wanted_domain_(bare_name(text_field(config.provider, "domain"))),
        wanted_domain_id_(id_field(config.provider, "domain_id")),
        wanted_record_id_(id_field(config.provider, "record_id")),
        style_(wants_epoch_token(config.provider) ? TokenStyle::kApart : TokenStyle::kNone),
        clock_(deps.clock),
        api_(deps.http, deps.clock, config.provider, config.timeout) {}

  TokenStyle token_style() const override { return style_; }
  std::string last_change() const override { return api_.last_change(); }
  nanoseconds settles_within() const override { return kPublishedWithin; }

  Result<RecordState> read(BootTime deadline) override {
    const auto found = look(deadline);
    if (!found) return tl::unexpected(found.error());
    const std::lock_guard lock(mutex_);
    last_ = *found;
    return state_of(*found);
  }

  Status write(const RecordChange& change, BootTime deadline) override {
    const auto seen = look_as(change.seen);
    if (!seen) return tl::unexpected(seen.error());
    if (seen->records.empty())
      return fail(ErrorCode::kNotFound, "{} has no {} record at Linode: make it there, a switch makes none",
                  name_, type_);
    const Entry& own = seen->records.front();
    if (auto done = put(seen->domain, own.id, change.target, change.ttl, deadline); !done) return done;
    for (size_t i = 1; i < seen->records.size(); ++i)
      if (auto gone = remove(seen->domain, seen->records[i], deadline); !gone) return gone;
    return {};
  }

  // Looked at once more, because a POST is not to be repeated; whoever came since then is not written over.
  Status write_token(const RecordState& seen, int64_t epoch, BootTime deadline) override {
    const auto now = look(deadline);
    if (!now) return tl::unexpected(now.error());
    const RecordState state = state_of(*now);
    if (state.epoch.value_or(0) > epoch)
      return fail(ErrorCode::kConflict, "its token is of epoch {} by now", *state.epoch);
    if (!is_same(state, seen)) return fail(ErrorCode::kConflict, "{} was changed since it was read", name_);
    if (now->tokens.empty()) return make_token(now->domain, epoch, deadline);
    for (const Entry& token : now->tokens)
      if (auto done = put(now->domain, token.id, epoch_token_text(epoch), ttl_, deadline); !done) return done;
    return {};
  }

 private:
  struct Look {
    Domain domain;
    std::vector<Entry> records, tokens;  // of our name and type, the configured one first; of the epoch token
    std::string in_the_way;
  };

  static RecordState state_of(const Look& look) {
    RecordState state;
    state.trouble = look.in_the_way.empty() ? look.domain.trouble : look.in_the_way;
    for (const Entry& entry : look.records) {
      state.values.push_back(entry.target);
      state.ttl = std::max(state.ttl.value_or(0), entry.ttl);
    }
    // Two can only be there when somebody else made one as well; the larger epoch is the newer writer's.
    for (const Entry& token : look.tokens)
      if (const auto epoch = parse_epoch_token(token.target))
        state.epoch = std::max(state.epoch.value_or(0), *epoch);
    return state;
  }

  static bool is_same(const RecordState& one, const RecordState& other) {
    return one.values == other.values && one.epoch == other.epoch;
  }

  Result<Domain> domain(BootTime deadline) {
    {
      const std::lock_guard lock(mutex_);
      if (domain_) return *domain_;
    }
    auto found = wanted_domain_id_ ? domain_by_id(deadline) : domain_by_name(deadline);
    if (!found) return found;
    if (name_ != found->name && !name_.ends_with("." + found->name))
      return fail(ErrorCode::kInvalidArgument, "{} does not lie in domain {} ({})", name_, found->name,
                  found->id);
    const std::string longest = style_ == TokenStyle::kNone ? name_ : epoch_token_name(name_);
    if (relative(longest, *found).size() > kLongestName)
      return fail(ErrorCode::kInvalidArgument,
                  "{} is longer than the {} characters that Linode takes: set "
                  "epoch_token: off or choose a shorter name",
                  longest, kLongestName);
    const std::lock_guard lock(mutex_);
    if (found->trouble.empty()) domain_ = *found;  // trouble may end, so it is looked at again
    return found;
  }

  Result<Domain> domain_by_id(BootTime deadline) {
    const auto json = api_.get(fmt::format("/v4/domains/{}", *wanted_domain_id_), deadline);
    if (!json) return tl::unexpected(json.error());
    auto found = parse_domain(*json);
    if (found && !wanted_domain_.empty() && found->name != wanted_domain_)
      return fail(ErrorCode::kInvalidArgument, "domain {} is {} and not {}", found->id, found->name,
                  wanted_domain_);
    return found;
  }

  Result<Domain> domain_by_name(BootTime deadline) {
    const auto items = api_.list("/v4/domains", linode_filter("domain", wanted_domain_), deadline);
    if (!items) return tl::unexpected(items.error());
    for (const JsonValue& json : *items) {
      const auto name = json.get_string("domain");
      if (name && bare_name(*name) == wanted_domain_) return parse_domain(json);
    }
    return fail(ErrorCode::kNotFound, "the token sees no domain {} at Linode", wanted_domain_);
  }

  static std::string relative(const std::string& name, const Domain& domain) {
    return name == domain.name ? "" : name.substr(0, name.size() - domain.name.size() - 1);
  }

  // One request for the record, what stands beside it and the token. The name of the domain itself is the
  // empty one, for which no filter is described: then all records are read.
  std::string filter(const Domain& domain) const {
    const std::string own = relative(name_, domain);
    if (own.empty()) return "";
    if (style_ == TokenStyle::kNone) return linode_filter("name", own);
    return fmt::format(R"({{"+or":[{},{}]}})", linode_filter("name", own),
                       linode_filter("name", relative(epoch_token_name(name_), domain)));
  }

  Result<Look> look(BootTime deadline) {
    const auto where = domain(deadline);
    if (!where) return tl::unexpected(where.error());
    const auto items = api_.list(fmt::format("/v4/domains/{}/records", where->id), filter(*where), deadline);
    if (!items) {
      if (items.error().code == ErrorCode::kNotFound) forget_domain();
      return tl::unexpected(items.error());
    }
    Look found{*where, {}, {}, {}};
    for (const JsonValue& json : *items) {
      auto entry = parse_entry(json);
      if (!entry) return tl::unexpected(entry.error());
      sort_in(*std::move(entry), found);
    }
    return with_configured_first(std::move(found));
  }

  void sort_in(Entry entry, Look& found) const {
    const bool answers_names = entry.type == "A" || entry.type == "AAAA" || entry.type == "CNAME";
    if (entry.name == relative(name_, found.domain)) {
      if (entry.type == type_) {
        found.records.push_back(std::move(entry));
      } else if (answers_names && (entry.type == "CNAME" || type_ == "CNAME")) {
        found.in_the_way = fmt::format("a {} record to {} is in the way", entry.type, one_line(entry.target));
      }
    } else if (entry.type == "TXT" && entry.name == relative(epoch_token_name(name_), found.domain)) {
      found.tokens.push_back(std::move(entry));
    }
  }

  Result<Look> with_configured_first(Look found) const {
    if (!wanted_record_id_) return found;
    const auto own = std::ranges::find(found.records, *wanted_record_id_, &Entry::id);
    if (own == found.records.end())
      return fail(ErrorCode::kInvalidArgument, "record {} of domain {} is not the {} record of {}",
                  *wanted_record_id_, found.domain.id, type_, name_);
    std::iter_swap(found.records.begin(), own);
    return found;
  }

  // The numbers of the records that the caller saw. A read of another thread may have come between.
  Result<Look> look_as(const RecordState& seen) {
    const std::lock_guard lock(mutex_);
    if (last_ && is_same(state_of(*last_), seen)) return *last_;
    return fail(ErrorCode::kConflict, "{} was read again meanwhile and is another", name_);
  }

  void forget_domain() {
    const std::lock_guard lock(mutex_);
    domain_.reset();
  }

  static std::string path_of(const Domain& domain, int64_t record) {
    return fmt::format("/v4/domains/{}/records/{}", domain.id, record);
  }

  Status put(const Domain& domain, int64_t record, const std::string& target, int64_t ttl,
             BootTime deadline) {
    JsonWriter json;
    json.begin_object().field("target", type_ == "CNAME" ? bare_name(target) : target);
    json.field("ttl_sec", ttl).end_object();
    const auto answer = api_.change("PUT", path_of(domain, record), json.str(), deadline);
    if (!answer) return gone_is_conflict(answer.error());
    const auto kept = answer->get_int("ttl_sec");
    if (!kept) return fail(ErrorCode::kUnknown, "written, but the answer is not of the Linode API");
    // The value is what ends the outage; faults() says the same before the day.
    if (*kept != ttl)
      log_warn("Linode keeps another TTL",
               {{"record", name_}, {"asked_seconds", ttl}, {"kept_seconds", *kept}});
    return {};
  }

  // A record that is not there any more was made anew by somebody: it is read and judged by the next attempt.
  static Status gone_is_conflict(Error error) {
    if (error.code == ErrorCode::kNotFound) error.code = ErrorCode::kConflict;
    return tl::unexpected(std::move(error));
  }

  // Only after the record itself holds the new value, so the name is never without an answer.
  Status remove(const Domain& domain, const Entry& other, BootTime deadline) {
    log_warn("a second record is taken away",
             {{"record", name_}, {"id", other.id}, {"target", one_line(other.target)}});
    const auto answer = api_.change("DELETE", path_of(domain, other.id), "", deadline);
    if (answer || answer.error().code == ErrorCode::kNotFound) return {};
    return tl::unexpected(answer.error());
  }

  Status make_token(const Domain& domain, int64_t epoch, BootTime deadline) {
    JsonWriter json;
    json.begin_object().field("type", "TXT").field("name", relative(epoch_token_name(name_), domain));
    json.field("target", epoch_token_text(epoch)).field("ttl_sec", ttl_).end_object();
    const auto answer =
        api_.change("POST", fmt::format("/v4/domains/{}/records", domain.id), json.str(), deadline);
    if (!answer && answer.error().code != ErrorCode::kUnknown) return tl::unexpected(answer.error());
    // A repeated POST would make a second record, so whatever the answer was, the look decides.
    for (int i = 0; i < kLooksForToken; ++i) {
      if (i > 0 && !pause(deadline)) break;
      const auto seen = look(deadline);
      if (!seen) continue;
      for (const Entry& token : seen->tokens)
        if (token.target == epoch_token_text(epoch)) return {};
    }
    return fail(ErrorCode::kUnknown, "the token was asked for and is not seen yet{}",
                answer ? "" : ": " + answer.error().message);
  }

  bool pause(BootTime deadline) {
    if (clock_.boot_now() + kLookForTokenEvery >= deadline) return false;
    return clock_.sleep_for(kLookForTokenEvery);
  }

  const std::string type_, name_;
  const int64_t ttl_;  // of the token
  const std::string wanted_domain_;
  const std::optional<int64_t> wanted_domain_id_, wanted_record_id_;
  const TokenStyle style_;
  Clock& clock_;
  LinodeApi api_;
  std::mutex mutex_;
  std::optional<Domain> domain_;  // as looked up
  std::optional<Look> last_;
};

Status check(const TrafficConfig& config) {
  const int line = config.provider.line;
  const int64_t ttl = std::chrono::floor<seconds>(config.ttl).count();
  if (text_field(config.provider, "token_file").empty())
    return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} of kind linode_dns needs 'token_file'",
                line, config.name);
  if (text_field(config.provider, "domain").empty() && !id_field(config.provider, "domain_id"))
    return fail(ErrorCode::kInvalidArgument,
                "line {}: traffic {} of kind linode_dns needs 'domain_id' or 'domain'", line, config.name);
  if (config.type.empty())
    return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} needs a record type", line, config.name);
  if (std::ranges::find(kTtlSteps, ttl) == kTtlSteps.end())
    return fail(ErrorCode::kInvalidArgument,
                "line {}: traffic {}: Linode would round a TTL of {} s; its steps are {} s", line,
                config.name, ttl, fmt::join(kTtlSteps, ", "));
  return {};
}

}  // namespace

Result<std::unique_ptr<TrafficSwitch>> make_linode_dns_traffic(const TrafficConfig& config,
                                                               const TrafficDeps& deps) {
  if (const Status fine = check(config); !fine) return tl::unexpected(fine.error());
  return make_record_traffic(config, deps, std::make_unique<LinodeRecord>(config, deps));
}

}  // namespace farshore
