#include "actuator/postgres/settings.h"

#include <algorithm>

#include "common/topology/conninfo.h"

namespace farshore {
namespace {

constexpr std::array kSecretKeys{"password", "sslpassword"};

}  // namespace

Result<std::string> sql_string(std::string_view text) {
  std::string quoted;
  bool escaped = false;
  for (const char c : text) {
    if (c == '\0' || c == '\n' || c == '\r')
      return fail(ErrorCode::kInvalidArgument, "a setting cannot hold a line break or a NUL");
    if (c == '\'' || c == '\\') quoted += c;
    if (c == '\\') escaped = true;
    quoted += c;
  }
  return (escaped ? " E'" : "'") + quoted + "'";
}

Result<std::string> alter_system(std::string_view name, std::string_view value) {
  if (std::ranges::find(kCutSettings, name) == kCutSettings.end())
    return fail(ErrorCode::kInvalidArgument, "'{}' is no setting that a failover changes", name);
  const Result<std::string> literal = sql_string(value);
  if (!literal) return wrap(name, literal.error());
  return fmt::format("ALTER SYSTEM SET {} = {}", name, *literal);
}

bool holds_password(const std::string& conninfo) {
  const Result<Conninfo> keys = parse_conninfo(conninfo);
  if (!keys) return conninfo.find("password") != std::string::npos;
  return std::ranges::any_of(kSecretKeys, [&](const char* key) { return keys->contains(key); });
}

std::string without_password(const std::string& conninfo) {
  if (!holds_password(conninfo)) return conninfo;
  Result<Conninfo> keys = parse_conninfo(conninfo);
  if (!keys) return "***";
  for (const char* key : kSecretKeys)
    if (keys->contains(key)) (*keys)[key] = "***";
  return format_conninfo(*keys);
}

}  // namespace farshore
