// PostgreSQL connection strings in their key=value form, read without libpq so that a topology can be
// checked by programs that never connect. Source: PostgreSQL 15 documentation, 34.1.1.1.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

using Conninfo = std::map<std::string, std::string>;

// Errors: kInvalidArgument, with a message that never repeats a value (it may be a password).
Result<Conninfo> parse_conninfo(std::string_view text);

// Quoted where needed; parse_conninfo of it gives the same map.
std::string format_conninfo(const Conninfo& conninfo);

// What the topology demands: known keys, exactly one host, no password, nothing that makes libpq look
// elsewhere or refuse a standby.
Status check_conninfo(std::string_view text);

// `conninfo` with host, hostaddr and port those of `new_primary`; everything else as it was.
Result<std::string> conninfo_for_new_primary(std::string_view conninfo, std::string_view new_primary);

}  // namespace farshore
