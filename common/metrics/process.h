// This very process, under the names that every client library of Prometheus uses. Source: proc(5).
#pragma once

#include <cstdint>
#include <optional>

#include "common/metrics/metric.h"

namespace farshore {

struct ProcessFacts {
  std::optional<double> cpu_seconds;
  std::optional<double> start_time_seconds;  // since 1970
  std::optional<int64_t> resident_bytes, virtual_bytes;
  std::optional<int64_t> open_fds, max_fds, threads;
};

// What cannot be read is absent. Thread-safe.
ProcessFacts read_process_facts();

inline constexpr Metric kProcessMetrics[] = {
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

MetricFamilies process_families(const ProcessFacts& process);

}  // namespace farshore
