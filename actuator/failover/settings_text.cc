#include "actuator/failover/settings_text.h"

namespace farshore {

std::string settings_to_text(const SavedSettings& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += name + "=";
    for (const char c : value) {
      if (c == '\\')
        text += "\\\\";
      else if (c == '\n')
        text += "\\n";
      else
        text += c;
    }
    text += '\n';
  }
  return text;
}

Result<SavedSettings> settings_from_text(const std::string& text) {
  SavedSettings settings;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin), equals = text.find('=', begin);
    if (end == std::string::npos || equals == std::string::npos || equals > end)
      return fail(ErrorCode::kCorrupt, "saved settings are damaged at byte {}", begin);
    std::string value;
    for (size_t i = equals + 1; i < end; ++i) {
      if (text[i] != '\\') {
        value += text[i];
      } else if (i + 1 < end && (text[i + 1] == 'n' || text[i + 1] == '\\')) {
        value += text[++i] == 'n' ? '\n' : '\\';
      } else {
        return fail(ErrorCode::kCorrupt, "saved settings are damaged at byte {}", i);
      }
    }
    settings[text.substr(begin, equals - begin)] = std::move(value);
    begin = end + 1;
  }
  return settings;
}

}  // namespace farshore
