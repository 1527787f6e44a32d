// /probe?target=&module=: the series of one thing of the topology, in the manner of the multi-target
// exporters of Prometheus. Only what is configured can be a target, so nobody can point it at something else.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "exporter/view.h"

namespace farshore {

// `query` is what follows the question mark. The answer is from the newest look, at once: no request makes a
// look happen. Errors: kInvalidArgument (a target that is not configured, an unknown module or key).
Result<std::string> render_probe(const ExporterView& view, std::string_view query);

}  // namespace farshore
