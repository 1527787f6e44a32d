// docs/metrics.md, made from what both programs declare; the only place that sees both.
#pragma once

#include <string>
#include <vector>

#include "common/metrics/metric.h"

namespace farshore {

std::vector<Metric> every_metric();  // of both programs, the process metrics once
std::string metrics_reference();     // Markdown, the whole file

}  // namespace farshore
