// What holds of the error of any configuration file, whatever the file holds.
#pragma once

#include <cctype>

#include "common/base/result.h"
#include "tests/fuzz/fuzz.h"

namespace farshore::fuzz {

inline size_t take_number(std::string_view& text) {
  size_t number = 0, digits = 0;
  for (; digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])) != 0; ++digits)
    number = number * 10 + static_cast<size_t>(text[digits] - '0');
  text.remove_prefix(digits);
  return digits == 0 ? 0 : number;
}

// "name:line:column: message": the place is one that an editor can open. An empty file and one that is too
// large have no place, only the name.
inline void require_places(const Error& error, std::string_view source, std::string_view input) {
  require(error.code == ErrorCode::kInvalidArgument, "a wrong file is an invalid argument", error.message);
  std::string_view rest = error.message;
  require(rest.starts_with(source), "an error names the file", error.message);
  rest.remove_prefix(source.size());
  require(rest.starts_with(":"), "a colon follows the file's name", error.message);
  rest.remove_prefix(1);
  size_t lines = 1;
  for (const char c : input) lines += c == '\n' || c == '\r' ? 1 : 0;
  if (rest.starts_with(" ")) return;
  const size_t line = take_number(rest);
  require(line >= 1 && line <= lines, "the line is one of the file", error.message);
  require(rest.starts_with(":"), "a column follows the line", error.message);
  rest.remove_prefix(1);
  require(take_number(rest) >= 1, "the column is at least 1", error.message);
  require(rest.starts_with(": "), "the message follows the place", error.message);
}

}  // namespace farshore::fuzz
