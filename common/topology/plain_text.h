// Text of a topology that ends up in an argument of another program: narrow enough that no shell, no option
// parser and no expansion of that program can take it for anything else. Errors: kInvalidArgument, whose
// message says what to write.
#pragma once

#include <string_view>

#include "common/base/result.h"

namespace farshore {

// An absolute path of letters, digits and "/._+@-", without ".." and without a part that begins with '-'.
Status check_plain_path(std::string_view text);
// As useradd(8) takes it: [a-z_][a-z0-9_-]*, at most 32.
Status check_login_name(std::string_view text);
// A systemd service: letters, digits and ":_.@-" before ".service" (systemd.unit(5)); no escapes.
Status check_unit_name(std::string_view text);

}  // namespace farshore
