// Builds HTML so that text can never become markup: what is not a literal known to the compiler is escaped.
//
//   Html page;
//   page.add("<td><a href=\"/runs/{}\">{}</a></td>", run.id, run.reason);
//
// A pattern is checked while it is compiled: as many {} as arguments, inside a tag only within double quotes,
// in href, src and action only after a path has begun, never in style or an event handler. Not thread-safe.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace farshore {

// &, <, >, quotes as entities; ill-formed UTF-8, control characters and those that turn the direction of the
// text around (which could make one name look like another) as U+FFFD.
std::string escape_html(std::string_view text);

namespace markup {

// `before` ends with the attribute's =" and what of its value is already there.
constexpr bool may_stand_in_attribute(std::string_view before) {
  const size_t quote = before.rfind('"');
  const std::string_view value = before.substr(quote + 1);
  std::string_view name = before.substr(0, quote);
  if (!name.ends_with('=')) return false;
  name.remove_suffix(1);
  const size_t space = name.rfind(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view word = name.substr(space + 1);
  if (word == "style" || word.starts_with("on")) return false;
  const bool is_address = word == "href" || word == "src" || word == "action";
  return !is_address || value.starts_with('/') || value.starts_with('#');
}

// The number of {} in a pattern, or -1 when one stands where text must not.
constexpr int count_places(std::string_view pattern) {
  int places = 0;
  bool in_tag = false, in_quotes = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (!in_tag && c == '<') {
      if (pattern.substr(i).starts_with("<script") || pattern.substr(i).starts_with("<style")) return -1;
      in_tag = true;
    } else if (in_tag && c == '"') {
      in_quotes = !in_quotes;
    } else if (in_tag && !in_quotes && c == '>') {
      in_tag = false;
    } else if (pattern.substr(i).starts_with("{}")) {
      if (in_tag && (!in_quotes || !may_stand_in_attribute(pattern.substr(0, i)))) return -1;
      ++places;
    }
  }
  return in_tag ? -1 : places;
}

template <size_t Places>
struct Pattern {
  std::string_view text;
  template <size_t Size>
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is to be written as it is
  consteval Pattern(const char (&literal)[Size]) : text(literal, Size - 1) {
    if (count_places(text) != static_cast<int>(Places))
      throw "the {} of this pattern are not as many as its arguments, or one stands where text must not";
  }
};

// Only for what the compiler knows: style and script.
struct Literal {
  std::string_view text;
  template <size_t Size>
  // NOLINTNEXTLINE(google-explicit-constructor)
  consteval Literal(const char (&literal)[Size]) : text(literal, Size - 1) {}
};

}  // namespace markup

class Html {
 public:
  template <typename... Args>
  Html& add(std::type_identity_t<markup::Pattern<sizeof...(Args)>> pattern, const Args&... args) {
    const std::array<std::string, sizeof...(Args)> parts{rendered(args)...};
    put(pattern.text, parts);
    return *this;
  }
  Html& add(const Html& part) {
    text_ += part.text_;
    return *this;
  }
  Html& verbatim(markup::Literal literal) {
    text_ += literal.text;
    return *this;
  }

  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  static std::string rendered(const Html& part) { return part.text_; }
  static std::string rendered(std::string_view text) { return escape_html(text); }
  template <std::integral Number>
  static std::string rendered(Number number) {
    return std::to_string(number);
  }
  void put(std::string_view pattern, std::span<const std::string> parts);

  std::string text_;
};

}  // namespace farshore
