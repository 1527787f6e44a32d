// How well the file tiers of this vantage's region follow their source. Source:
// exporter/watch/file_watcher.h.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_files_marker_readable", MetricType::Gauge, "cluster tier region vantage",
     "the marker of the sync",
     "1 if the marker was read and is well-formed, 0 if not. Only from the vantage in the tier's own region. "
     "Absent before the first reading."},
    {"farshore_files_failure", MetricType::Gauge, "cluster tier region vantage class",
     "the marker of the sync",
     "Always 1; the label is what is wrong, no series when nothing is. missing, unreadable, malformed and "
     "timeout are about the marker itself; the others are what the newest sync says of its failure."},
    {"farshore_files_failed_syncs", MetricType::Gauge, "cluster tier region vantage",
     "the marker of the sync", "Syncs that failed since the last good one."},
    {"farshore_files_last_attempt_timestamp_seconds", MetricType::Gauge, "cluster tier region vantage",
     "the marker of the sync", "When the newest sync ended, good or not."},
    {"farshore_files_last_success_timestamp_seconds", MetricType::Gauge, "cluster tier region vantage",
     "the marker of the sync", "When the last good sync ended. Absent before the first."},
    {"farshore_files_source_timestamp_seconds", MetricType::Gauge, "cluster tier region vantage",
     "the marker of the sync",
     "When the last good sync began to read the source: everything that was there then is here."},
    {"farshore_files_age_seconds", MetricType::Gauge, "cluster tier region vantage", "the marker of the sync",
     "Now minus farshore_files_source_timestamp_seconds, by this host's clock: what would be lost with the "
     "source."},
    {"farshore_files_sync_lag_seconds", MetricType::Gauge, "cluster tier region vantage",
     "the marker of the sync",
     "From the moment the last good sync began to read the source until it was whole here."},
    {"farshore_files_files", MetricType::Gauge, "cluster tier region vantage", "the marker of the sync",
     "Regular files of the last good sync."},
    {"farshore_files_size_bytes", MetricType::Gauge, "cluster tier region vantage", "the marker of the sync",
     "Their size together."},
};

// The families of kMetrics, in its order.
class Families {
 public:
  Families() {
    for (const Metric& metric : kMetrics) families_.emplace_back(metric);
  }
  void add(size_t metric, double value, const FamilyBuilder::Labels& labels) {
    families_[metric].add(value, labels);
  }
  MetricFamilies take() {
    MetricFamilies result;
    for (FamilyBuilder& family : families_) family.append_to(result);
    return result;
  }

 private:
  std::vector<FamilyBuilder> families_;
};

double unix_seconds(WallTime time) { return to_seconds(time.time_since_epoch()); }

FamilyBuilder::Labels with_class(FamilyBuilder::Labels labels, std::string_view name) {
  labels.emplace_back("class", name);
  return labels;
}

void add_marker(const FileMarker& marker, const ExporterView& view, const FamilyBuilder::Labels& labels,
                Families& families) {
  if (!marker.failure.empty()) families.add(1, 1, with_class(labels, marker.failure));
  families.add(2, static_cast<double>(marker.failed_syncs), labels);
  families.add(3, unix_seconds(marker.attempt_time), labels);
  if (!marker.good) return;
  families.add(4, unix_seconds(marker.good->finished_time), labels);
  families.add(5, unix_seconds(marker.good->source_time), labels);
  families.add(6, to_seconds(view.watch.wall_now - marker.good->source_time), labels);
  families.add(7, to_seconds(marker.good->finished_time - marker.good->source_time), labels);
  families.add(8, static_cast<double>(marker.good->files), labels);
  families.add(9, static_cast<double>(marker.good->bytes), labels);
}

MetricFamilies collect(const ExporterView& view) {
  Families families;
  if (!view.watch.files) return {};
  for (const FileTierObservation& seen : *view.watch.files) {
    if (!view.watch.is_current(seen.finished)) continue;
    const FamilyBuilder::Labels labels = {
        {"cluster", seen.cluster}, {"tier", seen.tier}, {"region", seen.region}, {"vantage", view.vantage}};
    const MarkerReading& reading = seen.reading;
    families.add(0, reading.failure == MarkerFailure::kNone ? 1 : 0, labels);
    if (reading.failure == MarkerFailure::kNone)
      add_marker(reading.marker, view, labels, families);
    else
      families.add(1, 1, with_class(labels, to_string(reading.failure)));
  }
  return families.take();
}

}  // namespace

const Collector kFileTierCollector{"file_tier", kMetrics, collect};

}  // namespace farshore
