// Text in columns for a terminal.
#pragma once

#include <string>
#include <vector>

namespace farshore {

// Columns as wide as their widest cell, two spaces between, the last one as long as it is; each line begins
// with `indent`. Control characters become '?': the text comes from elsewhere and must not steer a terminal.
std::string text_table(const std::vector<std::vector<std::string>>& rows, const std::string& indent = "");

std::string printable(const std::string& text);

}  // namespace farshore
