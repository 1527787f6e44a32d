// A WAL position is read exactly as PostgreSQL reads it (pg_lsn_in), and printed so that it reads back.
#include "common/base/lsn.h"

#include "tests/fuzz/fuzz.h"

namespace {

constexpr std::string_view kHex = "0123456789abcdefABCDEF";

size_t hex_digits(std::string_view text) {
  const size_t end = text.find_first_not_of(kHex);
  return end == std::string_view::npos ? text.size() : end;
}

// The rule of pg_lsn_in_internal: 1 to 8 digits, a slash, 1 to 8 digits, nothing else.
bool postgres_accepts(std::string_view text) {
  const size_t high = hex_digits(text);
  if (high < 1 || high > 8 || high >= text.size() || text[high] != '/') return false;
  const std::string_view rest = text.substr(high + 1);
  const size_t low = hex_digits(rest);
  return low >= 1 && low <= 8 && low == rest.size();
}

uint64_t value_of(std::string_view digits) { return std::stoull(std::string(digits), nullptr, 16); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using farshore::Lsn;
  using farshore::fuzz::require;
  const std::string_view text = farshore::fuzz::text_of(data, size);
  const auto lsn = Lsn::parse(text);
  require(lsn.has_value() == postgres_accepts(text), "Lsn takes what PostgreSQL takes", text);
  if (!lsn) return 0;
  const size_t slash = text.find('/');
  require(lsn->bytes() == (value_of(text.substr(0, slash)) << 32 | value_of(text.substr(slash + 1))),
          "the position is the one that was written", text);
  const auto again = Lsn::parse(lsn->to_string());
  require(again.has_value() && *again == *lsn, "a printed position reads back", lsn->to_string());
  require(*again - *lsn == 0 && Lsn(0) <= *lsn, "a position is equal to itself and not before the start");
  return 0;
}
