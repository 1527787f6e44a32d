#include "common/base/is_base64.h"

namespace farshore {

bool is_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string_view digits = text.substr(0, text.find_last_not_of('=') + 1);
  const size_t padding = text.size() - digits.size();
  if (text.size() % 4 != 0 || digits.empty() || padding > 2 ||
      digits.find_first_not_of(kDigits) != std::string_view::npos)
    return false;
  const size_t spare = (size_t{1} << (2 * padding)) - 1;
  return (kDigits.find(digits.back()) & spare) == 0;
}

}  // namespace farshore
