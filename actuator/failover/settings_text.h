// Saved settings as one line of text for the journal, and back.
#pragma once

#include <string>

#include "actuator/postgres/postgres_server.h"
#include "common/base/result.h"

namespace farshore {

// One "name=value" per line; backslash and line feed in values are escaped.
std::string settings_to_text(const SavedSettings& settings);
Result<SavedSettings> settings_from_text(const std::string& text);

}  // namespace farshore
