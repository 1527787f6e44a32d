#include "common/base/version.h"
#include "exporter/collectors/collector.h"

namespace farshore {

MetricFamilies collect_build_info(const ExporterView&) {
  MetricFamilies families;
  FamilyBuilder("farshore_exporter_build_info", "Always 1; the labels say which build this is.")
      .add(1, {{"version", std::string(kVersion)}, {"revision", std::string(kRevision)}})
      .append_to(families);
  return families;
}

}  // namespace farshore
