// The observer itself: how old its picture is, and how many observers the topology knows of.
#include "exporter/collectors/collector.h"

namespace farshore {

MetricFamilies collect_vantage(const ExporterView& view) {
  MetricFamilies families;
  FamilyBuilder(
      "farshore_snapshot_age_seconds",
      "Age of the newest snapshot by the boot-time clock, which goes on while the host is suspended. When it "
      "passes three intervals and a timeout, every series about servers is dropped.")
      .add(to_seconds(view.snapshot_age), {{"vantage", view.vantage}})
      .append_to(families);
  FamilyBuilder("farshore_vantages_expected",
                "Vantages in the topology file: the denominator of the quorum, whoever can be seen.")
      .add(static_cast<double>(view.vantages_expected))
      .append_to(families);
  FamilyBuilder("farshore_vantages_quorum", "Vantages that must agree, from the topology file.")
      .add(view.vantages_quorum)
      .append_to(families);
  return families;
}

}  // namespace farshore
