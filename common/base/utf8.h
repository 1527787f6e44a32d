// Hostile text made safe to store and to print. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace farshore {

// True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF).
bool is_valid_utf8(std::string_view text);

// The text with every ill-formed byte replaced by U+FFFD. Well-formed text comes back unchanged.
std::string to_valid_utf8(std::string_view text);

// Appends what stands between the quotes of a JSON string: control characters (C0, DEL and C1, which a
// terminal would obey) as escapes, ill-formed bytes as U+FFFD. The result never holds a line break.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace farshore
