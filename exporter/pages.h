// What the exporter serves, as text. Pure.
#pragma once

#include <string>

#include "exporter/view.h"

namespace farshore {

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

std::string render_metrics(const ExporterView& view);
std::string render_landing_page(const ExporterView& view, const std::string& telemetry_path);  // HTML

}  // namespace farshore
