// A run of the journal as JSON, the same to everybody who is shown one: the API, and whoever is notified.
#pragma once

#include "actuator/journal/journal.h"
#include "common/json/json_writer.h"

namespace farshore {

// The fields of a run without its steps, into the object at hand. Times are RFC 3339; what is not known is
// null.
void write_run_fields(JsonWriter& writer, const RunRecord& run);

}  // namespace farshore
