// Whether a text is base64 (RFC 4648, section 4) in the one way an encoder writes it: padded, no line ends,
// and the bits that belong to no byte are 0 (section 3.5). What is taken here everybody decodes, and alike.
// Pure.
#pragma once

#include <string_view>

namespace farshore {

// Not the empty text.
bool is_base64(std::string_view text);

}  // namespace farshore
