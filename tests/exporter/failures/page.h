// One scrape, read as a whole: what it claims of each server at one moment.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace farshore::test {

class Page {
 public:
  explicit Page(const std::string& text) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
      if (!line.empty() && line.front() != '#') lines_.push_back(line);
  }
  // Of the first series of that name whose labels hold all the parts; absent when there is none.
  std::optional<double> value(const std::string& name, const std::vector<std::string>& parts = {}) const {
    for (const std::string& line : lines_)
      if (is_of(line, name) && holds(line, parts)) return std::stod(line.substr(line.rfind(' ') + 1));
    return std::nullopt;
  }
  // Names of the series that hold the part.
  std::set<std::string> names_with(const std::string& part) const {
    std::set<std::string> names;
    for (const std::string& line : lines_)
      if (line.find(part) != std::string::npos) names.insert(line.substr(0, line.find_first_of("{ ")));
    return names;
  }
  // The values of `label` in the series of that name which hold `part` and are 1.
  std::set<std::string> set_to_one(const std::string& name, const std::string& label,
                                   const std::string& part) const {
    std::set<std::string> found;
    for (const std::string& line : lines_) {
      if (!is_of(line, name) || !holds(line, {part}) || !line.ends_with(" 1")) continue;
      const size_t begin = line.find(label + "=\"") + label.size() + 2;
      found.insert(line.substr(begin, line.find('"', begin) - begin));
    }
    return found;
  }

 private:
  static bool is_of(const std::string& line, const std::string& name) {
    return line.starts_with(name + "{") || line.starts_with(name + " ");
  }
  static bool holds(const std::string& line, const std::vector<std::string>& parts) {
    return std::ranges::all_of(parts,
                               [&](const std::string& part) { return line.find(part) != std::string::npos; });
  }
  std::vector<std::string> lines_;
};

}  // namespace farshore::test
