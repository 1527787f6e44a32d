#include "common/base/utf8.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace farshore {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

uint8_t byte_at(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

// How long the sequence opened by `lead` is, and the range its second byte must lie in (RFC 3629 section 4).
struct SequenceForm {
  size_t length = 0;
  uint8_t second_low = 0x80;
  uint8_t second_high = 0xBF;
};

SequenceForm form_of(uint8_t lead) {
  if (lead < 0x80) return {.length = 1};
  if (lead < 0xC2) return {};
  if (lead < 0xE0) return {.length = 2};
  if (lead == 0xE0) return {.length = 3, .second_low = 0xA0};
  if (lead == 0xED) return {.length = 3, .second_high = 0x9F};
  if (lead < 0xF0) return {.length = 3};
  if (lead == 0xF0) return {.length = 4, .second_low = 0x90};
  if (lead < 0xF4) return {.length = 4};
  if (lead == 0xF4) return {.length = 4, .second_high = 0x8F};
  return {};
}

// Length of the well-formed sequence at `at`, or 0.
size_t sequence_length(std::string_view text, size_t at) {
  const SequenceForm form = form_of(byte_at(text, at));
  if (form.length < 2) return form.length;
  if (text.size() - at < form.length) return 0;
  const uint8_t second = byte_at(text, at + 1);
  if (second < form.second_low || second > form.second_high) return 0;
  for (size_t i = 2; i < form.length; ++i)
    if ((byte_at(text, at + i) & 0xC0) != 0x80) return 0;
  return form.length;
}

void append_ascii_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto code = static_cast<uint8_t>(c);
  if (code < 0x20 || code == 0x7F)
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
  else
    out += c;
}

// U+0080..U+009F (C1 controls) and U+2028, U+2029 (line breaks to some readers).
bool must_escape(std::string_view sequence) {
  if (sequence.size() == 2) return byte_at(sequence, 0) == 0xC2 && byte_at(sequence, 1) < 0xA0;
  return sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9";
}

uint32_t code_point(std::string_view sequence) {
  uint32_t value = byte_at(sequence, 0) & (sequence.size() == 2 ? 0x1F : 0x0F);
  for (size_t i = 1; i < sequence.size(); ++i) value = (value << 6) | (byte_at(sequence, i) & 0x3F);
  return value;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence_length(text, at);
    out += length == 0 ? kReplacement : text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

void append_json_escaped(std::string& out, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence_length(text, at);
    const std::string_view sequence = text.substr(at, length);
    if (length == 0)
      out += kReplacement;
    else if (length == 1)
      append_ascii_escaped(out, sequence[0]);
    else if (must_escape(sequence))
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code_point(sequence));
    else
      out += sequence;
    at += length == 0 ? 1 : length;
  }
}

}  // namespace farshore
