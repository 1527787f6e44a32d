// Internal to generate: how values are written in the files that others read.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace farshore {

// Prometheus and Alertmanager know nothing below a millisecond; rounded up, never to zero.
std::string prometheus_duration(nanoseconds duration);
// A double-quoted YAML scalar.
std::string yaml_quoted(std::string_view text);
// The text as a regular expression that matches only itself, as it stands inside a PromQL string.
std::string promql_literal(std::string_view text);
// An SQL identifier, always quoted, and an SQL string literal.
std::string sql_identifier(std::string_view name);
std::string sql_literal(std::string_view text);
// "every line of it" with `prefix` before each line that is not empty.
std::string indented(std::string_view text, std::string_view prefix);

}  // namespace farshore
