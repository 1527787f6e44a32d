#include "exporter/collectors/collector.h"

namespace farshore {

const Collector kProcessCollector{"process", kProcessMetrics,
                                  [](const ExporterView& view) { return process_families(view.process); }};

}  // namespace farshore
