// What a browser sends: the fields of a form (application/x-www-form-urlencoded, WHATWG URL section 5) and
// cookies (RFC 6265 section 4.2). Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

using Fields = std::map<std::string, std::string>;

// kInvalidArgument for a broken escape, a field named twice or more than 20 fields.
Result<Fields> parse_form(std::string_view body);

// The value of the field; empty when it is not there.
std::string field(const Fields& fields, const std::string& name);

std::optional<std::string> find_cookie(std::string_view header, std::string_view name);

}  // namespace farshore
