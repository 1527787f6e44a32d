// A position in PostgreSQL's write-ahead log. Source: the pg_lsn type, "X/Y" in hexadecimal.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

class Lsn {
 public:
  constexpr Lsn() = default;
  constexpr explicit Lsn(uint64_t bytes) : bytes_(bytes) {}

  static Result<Lsn> parse(std::string_view text);

  constexpr uint64_t bytes() const { return bytes_; }
  std::string to_string() const;

  friend constexpr auto operator<=>(Lsn, Lsn) = default;
  // Bytes from b to a; negative when a is before b.
  friend constexpr int64_t operator-(Lsn a, Lsn b) { return static_cast<int64_t>(a.bytes_ - b.bytes_); }

 private:
  uint64_t bytes_ = 0;
};

}  // namespace farshore
