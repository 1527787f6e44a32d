// This process, under the names every client library of Prometheus uses.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"process_cpu_seconds_total", MetricType::Counter, "", "/proc/self/stat",
     "User and system CPU time spent."},
    {"process_start_time_seconds", MetricType::Gauge, "", "/proc/self/stat",
     "Start time since the Unix epoch."},
    {"process_resident_memory_bytes", MetricType::Gauge, "", "/proc/self/stat", "Resident memory."},
    {"process_virtual_memory_bytes", MetricType::Gauge, "", "/proc/self/stat", "Virtual memory."},
    {"process_open_fds", MetricType::Gauge, "", "/proc/self/fd", "Open file descriptors."},
    {"process_max_fds", MetricType::Gauge, "", "getrlimit(2)", "Limit of open file descriptors."},
    {"process_threads", MetricType::Gauge, "", "/proc/self/stat", "Threads."},
};

MetricFamilies collect(const ExporterView& view) {
  const ProcessFacts& process = view.process;
  const std::optional<double> values[] = {process.cpu_seconds,    process.start_time_seconds,
                                          process.resident_bytes, process.virtual_bytes,
                                          process.open_fds,       process.max_fds,
                                          process.threads};
  MetricFamilies families;
  for (size_t i = 0; i < std::size(kMetrics); ++i)
    if (values[i]) FamilyBuilder(kMetrics[i]).add(*values[i]).append_to(families);
  return families;
}

}  // namespace

const Collector kProcessCollector{"process", kMetrics, collect};

}  // namespace farshore
