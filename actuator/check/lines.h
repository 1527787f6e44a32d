// Making lines, for the checks of this folder.
#pragma once

#include <string>
#include <vector>

#include "actuator/check/live_check.h"

namespace farshore {

class Lines {
 public:
  explicit Lines(std::string subject) : subject_(std::move(subject)) {}
  void ok(std::string text) { lines_.push_back({CheckState::kOk, subject_, std::move(text), ""}); }
  void warn(std::string text, std::string remedy) {
    lines_.push_back({CheckState::kWarn, subject_, std::move(text), std::move(remedy)});
  }
  void fail(std::string text, std::string remedy) {
    lines_.push_back({CheckState::kFail, subject_, std::move(text), std::move(remedy)});
  }
  std::vector<CheckLine> take() { return std::move(lines_); }

 private:
  const std::string subject_;
  std::vector<CheckLine> lines_;
};

}  // namespace farshore
