#include "actuator/page/form.h"

#include <algorithm>
#include <charconv>

namespace farshore {
namespace {

constexpr size_t kMostFields = 20;

Result<std::string> decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2)
      return fail(ErrorCode::kInvalidArgument, "the form has a broken escape");
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

// Takes what stands before the separator off the front.
std::string_view take(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace

Result<Fields> parse_form(std::string_view body) {
  Fields fields;
  while (!body.empty()) {
    std::string_view value = take(body, '&');
    if (value.empty()) continue;
    auto name = decode(take(value, '='));
    auto text = decode(value);
    if (!name) return tl::unexpected(name.error());
    if (!text) return tl::unexpected(text.error());
    if (!fields.emplace(std::move(*name), std::move(*text)).second)
      return fail(ErrorCode::kInvalidArgument, "the form names a field twice");
    if (fields.size() > kMostFields) return fail(ErrorCode::kInvalidArgument, "the form has too many fields");
  }
  return fields;
}

std::string field(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

std::optional<std::string> find_cookie(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    std::string_view value = take(header, ';');
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (take(value, '=') == name) return std::string(value);
  }
  return std::nullopt;
}

}  // namespace farshore
