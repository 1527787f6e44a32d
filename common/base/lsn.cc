#include "common/base/lsn.h"

#include <charconv>

namespace farshore {
namespace {

bool parse_half(std::string_view text, uint32_t& value) {
  if (text.empty() || text.size() > 8) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<Lsn> Lsn::parse(std::string_view text) {
  const size_t slash = text.find('/');
  uint32_t high = 0, low = 0;
  if (slash == std::string_view::npos || !parse_half(text.substr(0, slash), high) ||
      !parse_half(text.substr(slash + 1), low))
    return fail(ErrorCode::kInvalidArgument, "not a WAL position: '{:.40}' (expected X/Y in hexadecimal)",
                text);
  return Lsn((static_cast<uint64_t>(high) << 32) | low);
}

std::string Lsn::to_string() const {
  return fmt::format("{:X}/{:X}", static_cast<uint32_t>(bytes_ >> 32), static_cast<uint32_t>(bytes_));
}

}  // namespace farshore
