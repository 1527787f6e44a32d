#include "common/topology/conninfo.h"

#include <algorithm>
#include <vector>

#include "common/topology/address.h"
#include "common/yaml/config_fault.h"

namespace farshore {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_key_character(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// libpq 15's keywords that say where and as whom; the refused ones are named with their reason below.
const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> keys = {"host",
                                                "hostaddr",
                                                "port",
                                                "dbname",
                                                "user",
                                                "passfile",
                                                "channel_binding",
                                                "connect_timeout",
                                                "client_encoding",
                                                "options",
                                                "application_name",
                                                "fallback_application_name",
                                                "keepalives",
                                                "keepalives_idle",
                                                "keepalives_interval",
                                                "keepalives_count",
                                                "tcp_user_timeout",
                                                "gssencmode",
                                                "sslmode",
                                                "sslcompression",
                                                "sslcert",
                                                "sslkey",
                                                "sslrootcert",
                                                "sslcrl",
                                                "sslcrldir",
                                                "sslsni",
                                                "requirepeer",
                                                "ssl_min_protocol_version",
                                                "ssl_max_protocol_version",
                                                "krbsrvname",
                                                "gsslib"};
  return keys;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Conninfo> parse() {
    Conninfo result;
    for (skip_space(); !rest_.empty(); skip_space()) {
      const size_t end = std::min(rest_.find_first_of("= \t\r\n\v\f"), rest_.size());
      const std::string key(rest_.substr(0, end));
      rest_.remove_prefix(end);
      skip_space();
      if (!std::all_of(key.begin(), key.end(), is_key_character))
        return fail(ErrorCode::kInvalidArgument, "the key at position {} is no word", result.size() + 1);
      if (key.empty() || !rest_.starts_with('=')) {
        return fail(ErrorCode::kInvalidArgument, "'=' is missing after the key at position {}",
                    result.size() + 1);
      }
      rest_.remove_prefix(1);
      skip_space();
      Result<std::string> value = take_value();
      if (!value) return tl::unexpected(value.error());
      if (!result.emplace(key, *value).second) {
        return fail(ErrorCode::kInvalidArgument, "'{}' is given twice", key);
      }
    }
    return result;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }

  Result<std::string> take_value() {
    std::string value;
    const bool quoted = rest_.starts_with('\'');
    if (quoted) rest_.remove_prefix(1);
    while (!rest_.empty()) {
      char c = rest_.front();
      if (quoted ? c == '\'' : is_space(c)) break;
      if (c == '\\') {
        rest_.remove_prefix(1);
        if (rest_.empty()) break;  // libpq drops a backslash that escapes nothing
        c = rest_.front();
      }
      value += c;
      rest_.remove_prefix(1);
    }
    if (quoted) {
      if (rest_.empty()) return fail(ErrorCode::kInvalidArgument, "a quoted value does not end");
      rest_.remove_prefix(1);
    }
    return value;
  }

  std::string_view rest_;
};

Status check_keys(const Conninfo& conninfo) {
  for (const auto& [key, value] : conninfo) {
    if (key == "password" || key == "sslpassword") {
      return fail(ErrorCode::kInvalidArgument,
                  "holds a password; put it into a file and name it with passfile=");
    }
    if (key == "target_session_attrs") {
      return fail(ErrorCode::kInvalidArgument,
                  "target_session_attrs would make a standby look dead; remove it");
    }
    if (key == "service" || key == "replication") {
      return fail(ErrorCode::kInvalidArgument, "'{}' cannot be used here; write host, port, dbname and user",
                  key);
    }
    const std::vector<std::string>& known = known_keys();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return fail(ErrorCode::kInvalidArgument, "unknown key '{}'; {}", key,
                  suggest(key, known, "known keys"));
    }
  }
  return {};
}

}  // namespace

Result<Conninfo> parse_conninfo(std::string_view text) {
  if (text.starts_with("postgres://") || text.starts_with("postgresql://")) {
    return fail(ErrorCode::kInvalidArgument, "is a URI; write it as host=... port=... dbname=... user=...");
  }
  return Parser(text).parse();
}

std::string format_conninfo(const Conninfo& conninfo) {
  std::string text;
  for (const auto& [key, value] : conninfo) {
    if (!text.empty()) text += ' ';
    text += key + '=';
    const bool plain = !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
      return is_space(c) || c == '\'' || c == '\\';
    });
    if (plain) {
      text += value;
      continue;
    }
    text += '\'';
    for (const char c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += '\'';
  }
  return text;
}

Status check_conninfo(std::string_view text) {
  const Result<Conninfo> parsed = parse_conninfo(text);
  if (!parsed) return tl::unexpected(parsed.error());
  if (Status keys = check_keys(*parsed); !keys) return keys;
  const auto host = parsed->find("host");
  if (host == parsed->end() || host->second.empty()) {
    return fail(ErrorCode::kInvalidArgument, "has no host; add host=");
  }
  if (host->second.find(',') != std::string::npos) {
    return fail(ErrorCode::kInvalidArgument,
                "names several hosts; each server of the topology is exactly one, write one entry per host");
  }
  const auto port = parsed->find("port");
  if (port != parsed->end() && !parse_host_port("h:" + port->second)) {
    return fail(ErrorCode::kInvalidArgument, "port must be a number from 1 to 65535");
  }
  return {};
}

Result<std::string> conninfo_for_new_primary(std::string_view conninfo, std::string_view new_primary) {
  auto mine = parse_conninfo(conninfo);
  if (!mine) return wrap("the saved primary_conninfo", mine.error());
  const auto theirs = parse_conninfo(new_primary);
  if (!theirs) return wrap("the new primary's conninfo", theirs.error());
  if (!theirs->contains("host") && !theirs->contains("hostaddr")) {
    return fail(ErrorCode::kInvalidArgument, "the new primary's conninfo names no host");
  }
  for (const char* key : {"host", "hostaddr", "port"}) {
    mine->erase(key);
    if (const auto found = theirs->find(key); found != theirs->end()) (*mine)[key] = found->second;
  }
  return format_conninfo(*mine);
}

}  // namespace farshore
