// The server settings that a failover changes, and how their values are written into SQL. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

// What cut_streams and push_replay change and restore_settings puts back; nothing else is ever set from saved
// text.
inline constexpr std::array<std::string_view, 5> kCutSettings{
    "primary_conninfo", "restore_command", "recovery_min_apply_delay", "max_standby_streaming_delay",
    "max_standby_archive_delay"};

// A string literal, whatever the text holds and whatever standard_conforming_strings says. kInvalidArgument
// for a NUL or a line break, which ALTER SYSTEM refuses.
Result<std::string> sql_string(std::string_view text);

// "ALTER SYSTEM SET name = 'value'". kInvalidArgument for a name that is none of kCutSettings.
Result<std::string> alter_system(std::string_view name, std::string_view value);

// The connection string with every password replaced by "***"; unreadable ones are hidden as a whole.
std::string without_password(const std::string& conninfo);
bool holds_password(const std::string& conninfo);

}  // namespace farshore
