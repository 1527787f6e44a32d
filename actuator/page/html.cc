#include "actuator/page/html.h"

#include "common/base/utf8.h"

namespace farshore {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// How many bytes at `at` make a character that must not be shown as it is; 0 = none. `text` is well formed.
size_t hidden_character(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  if ((byte(0) < 0x20 && byte(0) != '\n' && byte(0) != '\t') || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xC2 && byte(1) < 0xA0) return 2;   // C1
  if (byte(0) == 0xD8 && byte(1) == 0x9C) return 2;  // U+061C
  if (byte(0) != 0xE2) return 0;
  const bool marks = byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F);    // U+200E, U+200F
  const bool overrides = byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE;  // U+202A to U+202E
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;   // U+2066 to U+2069
  return marks || overrides || isolates ? 3 : 0;
}

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return "";
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  std::string out;
  out.reserve(valid.size());
  for (size_t i = 0; i < valid.size();) {
    if (const size_t hidden = hidden_character(valid, i); hidden > 0) {
      out += kReplacement;
      i += hidden;
      continue;
    }
    if (const std::string_view escaped = entity(valid[i]); !escaped.empty())
      out += escaped;
    else
      out += valid[i];
    ++i;
  }
  return out;
}

void Html::put(std::string_view pattern, std::span<const std::string> parts) {
  size_t next = 0;
  for (const std::string& part : parts) {
    const size_t place = pattern.find("{}", next);
    text_ += pattern.substr(next, place - next);
    text_ += part;
    next = place + 2;
  }
  text_ += pattern.substr(next);
}

}  // namespace farshore
