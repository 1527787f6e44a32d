#include "common/postgres/synchronous_standbys.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace farshore {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

bool is_word(char c) {
  // As in syncrep_scanner.l: letters, digits, "_", "$" and everything beyond ASCII.
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Words, quoted words (with their opening quote, so that "any" is no keyword), and "(", ")", ",", "*"; absent
// when a quote is not closed or a character belongs to none.
std::optional<std::vector<std::string>> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    size_t end = at + 1;
    if (kBlanks.find(c) != std::string_view::npos) {
      at = end;
      continue;
    }
    if (c == '"') {
      // Two quotes stand for one.
      while (end < text.size() && (text[end] != '"' || text.substr(end, 2) == "\"\""))
        end += text[end] == '"' ? 2 : 1;
      if (end >= text.size()) return std::nullopt;
      tokens.emplace_back(text.substr(at, end - at));
      at = end + 1;
      continue;
    }
    if (is_word(c))
      while (end < text.size() && is_word(text[end])) ++end;
    else if (std::string_view("(),*").find(c) == std::string_view::npos)
      return std::nullopt;
    tokens.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

bool is_name(const std::string& token) {
  return token == "*" || token.front() == '"' || is_word(token.front());
}

bool is_keyword(const std::string& token, std::string_view keyword) {
  return std::ranges::equal(token, keyword, [](char a, char b) { return (a | 0x20) == b; });
}

std::optional<int64_t> positive_number(const std::string& token) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size() || value <= 0) return std::nullopt;
  return value;
}

// "name, name, ..." from `first` on, before `last`.
bool is_list(const std::vector<std::string>& tokens, size_t first, size_t last) {
  if (first >= last || (last - first) % 2 == 0) return false;
  for (size_t i = first; i < last; ++i)
    if ((i - first) % 2 == 0 ? !is_name(tokens[i]) : tokens[i] != ",") return false;
  return true;
}

}  // namespace

std::optional<int64_t> synchronous_standbys(std::string_view names) {
  const auto tokens = tokens_of(names);
  if (!tokens) return std::nullopt;
  if (tokens->empty()) return 0;
  if (tokens->back() != ")")
    return is_list(*tokens, 0, tokens->size()) ? std::optional<int64_t>(1) : std::nullopt;
  const size_t number = is_keyword(tokens->front(), "first") || is_keyword(tokens->front(), "any") ? 1 : 0;
  if (tokens->size() < number + 4 || (*tokens)[number + 1] != "(") return std::nullopt;
  if (!is_list(*tokens, number + 2, tokens->size() - 1)) return std::nullopt;
  return positive_number((*tokens)[number]);
}

}  // namespace farshore
