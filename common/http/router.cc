#include "common/http/router.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace farshore {
namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  size_t start = 1;  // after the leading slash
  while (true) {
    const size_t end = path.find('/', start);
    segments.emplace_back(path.substr(start, end == std::string_view::npos ? end : end - start));
    if (end == std::string_view::npos) return segments;
    start = end + 1;
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

using Parameters = std::map<std::string, std::string>;

std::optional<Parameters> match_segments(const std::vector<std::string>& pattern,
                                         const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  Parameters parameters;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (!is_parameter(pattern[i])) {
      if (pattern[i] != path[i]) return std::nullopt;
    } else if (is_plain_name(path[i])) {
      parameters[pattern[i].substr(1, pattern[i].size() - 2)] = path[i];
    } else {
      return std::nullopt;
    }
  }
  return parameters;
}

std::string join(const std::set<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

bool is_plain_name(std::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

Result<Router> Router::build(std::vector<Route> routes) {
  Router router;
  std::set<std::pair<std::string, std::string>> seen;
  for (auto& route : routes) {
    if (route.path.empty() || route.path.front() != '/' || !route.handler || route.method.empty()) {
      return fail(ErrorCode::kInvalidArgument, "route '{} {}' needs a method, an absolute path and a handler",
                  route.method, route.path);
    }
    if (!seen.emplace(route.method, route.path).second) {
      return fail(ErrorCode::kInvalidArgument, "route '{} {}' is there twice", route.method, route.path);
    }
    auto segments = split_path(route.path);
    router.entries_.push_back({std::move(route), std::move(segments)});
  }
  // Words win over parameters, so that /runs/latest and /runs/{id} can stand side by side.
  std::ranges::stable_sort(router.entries_, {}, [](const Entry& entry) {
    return std::ranges::count_if(entry.segments, is_parameter);
  });
  return router;
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  if (path.empty() || path.front() != '/') return match;
  const auto segments = split_path(path);
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::set<std::string> allowed;
  for (const auto& entry : entries_) {
    auto parameters = match_segments(entry.segments, segments);
    if (!parameters) continue;
    allowed.insert(entry.route.method);
    if (entry.route.method == "GET") allowed.insert("HEAD");
    const bool answers = entry.route.method == wanted || (wanted == "OPTIONS" && entry.route.answers_options);
    if (match.route == nullptr && answers) {
      match.route = &entry.route;
      match.parameters = std::move(*parameters);
    }
  }
  if (!allowed.empty()) allowed.insert("OPTIONS");
  match.allow = join(allowed);
  return match;
}

bool Router::needs_authenticator() const {
  return std::ranges::any_of(entries_, [](const Entry& entry) { return !entry.route.roles.empty(); });
}

}  // namespace farshore
