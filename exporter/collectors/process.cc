// This process, under the names every client library of Prometheus uses.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

void add_gauge(MetricFamilies& families, const char* name, const char* help, std::optional<double> value) {
  if (value) FamilyBuilder(name, help).add(*value).append_to(families);
}

}  // namespace

MetricFamilies collect_process(const ExporterView& view) {
  const ProcessFacts& process = view.process;
  MetricFamilies families;
  if (process.cpu_seconds)
    FamilyBuilder("process_cpu_seconds_total", "User and system CPU time spent.",
                  prometheus::MetricType::Counter)
        .add(*process.cpu_seconds)
        .append_to(families);
  add_gauge(families, "process_start_time_seconds", "Start time since the Unix epoch.",
            process.start_time_seconds);
  add_gauge(families, "process_resident_memory_bytes", "Resident memory.", process.resident_bytes);
  add_gauge(families, "process_virtual_memory_bytes", "Virtual memory.", process.virtual_bytes);
  add_gauge(families, "process_open_fds", "Open file descriptors.", process.open_fds);
  add_gauge(families, "process_max_fds", "Limit of open file descriptors.", process.max_fds);
  add_gauge(families, "process_threads", "Threads.", process.threads);
  return families;
}

}  // namespace farshore
