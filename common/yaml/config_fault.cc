#include "common/yaml/config_fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace farshore {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string format_faults(const std::string& source, const std::vector<ConfigFault>& faults) {
  std::vector<const ConfigFault*> sorted;
  for (const ConfigFault& fault : faults) sorted.push_back(&fault);
  // The address breaks ties, so that faults of one place stay in the order they were found.
  std::sort(sorted.begin(), sorted.end(), [](const ConfigFault* a, const ConfigFault* b) {
    return std::tie(a->line, a->column, a) < std::tie(b->line, b->column, b);
  });
  std::string text;
  for (const ConfigFault* fault : sorted) {
    if (!text.empty()) text += '\n';
    text += fault->line > 0 ? fmt::format("{}:{}:{}: {}", source, fault->line, fault->column, fault->message)
                            : fmt::format("{}: {}", source, fault->message);
    if (!fault->remedy.empty()) text += "; " + fault->remedy;
  }
  return text;
}

std::string suggest(std::string_view word, const std::vector<std::string>& choices,
                    std::string_view otherwise) {
  constexpr size_t kLongestWord = 64;  // the distance is quadratic, and nobody mistypes more than this
  const std::string* best = nullptr;
  size_t best_distance = word.size() <= 3 ? 2 : 3;
  for (const std::string& choice : choices) {
    if (word.size() > kLongestWord || choice.size() > kLongestWord) continue;
    // `api_key` for `api_key_file` is far in edits and near in meaning.
    const bool extends = word.size() >= 3 && (choice.starts_with(word) || word.starts_with(choice));
    const size_t distance = extends ? 1 : edit_distance(word, choice);
    if (distance < best_distance) {
      best = &choice;
      best_distance = distance;
    }
  }
  if (best != nullptr) return fmt::format("did you mean '{}'?", *best);
  return choices.empty() ? std::string() : fmt::format("{}: {}", otherwise, fmt::join(choices, ", "));
}

}  // namespace farshore
