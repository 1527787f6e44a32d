// What every fuzzer needs: a claim that stops the run when it does not hold, and the input as text.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace farshore::fuzz {

// libFuzzer takes the abort for a crash, keeps the input and makes the test fail.
inline void require(bool holds, std::string_view claim, std::string_view shown = {}) {
  if (holds) return;
  fmt::print(stderr, "broken: {}\nshown: {}\n", claim, shown);
  std::abort();
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes what stands before the separator off the front.
inline std::string_view take(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

inline bool is_printable(std::string_view text) {
  for (const char c : text)
    if (c < 0x20 || c > 0x7e) return false;
  return true;
}

}  // namespace farshore::fuzz
