// Base64 (RFC 4648, section 4), strict: as is_base64() says. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

// kInvalidArgument when it is none, also for the empty text.
Result<std::string> decode_base64(std::string_view text);

}  // namespace farshore
