#include "actuator/ctl/generate/text.h"

#include "common/yaml/units.h"

namespace farshore {
namespace {

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

}  // namespace

std::string prometheus_duration(nanoseconds duration) {
  const auto rounded = std::chrono::ceil<milliseconds>(duration);
  return format_duration(rounded < 1ms ? 1ms : rounded);
}

std::string yaml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string promql_literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(".+*?()[]{}|^$\\").find(c) != std::string_view::npos) out += "\\\\";
    out += c;
  }
  return out;
}

std::string sql_identifier(std::string_view name) { return doubled(name, '"'); }

std::string sql_literal(std::string_view text) { return doubled(text, '\''); }

std::string indented(std::string_view text, std::string_view prefix) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (text.front() != '\n') out += prefix;
    out += text.substr(0, end);
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace farshore
