// A fault of a configuration file: where it is, what is wrong, what to do about it. Readers collect all
// faults of a file in one pass, so that a person mends it once. Plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace farshore {

struct ConfigFault {
  int line = 0;    // 1-based; 0 when the fault has no place
  int column = 0;  // 1-based
  std::string message;
  std::string remedy;
};

// "farshore.yml:12:5: unknown key 'regoin' in server; did you mean 'region'?", one line each, in the order
// of the file.
std::string format_faults(const std::string& source, const std::vector<ConfigFault>& faults);

// "did you mean 'region'?" when one of the choices is close to the word, else "<otherwise>: a, b, c".
std::string suggest(std::string_view word, const std::vector<std::string>& choices,
                    std::string_view otherwise);

}  // namespace farshore
