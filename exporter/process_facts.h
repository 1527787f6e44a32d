// What /proc says of this very process; the names follow the client-library conventions of Prometheus.
#pragma once

#include <cstdint>
#include <optional>

namespace farshore {

struct ProcessFacts {
  std::optional<double> cpu_seconds;
  std::optional<double> start_time_seconds;  // since 1970
  std::optional<int64_t> resident_bytes, virtual_bytes;
  std::optional<int64_t> open_fds, max_fds, threads;
};

// What cannot be read is absent. Thread-safe.
ProcessFacts read_process_facts();

}  // namespace farshore
